//! Files that can't be used are kept for whoever wants to look at them, but not for ever.

use crate::name::{self, Kind};
use crate::spool::Spool;
use crate::storage::Storage;
use std::io;

/// Why a file is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Damaged,
    Foreign,
    Newer,
}

/// No more files than this are kept aside.
const MOST_FILES: usize = 8;

impl<S: Storage> Spool<S> {
    /// Gives the records' file of a segment a name by which it is not read again.
    pub(crate) fn set_aside(&self, sequence: u64, reason: Reason) -> io::Result<()> {
        let log = name::log(sequence);
        let stem = log.trim_end_matches("log");
        let suffix = match reason {
            Reason::Damaged => "damaged",
            Reason::Foreign => "foreign",
            Reason::Newer => "newer",
        };
        self.storage.rename(&log, &format!("{stem}{suffix}"))
    }

    /// Removes the oldest files that were set aside, down to a number of them and an eighth of the
    /// spool's bytes.
    pub(crate) fn prune_aside(&self) -> io::Result<()> {
        let mut aside: Vec<_> = self
            .storage
            .list()?
            .into_iter()
            .filter(|(name, _)| matches!(name::parse(name), Some((_, Kind::Aside))))
            .collect();
        aside.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        let mut bytes = 0_u64;
        for (place, (name, length)) in aside.into_iter().enumerate() {
            bytes = bytes.saturating_add(length);
            if place >= MOST_FILES || bytes > self.options.max_bytes / 8 {
                self.storage.unlink(&name)?;
            }
        }
        Ok(())
    }
}
