use rusqlite::ffi;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Why a store could not do what it was asked.
#[derive(Debug, Clone)]
pub struct StoreError {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Full,
    NoBucket,
    Newer {
        file: PathBuf,
        found: i64,
        known: i64,
    },
    InUse(PathBuf),
    Closed,
    Damaged(String),
    Failed(String),
}

impl StoreError {
    /// Whether there was no room on the disk. Reading goes on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full)
    }

    /// Whether the bucket is gone.
    #[must_use]
    pub fn is_no_bucket(&self) -> bool {
        matches!(self.kind, Kind::NoBucket)
    }

    /// Whether a file was written by a newer version, which this one must not touch.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self.kind, Kind::Newer { .. })
    }

    /// Whether another process has the data directory open.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.kind, Kind::InUse(_))
    }

    /// Whether a file is not what it was when it was written.
    pub(super) fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged(_))
    }

    pub(super) fn no_bucket() -> Self {
        Self {
            kind: Kind::NoBucket,
        }
    }

    pub(super) fn newer(file: PathBuf, found: i64, known: i64) -> Self {
        Self {
            kind: Kind::Newer { file, found, known },
        }
    }

    pub(super) fn in_use(directory: PathBuf) -> Self {
        Self {
            kind: Kind::InUse(directory),
        }
    }

    /// Whether the store is being dropped.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    pub(super) fn closed() -> Self {
        Self { kind: Kind::Closed }
    }

    pub(super) fn failed(what: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Failed(what.to_string()),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Full => {
                f.write_str("the disk is full, or takes no more of us: nothing can be stored until there is room")
            }
            Kind::NoBucket => f.write_str("the bucket does not exist"),
            Kind::Newer { file, found, known } => write!(
                f,
                "{} has version {found} and this program knows versions up to {known}: use a newer runscope-inspector",
                file.display()
            ),
            Kind::InUse(directory) => {
                write!(
                    f,
                    "{} is in use by another runscope-inspector",
                    directory.display()
                )
            }
            Kind::Closed => f.write_str("the store is closed"),
            Kind::Damaged(what) => write!(f, "a file of the store is damaged: {what}"),
            Kind::Failed(what) => write!(f, "the store failed: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self { kind: Kind::Full },
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self {
                    kind: Kind::Damaged(error.to_string()),
                }
            }
            _ if is_refused_write(&error) => Self { kind: Kind::Full },
            _ => Self::failed(error),
        }
    }
}

/// SQLite only calls the disk full where the system says so in one word (ENOSPC). A quota or a limit
/// on the size of files is a write that fails, and no less full.
fn is_refused_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE)
    )
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self { kind: Kind::Full }
            }
            _ => Self::failed(error),
        }
    }
}
