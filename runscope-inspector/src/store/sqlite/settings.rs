use std::path::PathBuf;
use std::time::Duration;

/// Where a store keeps its files, and for how long.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The directory of the files; made if it is not there.
    pub directory: PathBuf,
    /// What an answered append survives. Default: power loss.
    pub durability: Durability,
    /// The time one partition covers. Default: one day.
    pub partition_span: Duration,
    /// The bytes after which a partition is closed before its time. Default: 2 GiB, or an eighth of
    /// `max_bytes` where that is less.
    pub partition_bytes: u64,
    /// The age at which partitions are deleted. Default: never.
    pub max_age: Option<Duration>,
    /// The bytes of all partitions above which the oldest is deleted. Default: no bound.
    pub max_bytes: Option<u64>,
    /// Pages that a partition can have. Only tests set it, to meet a full disk.
    pub(crate) max_pages: Option<u32>,
}

/// What an answered append survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process (`synchronous = NORMAL`): the last moments before a power loss can be
    /// missing, and the database opens all the same.
    Process,
    /// Power loss too (`synchronous = FULL`): every commit waits for the disk.
    #[default]
    Power,
}

impl Settings {
    /// The defaults, in a directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            durability: Durability::default(),
            partition_span: Duration::from_secs(24 * 60 * 60),
            partition_bytes: 2 << 30,
            max_age: None,
            max_bytes: None,
            max_pages: None,
        }
    }

    /// The bytes after which a partition is closed: never so many that deleting one would delete
    /// most of what may be kept.
    pub(super) fn partition_limit(&self) -> u64 {
        let eighth = self.max_bytes.map_or(u64::MAX, |bytes| bytes / 8);
        self.partition_bytes.min(eighth).max(1 << 20)
    }
}
