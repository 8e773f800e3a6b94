//! What a spool asks of a disk.
//!
//! A spool believes nothing of it but what is written here, so that a test can put a disk in its
//! place that loses all it may lose.

mod directory;

pub use directory::Directory;

use std::io;

/// A directory of files that one spool owns.
///
/// What was appended is durable after [`sync`](Self::sync) of its file; what was created, renamed
/// or unlinked after [`sync_directory`](Self::sync_directory). Before that, power loss may keep any
/// part of it.
pub trait Storage {
    /// An open file.
    type File;

    /// Makes this process the only owner, until the storage is dropped.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) where another has it.
    fn lock(&mut self) -> io::Result<()>;

    /// The names of all plain files with their lengths in bytes, in any order.
    ///
    /// # Errors
    ///
    /// Those of the disk, as for all that follows.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;

    /// Creates a file that must not be there yet.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file to read it and append to it.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Writes at the end of a file. After an error any part of `bytes` may be there.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn append(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Fills `buffer` from the bytes at `offset`.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the file is too short.
    fn read(&self, file: &mut Self::File, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Cuts a file off at a length.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn truncate(&self, file: &mut Self::File, length: u64) -> io::Result<()>;

    /// Makes all that was written to a file durable.
    ///
    /// # Errors
    ///
    /// Those of the disk. What was not durable before may never become so: a second call that
    /// succeeds proves nothing.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Makes all that was created, renamed and unlinked durable.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn sync_directory(&self) -> io::Result<()>;

    /// Gives a file another name, in the place of a file that has it.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn unlink(&self, name: &str) -> io::Result<()>;
}
