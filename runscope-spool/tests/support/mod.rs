//! A disk in memory that keeps no more than it has to.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod written;

use fastrand::Rng;
use runscope_spool::Storage;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// The disk, and the machine that it is in. Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: Vec<File>,
    /// The names as the running machine sees them, and as they are on the disk.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Changes of names that are not durable, each a name and what it names then.
    changes: Vec<(String, Option<usize>)>,
    /// Everything that was asked of the disk and changes it, counted.
    steps: u64,
    power_fails_at: Option<u64>,
    is_locked: bool,
    sync_does_nothing: bool,
    fault: Option<Fault>,
}

#[derive(Default, Clone)]
struct File {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

/// What goes wrong, from now on until it is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Half of what is appended is written.
    NoSpace,
    /// Nothing can be read.
    CantRead,
    /// Nothing can be made durable.
    CantSync,
    /// Nothing can be changed.
    ReadOnly,
}

pub struct Handle(usize);

impl Disk {
    /// A disk whose sync does nothing, and says that it did.
    pub fn without_sync() -> Self {
        let disk = Self::default();
        disk.lock_state().sync_does_nothing = true;
        disk
    }

    pub fn steps(&self) -> u64 {
        self.lock_state().steps
    }

    /// The power fails in the middle of a step.
    pub fn fail_at(&self, step: u64) {
        self.lock_state().power_fails_at = Some(step);
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock_state().fault = fault;
    }

    /// The machine comes up again, with what chance has left of what was not durable.
    pub fn after_power_loss(&self, seed: u64) -> Self {
        let state = self.lock_state();
        let mut rng = Rng::with_seed(seed);
        let files: Vec<File> = state
            .files
            .iter()
            .map(|file| {
                let bytes = left(file, &mut rng);
                File {
                    durable: bytes.clone(),
                    bytes,
                }
            })
            .collect();
        let mut names = state.durable_names.clone();
        for (name, file) in &state.changes {
            if rng.bool() {
                match file {
                    Some(file) => drop(names.insert(name.clone(), *file)),
                    None => drop(names.remove(name)),
                }
            }
        }
        Self(Arc::new(Mutex::new(State {
            files,
            durable_names: names.clone(),
            names,
            sync_does_nothing: state.sync_does_nothing,
            ..State::default()
        })))
    }

    /// The process is killed: the lock is gone, what the system has is kept.
    pub fn after_kill(&self) -> Self {
        let mut state = self.lock_state();
        state.is_locked = false;
        state.power_fails_at = None;
        state.fault = None;
        self.clone()
    }

    pub fn names(&self) -> Vec<String> {
        self.lock_state().names.keys().cloned().collect()
    }

    pub fn bytes(&self) -> u64 {
        let state = self.lock_state();
        let lengths = state
            .names
            .values()
            .map(|&file| state.files[file].bytes.len());
        lengths.sum::<usize>() as u64
    }

    pub fn contents(&self, name: &str) -> Vec<u8> {
        let state = self.lock_state();
        state.files[state.names[name]].bytes.clone()
    }

    /// Puts a file there, durable.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.lock_state();
        let file = state.files.len();
        state.files.push(File {
            durable: bytes.clone(),
            bytes,
        });
        state.names.insert(name.to_owned(), file);
        state.durable_names.insert(name.to_owned(), file);
    }

    /// Changes the bytes of a file under the feet of whoever has it open.
    pub fn overwrite(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.lock_state();
        let file = state.names[name];
        state.files[file].bytes = bytes;
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Counts a step that changes the disk; `true` if the power fails in it.
    fn step(&self, is_sync: bool) -> io::Result<(MutexGuard<'_, State>, bool)> {
        let mut state = self.lock_state();
        state.steps += 1;
        let failing = match state.power_fails_at {
            Some(at) if state.steps > at => return Err(io::Error::other("there is no power")),
            Some(at) => state.steps == at,
            None => false,
        };
        match state.fault {
            Some(Fault::ReadOnly) => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Some(Fault::CantSync) if is_sync => Err(io::Error::other("EIO")),
            _ => Ok((state, failing)),
        }
    }
}

/// What is left of a file: what is durable, and of the rest a beginning, or its length with holes.
fn left(file: &File, rng: &mut Rng) -> Vec<u8> {
    let same = file.durable.len().min(file.bytes.len());
    if file.bytes[..same] != file.durable[..same] || file.bytes.len() < file.durable.len() {
        // It was cut off, and that may be lost too.
        return match rng.bool() {
            true => file.bytes.clone(),
            false => file.durable.clone(),
        };
    }
    let end = rng.usize(file.durable.len()..=file.bytes.len());
    match rng.u8(0..4) {
        0 => file.durable.clone(),
        1 => file.bytes.clone(),
        2 => file.bytes[..end].to_vec(),
        _ => {
            let mut bytes = file.bytes[..end].to_vec();
            // Sectors that were not written are zeros, or whatever lay there.
            for sector in bytes[file.durable.len()..].chunks_mut(16) {
                match rng.u8(0..4) {
                    0 => sector.fill(0),
                    1 => rng.fill(sector),
                    _ => {}
                }
            }
            bytes
        }
    }
}

fn no_power() -> io::Error {
    io::Error::other("the power failed")
}

impl Storage for Disk {
    type File = Handle;

    fn lock(&mut self) -> io::Result<()> {
        let mut state = self.lock_state();
        match std::mem::replace(&mut state.is_locked, true) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    }

    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let state = self.lock_state();
        let length = |file: usize| state.files[file].bytes.len() as u64;
        let names = state.names.iter();
        Ok(names
            .map(|(name, &file)| (name.clone(), length(file)))
            .collect())
    }

    fn create(&self, name: &str) -> io::Result<Handle> {
        let (mut state, failing) = self.step(false)?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(File::default());
        state.names.insert(name.to_owned(), file);
        state.changes.push((name.to_owned(), Some(file)));
        match failing {
            true => Err(no_power()),
            false => Ok(Handle(file)),
        }
    }

    fn open(&self, name: &str) -> io::Result<Handle> {
        let state = self.lock_state();
        let file = state.names.get(name);
        file.map(|&file| Handle(file))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn append(&self, file: &mut Handle, bytes: &[u8]) -> io::Result<()> {
        let (mut state, failing) = self.step(false)?;
        let is_full = state.fault == Some(Fault::NoSpace);
        let written = match failing || is_full {
            true => bytes.len() / 2,
            false => bytes.len(),
        };
        state.files[file.0]
            .bytes
            .extend_from_slice(&bytes[..written]);
        match (failing, is_full) {
            (true, _) => Err(no_power()),
            (_, true) => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn read(&self, file: &mut Handle, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.lock_state();
        if state.fault == Some(Fault::CantRead) {
            return Err(io::Error::other("EIO"));
        }
        let rest = state.files[file.0].bytes.get(offset as usize..);
        match rest.and_then(|rest| rest.get(..buffer.len())) {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn truncate(&self, file: &mut Handle, length: u64) -> io::Result<()> {
        let (mut state, failing) = self.step(false)?;
        state.files[file.0].bytes.truncate(length as usize);
        match failing {
            true => Err(no_power()),
            false => Ok(()),
        }
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        let (mut state, failing) = self.step(true)?;
        if failing {
            return Err(no_power());
        }
        if !state.sync_does_nothing {
            let file = &mut state.files[file.0];
            file.durable.clone_from(&file.bytes);
        }
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let (mut state, failing) = self.step(true)?;
        if failing {
            return Err(no_power());
        }
        if !state.sync_does_nothing {
            state.durable_names = state.names.clone();
            state.changes.clear();
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (mut state, failing) = self.step(false)?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        // A rename is one change: both names or none. Two changes are more than a disk may do, and
        // a spool has to bear them.
        state.changes.push((to.to_owned(), Some(file)));
        state.changes.push((from.to_owned(), None));
        match failing {
            true => Err(no_power()),
            false => Ok(()),
        }
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        let (mut state, failing) = self.step(false)?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.changes.push((name.to_owned(), None));
        match failing {
            true => Err(no_power()),
            false => Ok(()),
        }
    }
}
