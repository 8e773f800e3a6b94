use super::bloom::Bloom;
use super::schema::open_reader;
use crate::store::StoreError;
use rusqlite::Connection;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Connections that are kept for the next reader.
const IDLE_READERS: usize = 4;

/// One file of exchanges.
#[derive(Debug)]
pub(super) struct Partition {
    first: i64,
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    seal: OnceLock<Bloom>,
    deleted: AtomicBool,
}

impl Partition {
    /// The partition whose first exchange has this place.
    pub(super) fn new(directory: &Path, first: i64) -> Self {
        Self {
            first,
            path: directory.join(format!("exchanges-{first:019}.db")),
            readers: Mutex::default(),
            seal: OnceLock::new(),
            deleted: AtomicBool::new(false),
        }
    }

    /// The place in a partition's file name, or `None` for other files.
    pub(super) fn first_in_name(name: &str) -> Option<i64> {
        name.strip_prefix("exchanges-")?
            .strip_suffix(".db")?
            .parse()
            .ok()
    }

    /// The place of the first exchange that can be in it.
    pub(super) fn first(&self) -> i64 {
        self.first
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads with a connection of its own; `None` where the partition was deleted meanwhile.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle.map_or_else(|| open_reader(&self.path), Ok) {
            Ok(connection) => connection,
            Err(_) if self.deleted.load(Ordering::Acquire) => return Ok(None),
            Err(error) => return Err(error),
        };
        let value = read(&connection)?;
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        Ok(Some(value))
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_idle(&self) {
        self.idle().clear();
    }

    /// Says that no exchange will be added, and which identifiers there are.
    pub(super) fn seal(&self, bloom: Bloom) {
        // A partition is sealed once; a second filter would be of the same identifiers.
        let _ = self.seal.set(bloom);
    }

    /// Whether it can have an exchange of this identity. One that is not sealed can have any.
    pub(super) fn may_have(&self, identity: i64) -> bool {
        self.seal.get().is_none_or(|bloom| bloom.may_have(identity))
    }

    /// The bytes of its files.
    pub(super) fn bytes(&self) -> u64 {
        self.files()
            .iter()
            .filter_map(|path| fs::metadata(path).ok())
            .map(|file| file.len())
            .sum()
    }

    /// Deletes its files. Readers that have it open read on.
    pub(super) fn delete(&self) -> io::Result<()> {
        self.deleted.store(true, Ordering::Release);
        self.close_idle();
        for path in self.files() {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Renames its files to what is no partition's name, so that it is kept for whoever can mend it.
    pub(super) fn set_aside(&self) -> io::Result<PathBuf> {
        let aside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".damaged");
            PathBuf::from(name)
        };
        for path in self.files() {
            match fs::rename(&path, aside(&path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(aside(&self.path))
    }

    /// The database first: without it the others mean nothing, and without them it would lose its
    /// newest commits.
    fn files(&self) -> [PathBuf; 3] {
        let beside = |suffix: &str| {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        [self.path.clone(), beside("-wal"), beside("-shm")]
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
