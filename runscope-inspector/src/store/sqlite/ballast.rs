use super::schema::make_private;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Room for what frees more room: a bucket that is cleared needs a few pages before it gives back
/// thousands, and on a full disk there is not one.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
}

/// More than a new partition and the catalogue's log take.
const BYTES: usize = 1 << 20;

impl Ballast {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            path: directory.join("ballast"),
        }
    }

    /// Takes the room again, if there is any.
    pub(super) fn fill(&self) -> io::Result<()> {
        if self.path.exists() {
            return make_private(&self.path, false);
        }
        let filled = make_private(&self.path, true)
            .and_then(|()| File::create(&self.path)?.write_all(&vec![0; BYTES]));
        if filled.is_err() {
            self.spend();
        }
        filled
    }

    /// Gives the room back; whether there was any.
    pub(super) fn spend(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }
}
