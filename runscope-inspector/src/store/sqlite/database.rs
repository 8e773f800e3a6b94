use super::aggregate;
use super::ballast::Ballast;
use super::catalogue::Catalogue;
use super::codec::Codec;
use super::document::Document;
use super::histogram;
use super::keeper;
use super::partitions::Partitions;
use super::places;
use super::reader::Reader;
use super::recent::Recent;
use super::row;
use super::schema;
use super::settings::Settings;
use super::turns::Turns;
use super::writer::{Answered, Job, Writer};
use crate::exchange::{Exchange, Timestamp, without_bodies};
use crate::store::seam::sequence_of;
use crate::store::{
    Appended, Bucket, BucketId, Changes, Extent, Facets, Grant, Histogram, NewBucket, NewToken,
    NewView, Page, SavedView, Scan, Search, Session, Share, Stats, Store, StoreError, Summary,
    TokenInfo,
};
use runscope_core::Message;
use rusqlite::Connection;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

/// Jobs that can wait for the writer; who comes later waits to be let in.
const WAITING_JOBS: usize = 64;

/// The store in SQLite files of one directory. Dropping it commits what was appended and ends its
/// threads.
#[derive(Debug)]
pub struct Sqlite {
    pub(super) shared: Arc<Shared>,
    writer: SyncSender<Job>,
    threads: Vec<JoinHandle<()>>,
    /// Held for as long as the store is open, so that no second process writes the same files.
    _lock: File,
}

/// What readers, writer and keeper have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) catalogue: Catalogue,
    pub(super) partitions: Partitions,
    pub(super) codec: Codec,
    pub(super) recent: Recent,
    pub(super) ballast: Ballast,
    turns: Turns,
    pub(super) newest: watch::Sender<i64>,
    pub(super) joined: broadcast::Sender<i64>,
    pub(super) commits: AtomicU64,
    waiting: AtomicU64,
    keeper: Mutex<Option<SyncSender<()>>>,
}

impl Shared {
    /// The message at a place that is known to be there.
    pub(super) fn message(
        &self,
        connection: &Connection,
        sequence: i64,
        bodies: bool,
    ) -> Result<Message, StoreError> {
        let message = match self.recent.get(sequence) {
            Some(message) => Arc::unwrap_or_clone(message),
            None => row::message(connection, &self.codec, sequence, bodies)?,
        };
        Ok(if bodies {
            message
        } else {
            without_bodies(message)
        })
    }

    /// Has the keeper look now. Where it has been woken already, once is enough.
    pub(super) fn wake_keeper(&self) {
        if let Some(keeper) = self
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            let _ = keeper.try_send(());
        }
    }
}

impl Sqlite {
    /// Opens the store of a directory, or makes it.
    ///
    /// # Errors
    ///
    /// When another process has it open, a file is of a newer version, or the disk fails.
    pub fn open(settings: Settings) -> Result<Self, StoreError> {
        create_private_directory(&settings.directory)?;
        let lock = settings.directory.join("lock");
        schema::make_private(&lock, true)?;
        let lock = File::create(lock)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::in_use(settings.directory)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let catalogue = Catalogue::open(&settings)?;
        let codec = Codec::new(catalogue.dictionaries()?);
        let partitions = Partitions::open(&settings, catalogue.highest_floor())?;
        let (wake, wakes) = sync_channel(1);
        let ballast = Ballast::new(&settings.directory);
        if let Err(error) = ballast.fill() {
            tracing::warn!(%error, "there is no room left to clear a bucket on a full disk");
        }
        let shared = Arc::new(Shared {
            settings,
            catalogue,
            partitions,
            codec,
            recent: Recent::default(),
            ballast,
            turns: Turns::beside_the_writer(),
            newest: watch::Sender::new(0),
            joined: broadcast::Sender::new(1024),
            commits: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            keeper: Mutex::new(Some(wake)),
        });
        let (writer, jobs) = sync_channel(WAITING_JOBS);
        let worker = Writer::open(Arc::clone(&shared))?;
        let keeper = (Arc::clone(&shared), writer.clone());
        let threads = vec![
            spawn("inspector-writer", move || worker.run(&jobs))?,
            spawn("inspector-keeper", move || {
                keeper::run(&keeper.0, &keeper.1, &wakes);
            })?,
        ];
        shared.wake_keeper();
        let store = Self {
            shared,
            writer,
            threads,
            _lock: lock,
        };
        store.release_notices()?;
        Ok(store)
    }

    fn ask<T>(
        &self,
        job: impl FnOnce(SyncSender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let (reply, answer) = sync_channel(1);
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let answered = self.writer.send(job(reply)).map(|()| answer.recv());
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        match answered {
            Ok(Ok(answer)) => answer,
            _ => Err(StoreError::closed()),
        }
    }
}

#[cfg(test)]
impl Sqlite {
    /// Ends the writer as a panic in it would.
    pub(crate) fn lose_writer(&self) {
        let _ = self.writer.send(Job::Stop);
        while self.is_alive() {
            thread::yield_now();
        }
    }
}

impl Store for Sqlite {
    fn append(
        &self,
        bucket: BucketId,
        messages: Vec<Message>,
    ) -> Result<Vec<Appended>, StoreError> {
        let arrived = Timestamp::now();
        // A turn for each, so that a message alone waits for no array.
        let document = |message| {
            let _turn = self.shared.turns.take();
            Document::new(bucket, message, arrived, &self.shared.codec)
        };
        let documents = messages
            .into_iter()
            .map(document)
            .collect::<Result<Vec<_>, _>>()?;
        let Answered {
            appended,
            spent,
            evicted,
        } = self.ask(|reply| Job::Append(documents, reply))?;
        drop((spent, evicted));
        if !self.shared.codec.has_dictionary() {
            self.shared.wake_keeper();
        }
        Ok(appended)
    }

    fn exchange(&self, bucket: BucketId, uuid: Uuid) -> Result<Option<Exchange>, StoreError> {
        let found = places::at(&self.shared, bucket, sequence_of(uuid))?;
        Ok(found.filter(|exchange| exchange.uuid == uuid))
    }

    fn search(&self, search: &Search) -> Result<Page, StoreError> {
        Reader::new(&self.shared, &search.scan)?.page(search)
    }

    fn arrived_after(
        &self,
        bucket: BucketId,
        sequence: i64,
        most: usize,
    ) -> Result<Vec<Exchange>, StoreError> {
        places::after(&self.shared, bucket, sequence, most)
    }

    fn next_after(&self, scan: &Scan, sequence: i64) -> Result<Option<Uuid>, StoreError> {
        places::next_after(&self.shared, scan, sequence)
    }

    fn at(&self, bucket: BucketId, sequence: i64) -> Result<Option<Exchange>, StoreError> {
        places::at(&self.shared, bucket, sequence)
    }

    fn facets(&self, scan: &Scan, values: usize) -> Result<Facets, StoreError> {
        aggregate::facets(&self.shared, scan, values)
    }

    fn histogram(&self, scan: &Scan, step: Duration) -> Result<Histogram, StoreError> {
        histogram::histogram(&self.shared, scan, step)
    }

    fn extent(&self, scan: &Scan) -> Result<Option<Extent>, StoreError> {
        histogram::extent(&self.shared, scan)
    }

    fn summary(&self, scan: &Scan) -> Result<Summary, StoreError> {
        aggregate::summary(&self.shared, scan)
    }

    fn clear(&self, bucket: BucketId) -> Result<(), StoreError> {
        self.ask(|reply| Job::Clear(bucket, reply))?;
        self.shared.wake_keeper();
        Ok(())
    }

    fn buckets(&self) -> Result<Vec<Bucket>, StoreError> {
        self.shared.catalogue.buckets()
    }

    fn bucket(&self, key: &str) -> Result<Option<Bucket>, StoreError> {
        self.shared.catalogue.bucket(key)
    }

    fn create_bucket(&self, bucket: &NewBucket) -> Result<Bucket, StoreError> {
        self.shared.catalogue.create_bucket(bucket)
    }

    fn delete_bucket(&self, bucket: BucketId) -> Result<(), StoreError> {
        self.ask(|reply| Job::DeleteBucket(bucket, reply))?;
        self.shared.wake_keeper();
        Ok(())
    }

    fn add_token(&self, bucket: BucketId, token: &NewToken) -> Result<TokenInfo, StoreError> {
        self.shared.catalogue.add_token(bucket, token)
    }

    fn tokens(&self, bucket: BucketId) -> Result<Vec<TokenInfo>, StoreError> {
        self.shared.catalogue.tokens(bucket)
    }

    fn remove_token(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError> {
        self.shared.catalogue.remove_token(bucket, id)
    }

    fn grant(&self, digest: &[u8; 32]) -> Result<Option<Grant>, StoreError> {
        self.shared.catalogue.grant(digest)
    }

    fn share(&self, bucket: BucketId, uuid: Uuid) -> Result<Option<Share>, StoreError> {
        match self.exchange(bucket, uuid)? {
            Some(_) => self.shared.catalogue.share(bucket, uuid).map(Some),
            None => Ok(None),
        }
    }

    fn unshare(&self, bucket: BucketId, uuid: Uuid) -> Result<bool, StoreError> {
        self.shared.catalogue.unshare(bucket, uuid)
    }

    fn shares(&self, bucket: BucketId) -> Result<Vec<Share>, StoreError> {
        self.shared.catalogue.shares(bucket)
    }

    fn shared(&self, name: &str) -> Result<Option<Share>, StoreError> {
        self.shared.catalogue.shared(name)
    }

    fn add_view(&self, bucket: BucketId, view: &NewView) -> Result<SavedView, StoreError> {
        self.shared.catalogue.add_view(bucket, view)
    }

    fn views(&self, bucket: BucketId) -> Result<Vec<SavedView>, StoreError> {
        self.shared.catalogue.views(bucket)
    }

    fn change_view(&self, bucket: BucketId, id: i64, view: &NewView) -> Result<bool, StoreError> {
        self.shared.catalogue.change_view(bucket, id, view)
    }

    fn remove_view(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError> {
        self.shared.catalogue.remove_view(bucket, id)
    }

    fn sessions(&self, owner: &[u8; 32]) -> Result<Vec<Session>, StoreError> {
        self.shared.catalogue.sessions(owner)
    }

    fn keep_sessions(&self, owner: &[u8; 32], sessions: &[Session]) -> Result<(), StoreError> {
        self.shared.catalogue.keep_sessions(owner, sessions)
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let mut stats = Stats {
            newest: *self.shared.newest.borrow(),
            commits: self.shared.commits.load(Ordering::Relaxed),
            waiting: self.shared.waiting.load(Ordering::Relaxed),
            ..Stats::default()
        };
        for (partition, _) in self.shared.partitions.newest_first() {
            let sql = "SELECT coalesce(sum(count), 0) FROM rollup";
            let count: Option<i64> = partition
                .read(|connection| Ok(connection.query_row(sql, [], |row| row.get(0))?))?;
            stats.exchanges = stats
                .exchanges
                .saturating_add(count.unwrap_or(0).max(0).unsigned_abs());
            stats.bytes = stats.bytes.saturating_add(partition.bytes());
            stats.partitions += 1;
        }
        Ok(stats)
    }

    fn changes(&self) -> Changes {
        Changes {
            newest: self.shared.newest.subscribe(),
            joined: self.shared.joined.subscribe(),
        }
    }

    fn is_alive(&self) -> bool {
        !self.threads.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.shared
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let _ = self.writer.send(Job::Stop);
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
    }
}

/// Only its owner can read what was captured. A directory that was there stays as it is; the files
/// are private by themselves.
fn create_private_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(directory)?)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}
