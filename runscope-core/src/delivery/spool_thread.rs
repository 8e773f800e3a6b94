//! The thread that has the spool: the only place of the library that waits for a disk.

use super::Closing;
use super::report::SpoolReporter;
use super::spool::{Kept, RecordId};
use super::stats::DropReason;
use crate::capture::never_capture_on_this_thread;
use crate::config::SpoolKeep;
use crate::recorder::Core;
use runscope_spool::{Directory, Keep, Options, Recovered, Spool};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;

/// What a lane asks for.
pub(super) enum Command {
    Keep {
        bucket: String,
        messages: Vec<Vec<u8>>,
        reply: oneshot::Sender<Kept>,
    },
    Take {
        bucket: String,
        most: usize,
        most_bytes: usize,
        reply: oneshot::Sender<Vec<(RecordId, Vec<u8>)>>,
    },
    Acknowledge(Vec<RecordId>),
    PutBack(Vec<RecordId>),
    Unstick,
    Close(oneshot::Sender<()>),
}

/// A spool that can't be opened is tried again after this, and one that is open is looked after.
const LOOKS: Duration = Duration::from_secs(1);

/// Starts the thread. `None` where the system gives none: then everything stays in memory.
pub(super) fn start(
    core: &Arc<Core>,
    path: PathBuf,
    is_stuck: Arc<AtomicBool>,
) -> Option<Sender<Command>> {
    let (send, receive) = channel();
    let thread = std::thread::Builder::new().name("runscope-spool".into());
    let keeper = Keeper::new(Arc::clone(core), path, is_stuck);
    match thread.spawn(move || keeper.run(&receive)) {
        Ok(_) => Some(send),
        Err(_) => {
            core.stats.spool_fault();
            None
        }
    }
}

struct Keeper {
    core: Arc<Core>,
    path: PathBuf,
    options: Options,
    spool: Option<Spool<Directory>>,
    next_look: Instant,
    reporter: SpoolReporter,
    is_stuck: Arc<AtomicBool>,
    /// Buckets that could not be read; their lanes try again at the next look.
    unread: Vec<String>,
}

impl Keeper {
    fn new(core: Arc<Core>, path: PathBuf, is_stuck: Arc<AtomicBool>) -> Self {
        let config = &core.config;
        let mut options = Options::new(config.spool_max_bytes as u64);
        options.max_age = config.spool_max_age;
        options.keep = match config.spool_keep {
            SpoolKeep::Oldest => Keep::Oldest,
            SpoolKeep::Newest => Keep::Newest,
        };
        Self {
            core,
            path,
            options,
            spool: None,
            next_look: Instant::now(),
            reporter: SpoolReporter::default(),
            is_stuck,
            unread: Vec::new(),
        }
    }

    fn run(mut self, commands: &Receiver<Command>) {
        never_capture_on_this_thread();
        loop {
            if self.next_look <= Instant::now() {
                self.look_after();
                self.next_look = Instant::now() + LOOKS;
            }
            let wait = self.next_look.saturating_duration_since(Instant::now());
            match commands.recv_timeout(wait) {
                Ok(Command::Close(reply)) => {
                    // The directory is free before anybody hears of it.
                    drop(self.spool.take());
                    let _ = reply.send(());
                    return;
                }
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.count_lost();
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Keep {
                bucket,
                messages,
                reply,
            } => self.keep(&bucket, &messages, reply),
            Command::Take {
                bucket,
                most,
                most_bytes,
                reply,
            } => self.take(&bucket, most, most_bytes, reply),
            Command::Acknowledge(ids) => self.acknowledge(ids),
            Command::PutBack(ids) => {
                if let Some(spool) = &mut self.spool {
                    spool.put_back(ids);
                }
            }
            Command::Unstick => {
                self.is_stuck.store(false, Ordering::SeqCst);
                let lanes = self.core.control.lanes();
                lanes.iter().for_each(|lane| lane.wake_for_spool());
            }
            // It ends the loop that calls this.
            Command::Close(_) => {}
        }
    }

    fn keep(&mut self, bucket: &str, messages: &[Vec<u8>], reply: oneshot::Sender<Kept>) {
        let Some(spool) = &mut self.spool else {
            let _ = reply.send(vec![None; messages.len()]);
            return;
        };
        let records = messages.iter().map(Vec::as_slice);
        let appended = spool.append(bucket, records, SystemTime::now());
        let is_full = appended.accepted() < messages.len();
        match &appended.error {
            Some(error) => self.failed(error),
            None if is_full => self.tell(SpoolReporter::full),
            None => self.tell(SpoolReporter::working),
        }
        if let Err(kept) = reply.send(appended.ids) {
            // The lane went on without it, and still has the messages. Not so in a shutdown: there
            // they are better sent by the next process than not at all.
            let is_closing = matches!(self.core.control.closing(), Closing::By { .. });
            if let (Some(spool), false) = (&mut self.spool, is_closing) {
                let _ = spool.acknowledge(kept.into_iter().flatten());
            }
        }
    }

    fn take(
        &mut self,
        bucket: &str,
        most: usize,
        most_bytes: usize,
        reply: oneshot::Sender<Vec<(RecordId, Vec<u8>)>>,
    ) {
        let taken = match &mut self.spool {
            Some(spool) => spool.read(bucket, most, most_bytes, SystemTime::now()),
            None => Ok(Vec::new()),
        };
        let taken = match taken {
            Ok(records) => records.into_iter().map(|it| (it.id, it.payload)).collect(),
            Err(error) => {
                self.failed(&error);
                self.unread.push(bucket.to_owned());
                Vec::new()
            }
        };
        if let (Err(taken), Some(spool)) = (reply.send(taken), &mut self.spool) {
            spool.put_back(taken.into_iter().map(|(id, _)| id));
            self.wake(bucket);
        }
    }

    fn acknowledge(&mut self, ids: Vec<RecordId>) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        let mut done = spool.acknowledge(ids);
        if spool.is_empty() {
            done = done.and(spool.tidy(SystemTime::now()));
        }
        if let Err(error) = done {
            self.failed(&error);
        }
    }

    /// Opens a spool that is not open, and tidies one that is.
    fn look_after(&mut self) {
        match &mut self.spool {
            Some(spool) => {
                if let Err(error) = spool.tidy(SystemTime::now()) {
                    self.failed(&error);
                }
            }
            None => self.open(),
        }
        for bucket in std::mem::take(&mut self.unread) {
            self.wake(&bucket);
        }
        self.count_lost();
    }

    fn open(&mut self) {
        let storage = Directory::open(&self.path);
        let opened =
            storage.and_then(|storage| Spool::open(storage, self.options, SystemTime::now()));
        match opened {
            Ok((mut spool, recovered)) => {
                self.tell(SpoolReporter::working);
                self.count_recovered(&mut spool, &recovered);
                self.tell(|reporter| reporter.recovered(&recovered));
                let buckets: Vec<String> = spool
                    .keys()
                    .iter()
                    .map(|(key, _)| (*key).to_owned())
                    .collect();
                self.spool = Some(spool);
                for bucket in buckets {
                    if !self.wake(&bucket) {
                        self.tell(|reporter| reporter.nobodys(&bucket));
                    }
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    /// What a former process captured counts as captured here.
    fn count_recovered(&self, spool: &mut Spool<Directory>, recovered: &Recovered) {
        let stats = &self.core.stats;
        let expired = spool.take_lost().expired;
        let kept = spool.len() as u64;
        stats.recovered(
            kept.saturating_add(expired)
                .saturating_add(recovered.missing),
        );
        stats.spooled(kept);
        stats.dropped(DropReason::SpoolExpired, expired);
        stats.dropped(DropReason::SpoolDamaged, recovered.missing);
        stats.spool_damaged(recovered.damaged + recovered.foreign + recovered.newer);
    }

    fn count_lost(&mut self) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        let lost = spool.take_lost();
        let stats = &self.core.stats;
        for (reason, count) in [
            (DropReason::SpoolExpired, lost.expired),
            (DropReason::SpoolFull, lost.evicted),
            (DropReason::SpoolDamaged, lost.damaged),
        ] {
            stats.unspooled(count);
            stats.dropped(reason, count);
        }
    }

    /// Tells the lanes of a bucket that there is something for them; false where there are none.
    fn wake(&self, bucket: &str) -> bool {
        let mut found = false;
        for lane in self.core.control.lanes() {
            if lane.bucket_key == bucket {
                lane.wake_for_spool();
                found = true;
            }
        }
        found
    }

    fn failed(&mut self, error: &io::Error) {
        self.core.stats.spool_fault();
        self.tell(|reporter| reporter.failing(&error.to_string()));
    }

    /// It may be the app's own subscriber that panics.
    fn tell(&mut self, what: impl FnOnce(&mut SpoolReporter)) {
        if catch_unwind(AssertUnwindSafe(|| what(&mut self.reporter))).is_err() {
            self.core.stats.panicked();
        }
    }
}
