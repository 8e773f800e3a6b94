use crate::options::Options;
use crate::segment::Segment;
use crate::storage::Storage;
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A durable log of records that are kept until they are acknowledged.
///
/// It belongs to one process, and to one thread of it: every call may wait for the disk.
pub struct Spool<S: Storage> {
    pub(crate) storage: S,
    pub(crate) options: Options,
    /// Oldest first.
    pub(crate) segments: VecDeque<Segment<S::File>>,
    /// Whether the last segment can be appended to.
    pub(crate) is_open: bool,
    pub(crate) next_sequence: u64,
    pub(crate) session: u64,
    /// The texts that entries name by their index.
    pub(crate) keys: Vec<String>,
    pub(crate) lost: Lost,
    /// What is being written; kept for its room.
    pub(crate) buffer: Vec<u8>,
}

/// Records that were let go of without having been acknowledged, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// Older than `max_age`.
    pub expired: u64,
    /// Made room for newer ones.
    pub evicted: u64,
    /// Can't be read any more.
    pub damaged: u64,
}

impl<S: Storage> Spool<S> {
    /// How many records are not acknowledged, those handed out among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.live).sum()
    }

    /// Whether every record is acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.live == 0)
    }

    /// How many bytes it takes on disk, with the room that it keeps for acknowledgements.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::charge).sum()
    }

    /// The keys that have records, each with the number of them.
    #[must_use]
    pub fn keys(&self) -> Vec<(&str, u64)> {
        let mut counts = vec![0_u64; self.keys.len()];
        for segment in &self.segments {
            for entry in &segment.entries {
                if let Some(count) = counts.get_mut(usize::from(entry.key))
                    && entry.state != crate::segment::State::Settled
                {
                    *count += 1;
                }
            }
        }
        let keys = self.keys.iter().map(String::as_str).zip(counts);
        keys.filter(|(_, count)| *count > 0).collect()
    }

    /// What was let go of since the last call, or since the spool was opened.
    pub fn take_lost(&mut self) -> Lost {
        std::mem::take(&mut self.lost)
    }

    /// The index of a key, which it gets where it has none; `None` where there are too many.
    pub(crate) fn intern(&mut self, key: &str) -> Option<u16> {
        if let Some(index) = self.find_key(key) {
            return Some(index);
        }
        let index = u16::try_from(self.keys.len()).ok()?;
        self.keys.push(key.to_owned());
        Some(index)
    }

    pub(crate) fn find_key(&self, key: &str) -> Option<u16> {
        let index = self.keys.iter().position(|known| known == key)?;
        u16::try_from(index).ok()
    }

    /// The segment that is appended to, which only counts as one while it can be.
    pub(crate) fn is_active(&self, place: usize) -> bool {
        self.is_open && place.saturating_add(1) == self.segments.len()
    }
}

/// Milliseconds since 1970; a time before counts as 1970.
pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a record is older than it may become. One that comes from the future is not.
pub(crate) fn is_too_old(time: u64, now: SystemTime, max_age: Duration) -> bool {
    let age = milliseconds(now).saturating_sub(time);
    u128::from(age) > max_age.as_millis()
}

impl<S: Storage> fmt::Debug for Spool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("records", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
