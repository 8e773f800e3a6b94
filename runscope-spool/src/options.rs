use std::time::Duration;

/// The bounds of a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How many bytes the spool may hold on disk, with all that it writes about its records.
    /// Default: 256 MiB.
    pub max_bytes: u64,
    /// How old a record may become before it is let go of. Default: 24 hours.
    pub max_age: Duration,
    /// What is kept when the spool is full. Default: the oldest.
    pub keep: Keep,
    /// How large a segment grows before the next one is begun: what is freed, and what damage costs
    /// at most, in one piece. Default: an eighth of `max_bytes`, at most 8 MiB.
    pub segment_bytes: u64,
}

/// What a full spool keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Keep {
    /// What it has: new records are refused.
    #[default]
    Oldest,
    /// What comes: the oldest segment of which nothing is handed out is let go of.
    Newest,
}

impl Options {
    /// The defaults with another size.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            max_age: Duration::from_secs(24 * 3600),
            keep: Keep::Oldest,
            segment_bytes: (max_bytes / 8).clamp(LEAST_SEGMENT, MOST_SEGMENT),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

const LEAST_SEGMENT: u64 = 4 << 10;
const MOST_SEGMENT: u64 = 8 << 20;
