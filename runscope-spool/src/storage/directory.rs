use super::Storage;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A directory of the file system: mode 0700, its files 0600, locked by one process at a time.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Held for its lock, which the system gives back when the process ends, however it ends.
    lock: Option<File>,
}

/// The file whose lock makes a process the owner. It stays when the spool is closed, and tells that
/// the directory is a spool's.
const LOCK: &str = "lock";

impl Directory {
    /// The directory of this path, created where it is not there, with all above it.
    ///
    /// It must be the spool's own, for it is closed to all other users: one that holds other files
    /// is refused and left as it is.
    ///
    /// # Errors
    ///
    /// When it can't be created or closed to others, or holds other files but is no spool.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let is_ours = path.join(LOCK).exists() || fs::read_dir(&path)?.next().is_none();
        if !is_ours {
            let why = "the directory holds other files and is no spool; name one of its own";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        close_to_others(&path)?;
        Ok(Self { path, lock: None })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Storage for Directory {
    type File = File;

    fn lock(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        let file = private(&mut options).open(self.at(LOCK))?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => {
                let why = "another process has the spool";
                Err(io::Error::new(io::ErrorKind::WouldBlock, why))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            // A name that is not text is none that a spool gives.
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        Ok(files)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        private(&mut options).open(self.at(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        options.open(self.at(name))
    }

    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn read(&self, file: &mut File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        // Where it stands does not matter to a file that is appended to.
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn truncate(&self, file: &mut File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    #[cfg(unix)]
    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Elsewhere a directory can't be opened as a file, and its journal is the system's business.
    #[cfg(not(unix))]
    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.at(name))
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
