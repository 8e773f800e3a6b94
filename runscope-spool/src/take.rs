//! Handing records out.

use crate::frame::{self, Frame};
use crate::segment::{Entry, Segment};
use crate::spool::{Spool, is_too_old};
use crate::storage::Storage;
use std::io;
use std::time::SystemTime;

/// A record that is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// What to acknowledge it by.
    pub id: RecordId,
    /// The bytes that were appended.
    pub payload: Vec<u8>,
}

/// Names a record for as long as the spool is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    pub(crate) sequence: u64,
    pub(crate) number: u32,
}

/// What was found where a record was written.
enum Found {
    Payload(Vec<u8>),
    Expired,
    Damaged,
}

impl<S: Storage> Spool<S> {
    /// Hands out the oldest records of a key that are not handed out yet: at most so many, and no
    /// more than `most_bytes` together, but one at least where there is one.
    ///
    /// # Errors
    ///
    /// Those of the disk. What was read before the error came is handed out by the next call.
    pub fn read(
        &mut self,
        key: &str,
        most: usize,
        most_bytes: usize,
        now: SystemTime,
    ) -> io::Result<Vec<Record>> {
        let Some(key) = self.find_key(key) else {
            return Ok(Vec::new());
        };
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        for at in 0..self.segments.len() {
            while let Some((place, entry)) = self.oldest_waiting(at, key) {
                if records.len() >= most || (!records.is_empty() && bytes >= most_bytes) {
                    return Ok(records);
                }
                let id = match self.segments.get(at) {
                    Some(segment) => RecordId {
                        sequence: segment.sequence(),
                        number: entry.number,
                    },
                    None => break,
                };
                match self.look_up(at, entry, now) {
                    Ok(Found::Payload(payload)) => {
                        let together = bytes.saturating_add(payload.len());
                        if !records.is_empty() && together > most_bytes {
                            return Ok(records);
                        }
                        bytes = together;
                        records.push(Record { id, payload });
                        if let Some(segment) = self.segments.get_mut(at) {
                            segment.hand_out(place);
                        }
                    }
                    Ok(Found::Expired) => {
                        self.lost.expired += 1;
                        self.settle(id);
                    }
                    Ok(Found::Damaged) => {
                        self.lost.damaged += 1;
                        if let Some(segment) = self.segments.get_mut(at) {
                            segment.is_damaged = true;
                        }
                        self.settle(id);
                    }
                    // What is in hand already is not held back by what can't be read.
                    Err(_) if !records.is_empty() => return Ok(records),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(records)
    }

    /// Takes back all records of a key that are handed out: they are read again, in their order.
    pub fn give_back(&mut self, key: &str) {
        if let Some(key) = self.find_key(key) {
            for segment in &mut self.segments {
                segment.give_back(key);
            }
        }
    }

    /// Takes back records that are handed out: they are read again, in their order.
    pub fn put_back(&mut self, ids: impl IntoIterator<Item = RecordId>) {
        for id in ids {
            let sequences = &self.segments;
            let found = sequences.binary_search_by_key(&id.sequence, Segment::sequence);
            if let Ok(at) = found
                && let Some(segment) = self.segments.get_mut(at)
            {
                segment.put_back(id.number);
            }
        }
    }

    fn oldest_waiting(&self, at: usize, key: u16) -> Option<(usize, Entry)> {
        let segment = self.segments.get(at)?;
        if !segment.has_waiting() {
            return None;
        }
        let place = segment.waiting(key).next()?;
        let entry = segment.entries.get(place)?;
        Some((place, *entry))
    }

    /// Reads what an entry names, and checks that it is what was written.
    fn look_up(&mut self, at: usize, entry: Entry, now: SystemTime) -> io::Result<Found> {
        let max_age = self.options.max_age;
        let expected_key = self.keys.get(usize::from(entry.key));
        let Some(segment) = self.segments.get_mut(at) else {
            return Ok(Found::Damaged);
        };
        let salt = segment.header.salt;
        let mut bytes = vec![0; usize::try_from(entry.length).unwrap_or_default()];
        let log = segment.log(&self.storage)?;
        match self.storage.read(log, entry.offset.into(), &mut bytes) {
            // Somebody cut the file off while it was in use.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Found::Damaged);
            }
            read => read?,
        }
        let payload_length = match frame::read(&bytes, salt) {
            Some(Frame::Record {
                number,
                time,
                key,
                payload,
            }) if number == entry.number && Some(key) == expected_key.map(String::as_str) => {
                if is_too_old(time, now, max_age) {
                    return Ok(Found::Expired);
                }
                payload.len()
            }
            _ => return Ok(Found::Damaged),
        };
        // The payload is the end of its frame.
        bytes.drain(..bytes.len().saturating_sub(payload_length));
        Ok(Found::Payload(bytes))
    }
}
