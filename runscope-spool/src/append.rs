//! Taking records in.

use crate::frame::{ACK_ROOM, Frame, LONGEST, OVERHEAD, RECORD_OVERHEAD};
use crate::header::{self, Header, Holds};
use crate::name;
use crate::open::random;
use crate::options::Keep;
use crate::segment::{Entry, Segment, State};
use crate::spool::{Spool, milliseconds};
use crate::storage::Storage;
use crate::take::RecordId;
use std::io;
use std::time::SystemTime;

/// What became of the records of one [`append`](Spool::append).
#[derive(Debug)]
#[must_use = "what was not accepted is not in the spool"]
pub struct Appended {
    /// One for each record in its order: those that were accepted are durable and have an id;
    /// those without are the caller's still.
    pub ids: Vec<Option<RecordId>>,
    /// What the disk said, where that is why some were not accepted; without an error the spool was
    /// full.
    pub error: Option<io::Error>,
}

impl Appended {
    /// How many were accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.ids.iter().flatten().count()
    }
}

impl<S: Storage> Spool<S> {
    /// Appends records under a key. They count as handed out, to whoever appended them: give them
    /// back, and they are read.
    ///
    /// Those that were accepted are durable when this returns. A key is at most 1 KiB long.
    pub fn append<'a>(
        &mut self,
        key: &str,
        records: impl IntoIterator<Item = &'a [u8]>,
        now: SystemTime,
    ) -> Appended {
        let mut ids = Vec::new();
        let mut error = None;
        let mut pending = Pending::default();
        let index = match key.len() {
            0..=LONGEST_KEY => self.intern(key),
            _ => None,
        };
        for payload in records {
            ids.push(None);
            let Some(index) = index else { continue };
            if error.is_some() || !self.has_room(key, payload, &mut pending) {
                continue;
            }
            let queued = match self.segment_for(key, payload, &mut pending, &mut ids, now) {
                Ok(segment) => segment,
                Err(problem) => {
                    error = Some(problem);
                    continue;
                }
            };
            let place = ids.len().saturating_sub(1);
            pending.push(&queued, index, key, payload, place, now);
        }
        if error.is_none() {
            error = self.commit(&mut pending, &mut ids, now).err();
        }
        self.buffer = pending.into_buffer();
        Appended { ids, error }
    }

    /// Whether a record may come in, after the oldest went where the newest are kept.
    fn has_room(&mut self, key: &str, payload: &[u8], pending: &mut Pending) -> bool {
        let Some(frame) = frame_length(key, payload) else {
            return false;
        };
        // The most that can come with it: a new segment's two headers, and a seal.
        let beside = 2 * header::LENGTH + OVERHEAD + 5;
        let needed = (frame + ACK_ROOM + beside) as u64;
        if needed > self.options.max_bytes {
            return false;
        }
        loop {
            let used = self.bytes().saturating_add(pending.charge());
            if used.saturating_add(needed) <= self.options.max_bytes {
                return true;
            }
            if self.options.keep == Keep::Oldest || !self.evict_oldest(!pending.entries.is_empty())
            {
                return false;
            }
        }
    }

    /// The segment that a record goes into: the open one, or the next where it is full. What is
    /// pending for the open one is written before.
    fn segment_for(
        &mut self,
        key: &str,
        payload: &[u8],
        pending: &mut Pending,
        ids: &mut [Option<RecordId>],
        now: SystemTime,
    ) -> io::Result<Target> {
        let frame = frame_length(key, payload).unwrap_or(LONGEST) as u64;
        if let (true, Some(open)) = (self.is_open, self.segments.back()) {
            let target = pending.target_in(open);
            if target.offset.saturating_add(frame) <= self.options.segment_bytes
                || target.is_first(open)
            {
                return Ok(target);
            }
            self.commit(pending, ids, now)?;
            self.seal();
        }
        self.begin_segment()?;
        let open = self.segments.back();
        open.map(|open| pending.target_in(open))
            .ok_or_else(|| io::Error::other("there is no segment"))
    }

    /// Writes what is pending and makes it durable; only then it is in the spool.
    fn commit(
        &mut self,
        pending: &mut Pending,
        ids: &mut [Option<RecordId>],
        now: SystemTime,
    ) -> io::Result<()> {
        if pending.entries.is_empty() {
            return Ok(());
        }
        let Some(open) = self.segments.back_mut() else {
            return Ok(());
        };
        let storage = &self.storage;
        let written = open.log(storage).and_then(|log| {
            storage.append(log, &pending.buffer)?;
            storage.sync(log)
        });
        if let Err(error) = written {
            // What is at the end of the file is not known, nor whether it is durable: nothing more
            // is appended to it, and what may be there is cut off as well as can be. Should it stay,
            // it comes back after a restart and is sent a second time, under the same identifier.
            let length = open.length;
            if let Ok(log) = open.log(storage) {
                let cut = storage.truncate(log, length);
                let _ = cut.and_then(|()| storage.sync(log));
            }
            self.is_open = false;
            self.session = random();
            pending.clear();
            return Err(error);
        }
        open.length = open.length.saturating_add(pending.buffer.len() as u64);
        let sequence = open.sequence();
        for (entry, place) in pending.entries.drain(..) {
            if let Some(id) = ids.get_mut(place) {
                *id = Some(RecordId {
                    sequence,
                    number: entry.number,
                });
            }
            open.push(entry, milliseconds(now));
            open.handed += 1;
        }
        pending.clear();
        Ok(())
    }

    /// Ends the open segment, and says in it that it is complete.
    pub(crate) fn seal(&mut self) {
        let Some(open) = self.segments.back_mut() else {
            return;
        };
        self.is_open = false;
        let records = open.next_number();
        let salt = open.header.salt;
        self.buffer.clear();
        Frame::Seal { records }.encode(salt, &mut self.buffer);
        let (storage, buffer) = (&self.storage, &self.buffer);
        let sealed = open.log(storage).and_then(|log| {
            storage.append(log, buffer)?;
            storage.sync(log)
        });
        match sealed {
            Ok(()) => open.length = open.length.saturating_add(buffer.len() as u64),
            // It is whole all the same: that it is not sealed must not look like damage.
            Err(_) => self.session = random(),
        }
        // Files that are only read now and then are opened when they are.
        open.log = None;
        open.acks = None;
    }

    /// Makes the two files of a new segment, durable with their names.
    fn begin_segment(&mut self) -> io::Result<()> {
        let header = Header {
            salt: random(),
            session: self.session,
            sequence: self.next_sequence,
            holds: Holds::Records,
        };
        // A name is used once, also where its making failed.
        self.next_sequence = self.next_sequence.saturating_add(1);
        let made = self.make_files(header);
        let (log, acks) = match made {
            Ok(files) => files,
            Err(error) => {
                let _ = self.storage.unlink(&name::log(header.sequence));
                let _ = self.storage.unlink(&name::acks(header.sequence));
                return Err(error);
            }
        };
        let mut segment = Segment::new(header, header::LENGTH as u64);
        segment.log = Some(log);
        segment.acks = Some(acks);
        self.segments.push_back(segment);
        self.is_open = true;
        Ok(())
    }

    fn make_files(&self, header: Header) -> io::Result<(S::File, S::File)> {
        let storage = &self.storage;
        let make = |name: &str, header: Header| {
            let mut file = storage.create(name)?;
            storage.append(&mut file, &header.encode())?;
            storage.sync(&file)?;
            Ok::<_, io::Error>(file)
        };
        let log = make(&name::log(header.sequence), header)?;
        let acks = Header {
            holds: Holds::Acknowledgements,
            ..header
        };
        let acks = make(&name::acks(header.sequence), acks)?;
        storage.sync_directory()?;
        Ok((log, acks))
    }
}

const LONGEST_KEY: usize = 1024;

/// The length of a record's frame; `None` where it is too long for one.
fn frame_length(key: &str, payload: &[u8]) -> Option<usize> {
    let length = RECORD_OVERHEAD
        .checked_add(key.len())?
        .checked_add(payload.len())?;
    (length <= LONGEST).then_some(length)
}

/// Frames that wait to be written together.
#[derive(Default)]
struct Pending {
    buffer: Vec<u8>,
    /// Each with its place among the records of the call.
    entries: Vec<(Entry, usize)>,
}

/// Where the next frame goes.
struct Target {
    salt: u64,
    number: u32,
    offset: u64,
}

impl Target {
    fn is_first<F>(&self, open: &Segment<F>) -> bool {
        open.entries.is_empty() && self.number == 0
    }
}

impl Pending {
    fn charge(&self) -> u64 {
        let acks = self.entries.len().saturating_mul(ACK_ROOM);
        self.buffer.len().saturating_add(acks) as u64
    }

    fn target_in<F>(&self, open: &Segment<F>) -> Target {
        let number = self.entries.last().map_or_else(
            || open.next_number(),
            |(last, _)| last.number.saturating_add(1),
        );
        Target {
            salt: open.header.salt,
            number,
            offset: open.length.saturating_add(self.buffer.len() as u64),
        }
    }

    fn push(
        &mut self,
        target: &Target,
        key: u16,
        text: &str,
        payload: &[u8],
        place: usize,
        now: SystemTime,
    ) {
        let start = self.buffer.len();
        let frame = Frame::Record {
            number: target.number,
            time: milliseconds(now),
            key: text,
            payload,
        };
        frame.encode(target.salt, &mut self.buffer);
        let length = self.buffer.len().saturating_sub(start);
        let entry = Entry {
            number: target.number,
            offset: u32::try_from(target.offset).unwrap_or(u32::MAX),
            length: u32::try_from(length).unwrap_or(u32::MAX),
            key,
            state: State::Handed,
        };
        self.entries.push((entry, place));
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.entries.clear();
    }

    /// The buffer for the next time, unless a huge batch has grown it.
    fn into_buffer(mut self) -> Vec<u8> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER);
        self.buffer
    }
}

const KEPT_BUFFER: usize = 1 << 20;
