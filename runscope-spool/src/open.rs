//! Opening a spool: finding what is there, whatever is there.

use crate::name::{self, Kind};
use crate::options::Options;
use crate::recover::Files;
use crate::spool::{Lost, Spool};
use crate::storage::Storage;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::SystemTime;

/// What was found when a spool was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Records that are not acknowledged.
    pub records: u64,
    /// Records that are known to be missing. How many were in a file without a readable header is
    /// not known.
    pub missing: u64,
    /// Damaged files. What is whole in them is kept.
    pub damaged: u64,
    /// Files that are no spool's, though they are called so.
    pub foreign: u64,
    /// Files of a later format.
    pub newer: u64,
    /// Files that could not be read; they stay, and are tried again at the next opening.
    pub unreadable: u64,
}

impl<S: Storage> Spool<S> {
    /// Opens the spool of a storage and makes this process its owner.
    ///
    /// Files that can't be used never keep it from being opened: they are set aside, and counted in
    /// what was [`Recovered`].
    ///
    /// # Errors
    ///
    /// When another process has it ([`WouldBlock`](io::ErrorKind::WouldBlock)), or the directory
    /// can't be read or written.
    pub fn open(
        mut storage: S,
        options: Options,
        now: SystemTime,
    ) -> io::Result<(Self, Recovered)> {
        storage.lock()?;
        // What a killed process did to the directory counts from now on. A segment that it removed
        // must not come back without its acknowledgements, which are removed below.
        storage.sync_directory()?;
        let (mut logs, mut acks) = (BTreeMap::new(), BTreeMap::new());
        let mut next_sequence = 1;
        for (name, length) in storage.list()? {
            let Some((sequence, kind)) = name::parse(&name) else {
                continue;
            };
            next_sequence = next_sequence.max(sequence.saturating_add(1));
            match kind {
                Kind::Log => logs.insert(sequence, length),
                Kind::Acks => acks.insert(sequence, length),
                Kind::Aside => None,
            };
        }
        let mut spool = Self {
            storage,
            options,
            segments: VecDeque::with_capacity(logs.len()),
            is_open: false,
            next_sequence,
            session: random(),
            keys: Vec::new(),
            lost: Lost::default(),
            buffer: Vec::new(),
        };
        let mut recovered = Recovered::default();
        let mut last = None;
        for (&sequence, &log) in &logs {
            let acks = acks.get(&sequence).copied();
            let files = Files {
                sequence,
                log,
                acks,
            };
            spool.recover(files, &mut last, &mut recovered);
        }
        recovered.records = spool.len() as u64;
        for orphan in acks.keys().filter(|sequence| !logs.contains_key(sequence)) {
            let _ = spool.storage.unlink(&name::acks(*orphan));
        }
        // What was renamed and removed here does not have to be durable: it would be done again.
        spool.tidy(now)?;
        let _ = spool.prune_aside();
        Ok((spool, recovered))
    }
}

/// Random enough to tell one file from another: the keys come from the operating system.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(())
}
