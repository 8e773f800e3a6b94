//! The lanes' door to the spool: every call goes to a thread of its own, so that a slow disk holds up
//! neither a deadline nor a lane for long.

use super::spool_thread::{self, Command};
use crate::recorder::Core;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Names a record of the spool.
pub(super) type RecordId = runscope_spool::RecordId;

/// The spool, as the lanes see it.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    commands: Sender<Command>,
    /// The disk did not answer in time. Until it does, everything stays in memory.
    is_stuck: Arc<AtomicBool>,
}

/// What became of messages that were to be kept: those with an id are on disk.
pub(super) type Kept = Vec<Option<RecordId>>;

/// A lane waits no longer than this for the disk.
const PATIENCE: Duration = Duration::from_secs(3);

impl Spool {
    /// Starts the spool's thread, where a spool is configured. It opens the spool by itself: a start
    /// of the app waits for no disk.
    pub(super) fn start(core: &Arc<Core>) -> Option<Self> {
        let path = core.config.spool_dir.clone()?;
        let is_stuck = Arc::new(AtomicBool::new(false));
        let commands = spool_thread::start(core, path, Arc::clone(&is_stuck))?;
        Some(Self { commands, is_stuck })
    }

    /// Puts messages on disk. Those that are, are in the hands of the caller: to be acknowledged, or
    /// put back.
    pub(super) async fn keep(&self, bucket: &str, messages: Vec<Vec<u8>>) -> Kept {
        let count = messages.len();
        let bucket = bucket.to_owned();
        let kept = self.ask(|reply| Command::Keep {
            bucket,
            messages,
            reply,
        });
        kept.await.unwrap_or_else(|| vec![None; count])
    }

    /// Takes the oldest messages of a bucket that nobody has in hand.
    pub(super) async fn take(
        &self,
        bucket: &str,
        most: usize,
        most_bytes: usize,
    ) -> Vec<(RecordId, Vec<u8>)> {
        let bucket = bucket.to_owned();
        let taken = self.ask(|reply| Command::Take {
            bucket,
            most,
            most_bytes,
            reply,
        });
        taken.await.unwrap_or_default()
    }

    /// Lets go of messages that have arrived, or never will.
    pub(super) fn acknowledge(&self, ids: Vec<RecordId>) {
        if !ids.is_empty() {
            let _ = self.commands.send(Command::Acknowledge(ids));
        }
    }

    /// Gives back what was in hand.
    pub(super) fn put_back(&self, ids: Vec<RecordId>) {
        if !ids.is_empty() {
            let _ = self.commands.send(Command::PutBack(ids));
        }
    }

    /// Waits until all that was said before is done, and the directory is free for others.
    pub(super) async fn close(self) {
        let (reply, closed) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).is_ok() {
            let _ = closed.await;
        }
    }

    /// Asks the thread; `None` where it does not answer in time. What it does then after all, it
    /// undoes, for nobody takes its answer.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        if self.is_stuck.load(Ordering::SeqCst) {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.ok(),
            Err(_) => {
                self.is_stuck.store(true, Ordering::SeqCst);
                // The thread takes it back once it has come to this.
                let _ = self.commands.send(Command::Unstick);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    /// The door to a thread that the test plays.
    fn door() -> (Spool, Receiver<Command>) {
        let (commands, receive) = channel();
        let is_stuck = Arc::default();
        (Spool { commands, is_stuck }, receive)
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_does_not_answer_is_waited_for_once_and_used_again_when_it_does() {
        let (spool, commands) = door();
        let begun = tokio::time::Instant::now();
        let kept = spool.keep("b", vec![b"a".to_vec(), b"b".to_vec()]).await;
        assert_eq!(kept, [None, None], "both stay in memory");
        assert_eq!(begun.elapsed(), PATIENCE);

        // From here on nobody waits, and nothing is asked.
        assert_eq!(spool.keep("b", vec![Vec::new()]).await, [None]);
        assert!(spool.take("b", 10, 10).await.is_empty());
        assert_eq!(begun.elapsed(), PATIENCE);
        let late = commands.try_recv().unwrap();
        assert!(matches!(commands.try_recv(), Ok(Command::Unstick)));
        assert!(commands.try_recv().is_err());

        // What the disk does after all finds nobody who takes it, so that it is undone.
        let Command::Keep { reply, .. } = late else {
            panic!("it was to keep something")
        };
        assert!(reply.send(vec![None, None]).is_err());
        spool.is_stuck.store(false, Ordering::SeqCst);
        // The paused clock stands still while the runtime's own thread works.
        let disk = tokio::task::spawn_blocking(move || match commands.recv() {
            Ok(Command::Take { reply, .. }) => reply.send(Vec::new()).is_ok(),
            _ => false,
        });
        assert!(spool.take("b", 10, 10).await.is_empty());
        assert!(disk.await.unwrap(), "it is asked again");
    }
}
