use super::Sink;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Appends messages to a file, one JSON object a line (NDJSON).
///
/// A batch is written by one call and not synced: the file is for looking at, not for keeping.
#[derive(Debug)]
pub struct FileSink {
    file: File,
    batch: Vec<u8>,
    /// Whether the last write may have ended inside a line.
    is_torn: bool,
}

impl FileSink {
    /// Opens the file for appending, and makes it if it is not there: readable by its owner only,
    /// for it holds traffic.
    ///
    /// # Errors
    ///
    /// When the file can't be opened for writing.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: options.open(path)?,
            batch: Vec::new(),
            is_torn: false,
        })
    }
}

impl Sink for FileSink {
    fn write(&mut self, _bucket_key: &str, message: &[u8]) -> io::Result<()> {
        self.batch.extend_from_slice(message);
        self.batch.push(b'\n');
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_torn {
            // What follows a torn line must not be read as a part of it.
            self.batch.insert(0, b'\n');
        }
        let result = self.file.write_all(&self.batch);
        self.is_torn = result.is_err();
        self.batch.clear();
        result
    }
}
