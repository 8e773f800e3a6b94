//! The file of what the API refused, written by a thread of its own: nothing else waits for its disk.

use super::report::DeadLetterReporter;
use crate::capture::never_capture_on_this_thread;
use crate::recorder::Core;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// The lanes' door to the file.
#[derive(Debug, Clone)]
pub(super) struct DeadLetters {
    commands: Sender<Command>,
    /// Bytes on their way to the disk.
    held: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Command {
    Write(Vec<u8>),
    Close(oneshot::Sender<()>),
}

/// What comes while a slow disk has so many bytes to write is not written.
const MOST_HELD: usize = 1 << 20;

impl DeadLetters {
    /// Starts the thread, where a file is configured and the system gives a thread.
    pub(super) fn start(core: &Arc<Core>) -> Option<Self> {
        let path = core.config.dead_letter_file.clone()?;
        let (commands, receive) = channel();
        let held = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            most: (core.config.dead_letter_max_bytes / 2) as u64,
            path,
            open: None,
            is_torn: false,
            held: Arc::clone(&held),
            reporter: DeadLetterReporter::default(),
        };
        let thread = std::thread::Builder::new().name("runscope-dead-letters".into());
        let of_thread = Arc::clone(core);
        let started = thread.spawn(move || writer.run(&receive, &of_thread));
        started.ok().map(|_| Self { commands, held })
    }

    /// Has a message written, with the reason for which it was refused. Never waits.
    pub(super) fn write(&self, bucket: &str, reason: &str, too_large: bool, message: &[u8]) {
        let line = line(SystemTime::now(), bucket, reason, too_large, message);
        let held = self.held.fetch_add(line.len(), Ordering::Relaxed);
        let is_too_much = held > 0 && held.saturating_add(line.len()) > MOST_HELD;
        let bytes = line.len();
        if is_too_much || self.commands.send(Command::Write(line)).is_err() {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Waits until all that was said before is written.
    pub(super) async fn close(self) {
        let (reply, closed) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).is_ok() {
            let _ = closed.await;
        }
    }
}

/// One line of the file.
fn line(now: SystemTime, bucket: &str, reason: &str, too_large: bool, message: &[u8]) -> Vec<u8> {
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH);
    let head = serde_json::json!({
        "time": since_epoch.as_ref().map_or(0.0, Duration::as_secs_f64),
        "bucket": bucket,
        "reason": reason,
        "too_large": too_large,
    });
    let mut line = head.to_string().into_bytes();
    line.pop();
    line.extend_from_slice(b",\"message\":");
    // The encoder writes JSON without line breaks.
    line.extend_from_slice(message);
    line.extend_from_slice(b"}\n");
    line
}

struct Writer {
    path: PathBuf,
    /// At so many bytes a new file is begun.
    most: u64,
    open: Option<Open>,
    /// Whether the last write may have ended inside a line.
    is_torn: bool,
    held: Arc<AtomicUsize>,
    reporter: DeadLetterReporter,
}

struct Open {
    file: File,
    bytes: u64,
}

impl Writer {
    fn run(mut self, commands: &Receiver<Command>, core: &Core) {
        never_capture_on_this_thread();
        while let Ok(command) = commands.recv() {
            match command {
                Command::Write(line) => {
                    let written = self.write(&line);
                    self.held.fetch_sub(line.len(), Ordering::Relaxed);
                    // It may be the app's own subscriber that panics.
                    let told = catch_unwind(AssertUnwindSafe(|| match &written {
                        Ok(()) => self.reporter.working(),
                        Err(error) => self.reporter.failing(&error.to_string()),
                    }));
                    if told.is_err() {
                        core.stats.panicked();
                    }
                }
                Command::Close(reply) => {
                    let _ = reply.send(());
                    return;
                }
            }
        }
    }

    /// What fails is tried with the file opened anew by the next line.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if length >= self.most {
            return Err(io::Error::other("a message is larger than the file may be"));
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::at(&self.path)?,
        };
        if open.bytes > 0 && open.bytes.saturating_add(length) > self.most {
            drop(open);
            fs::rename(&self.path, older(&self.path))?;
            open = Open::at(&self.path)?;
        }
        if std::mem::take(&mut self.is_torn) {
            // What follows a torn line must not be read as a part of it.
            open.file.write_all(b"\n")?;
            open.bytes = open.bytes.saturating_add(1);
        }
        self.is_torn = true;
        open.file.write_all(line)?;
        self.is_torn = false;
        open.bytes = open.bytes.saturating_add(length);
        self.open = Some(open);
        Ok(())
    }
}

impl Open {
    /// Opens the file for appending, readable by its owner only.
    fn at(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_whatever_the_reason_says() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1500);
        let line = line(at, "b", "said \"no\"\n", true, b"{\"a\":1}");
        let text = String::from_utf8(line).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "time": 1.5, "bucket": "b", "reason": "said \"no\"\n", "too_large": true,
            "message": {"a": 1},
        });
        assert_eq!(value, expected);
    }
}
