use super::batch::{Batch, first_arrival};
use super::bloom::Bloom;
use super::catalogue::Catalogue;
use super::database::Shared;
use super::document::Document;
use super::partition::Partition;
use super::purge;
use super::schema;
use super::tallies;
use crate::exchange::Timestamp;
use crate::store::{Appended, BucketId, StoreError};
use runscope_core::Message;
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// The documents of one transaction: enough to share the cost of a commit, few enough to answer
/// soon.
const LARGEST_BATCH: usize = 1000;

/// How long nobody has asked for anything before the index is merged.
const IDLE: Duration = Duration::from_millis(20);

/// The pages of the index that one step of merging writes: a job that comes meanwhile waits for it.
const MERGED_PAGES: i64 = 64;

/// Where the answer to a job goes. A sender that is gone does not want it any more.
type Reply<T> = SyncSender<Result<T, StoreError>>;

/// What the writer is asked to do.
pub(super) enum Job {
    Append(Vec<Document>, Reply<Answered>),
    Clear(BucketId, Reply<()>),
    DeleteBucket(BucketId, Reply<()>),
    /// Closes the partition if its time is over.
    Tick,
    /// Ends the writer, after what came before.
    Stop,
}

/// What became of an append. Whoever asked for it frees what is left over: that is work for threads of
/// which there are many.
pub(super) struct Answered {
    pub(super) appended: Vec<Appended>,
    /// What was stored.
    pub(super) spent: Vec<Document>,
    /// What is not the newest any more.
    pub(super) evicted: Vec<Arc<Message>>,
}

/// The one thread that writes exchanges.
pub(super) struct Writer {
    shared: Arc<Shared>,
    partition: Arc<Partition>,
    connection: Connection,
    next: i64,
    /// When the partition's first exchange arrived; `None` while it is empty.
    opened: Option<Timestamp>,
    /// Whether the index may have pieces that could be merged.
    in_pieces: bool,
}

impl Writer {
    /// Opens the newest partition, or makes the first one.
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let newest = shared.partitions.newest_first().into_iter().next();
        let partition = match newest {
            Some((partition, _)) => partition,
            None => {
                let first = Arc::new(Partition::new(&shared.settings.directory, 1));
                shared.partitions.push(Arc::clone(&first));
                first
            }
        };
        let connection = open(&shared, &partition)?;
        let last: Option<i64> =
            connection.query_row("SELECT max(seq) FROM exchange", [], |row| row.get(0))?;
        let next = last.map_or(partition.first(), |last| last + 1);
        let opened = first_arrival(&connection)?;
        shared.newest.send_replace(next - 1);
        let mut writer = Self {
            shared,
            partition,
            connection,
            next,
            opened,
            in_pieces: true,
        };
        // One of before there were these counts would stay without them as long as it is written.
        if !tallies::are_whole(&writer.connection)?
            && let Err(error) = writer.rotate()
        {
            tracing::warn!(%error, "an older partition stays open");
        }
        Ok(writer)
    }

    /// Works until it is told to stop or nobody can ask any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut waiting = None;
        while let Some(job) = waiting.take().or_else(|| self.next_job(jobs)) {
            match job {
                Job::Append(documents, reply) => {
                    waiting = self.append_with_waiting(documents, reply, jobs);
                    self.rotate_if_due();
                }
                Job::Clear(bucket, reply) => answer(&reply, self.clear(bucket)),
                Job::DeleteBucket(bucket, reply) => answer(&reply, self.delete_bucket(bucket)),
                Job::Tick => self.rotate_if_due(),
                Job::Stop => return,
            }
        }
    }

    /// Waits for a job. Each transaction adds a piece to the index, and each lookup looks into all of
    /// them: while nobody asks for anything, they are merged.
    fn next_job(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        while self.in_pieces {
            match jobs.recv_timeout(IDLE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    // On a full disk for one: reading is slower, and the next append tries again.
                    self.in_pieces = purge::merge(&self.connection, MERGED_PAGES).unwrap_or(false);
                }
            }
        }
        jobs.recv().ok()
    }

    /// Commits what is waiting as one transaction. The job that ended the batch comes back.
    fn append_with_waiting(
        &mut self,
        documents: Vec<Document>,
        reply: Reply<Answered>,
        jobs: &Receiver<Job>,
    ) -> Option<Job> {
        let mut size = documents.len();
        let mut appends = vec![documents];
        let mut replies = vec![reply];
        let mut other = None;
        while size < LARGEST_BATCH && other.is_none() {
            match jobs.try_recv() {
                Ok(Job::Append(documents, reply)) => {
                    size += documents.len();
                    appends.push(documents);
                    replies.push(reply);
                }
                Ok(job) => other = Some(job),
                Err(_) => break,
            }
        }
        match self.append(appends) {
            Ok(results) => replies
                .iter()
                .zip(results)
                .for_each(|(reply, result)| answer(reply, result)),
            Err(error) => replies
                .iter()
                .for_each(|reply| answer(reply, Err(error.clone()))),
        }
        other
    }

    /// Either all is committed or nothing is; a bucket that is gone only fails its own append.
    fn append(
        &mut self,
        appends: Vec<Vec<Document>>,
    ) -> Result<Vec<Result<Answered, StoreError>>, StoreError> {
        let arrived = appends
            .iter()
            .flatten()
            .map(|document| document.arrived)
            .next();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::new(&self.shared, &transaction, self.next)?;
        let mut results = Vec::with_capacity(appends.len());
        for documents in appends {
            let appended: Result<Vec<_>, _> = documents
                .iter()
                .map(|document| batch.put(document))
                .collect();
            match appended {
                Err(error) if !error.is_no_bucket() => return Err(error),
                Err(error) => results.push(Err(error)),
                Ok(appended) => results.push(Ok(Answered {
                    appended,
                    spent: documents,
                    evicted: Vec::new(),
                })),
            }
        }
        let written = batch.finish()?;
        transaction.commit()?;
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        if written.next > self.next {
            self.opened = self.opened.or(arrived);
        }
        self.in_pieces = true;
        let evicted = self.shared.recent.extend(self.next, written.messages);
        if let Some(Ok(answered)) = results.iter_mut().find(|result| result.is_ok()) {
            answered.evicted = evicted;
        }
        self.next = written.next;
        self.shared.newest.send_replace(self.next - 1);
        for sequence in written.joined {
            // Nobody may be following.
            let _ = self.shared.joined.send(sequence);
        }
        Ok(results)
    }

    fn clear(&mut self, bucket: BucketId) -> Result<(), StoreError> {
        self.forget(bucket, Catalogue::clear)
    }

    fn delete_bucket(&mut self, bucket: BucketId) -> Result<(), StoreError> {
        self.forget(bucket, Catalogue::delete_bucket)
    }

    /// Hides what there is of a bucket, and has it taken off the disk. Where the open partition can't be
    /// parted from it, on a full disk for one, it is hidden by its place.
    fn forget(
        &mut self,
        bucket: BucketId,
        hide: impl Fn(&Catalogue, BucketId, i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.shared.recent.clear();
        let parted = self.part_from(bucket);
        let through = match parted {
            Ok(()) => self.partition.first() - 1,
            Err(_) => self.next - 1,
        };
        let ballast = &self.shared.ballast;
        let hide = || hide(&self.shared.catalogue, bucket, through);
        match hide() {
            Err(error) if error.is_full() && ballast.spend() => hide()?,
            done => done?,
        }
        if let Err(error) = parted {
            ballast.spend();
            // A partition that is left behind is unlinked whole, and that makes room again.
            if self.rotate().is_err() {
                tracing::warn!(%error, "what was cleared stays on the disk for now");
            }
        }
        Ok(())
    }

    /// Sees to it that the open partition has nothing of a bucket: few rows are deleted at once, and more
    /// are left behind in a partition of the past, so that clearing a small bucket again and again does
    /// not cut the store into a file each time.
    fn part_from(&mut self, bucket: BucketId) -> Result<(), StoreError> {
        if purge::held(&self.connection, bucket)? > purge::STEP {
            return self.rotate();
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut after = i64::MIN;
        while let Some(last) = purge::delete_some(&transaction, bucket, after, i64::MAX)? {
            after = last;
        }
        Ok(transaction.commit()?)
    }

    /// A partition that can't be closed now, on a full disk for one, goes on a little longer.
    fn rotate_if_due(&mut self) {
        let Some(opened) = self.opened else { return };
        let span = i64::try_from(self.shared.settings.partition_span.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let period = |time: Timestamp| time.as_micros().div_euclid(span);
        let over = period(Timestamp::now()) != period(opened);
        if (over || self.partition.bytes() > self.shared.settings.partition_limit())
            && let Err(error) = self.rotate()
        {
            tracing::warn!(%error, "a full partition stays open");
        }
    }

    /// Seals the partition and begins the next; an empty one stays.
    fn rotate(&mut self) -> Result<(), StoreError> {
        if self.next == self.partition.first() {
            return Ok(());
        }
        let next = Arc::new(Partition::new(&self.shared.settings.directory, self.next));
        let begun = open(&self.shared, &next)
            .and_then(|connection| seal(&self.partition, &self.connection).map(|()| connection));
        let connection = match begun {
            Ok(connection) => connection,
            Err(error) => {
                // The partition before goes on, and would run into the places of a file left behind.
                next.delete()?;
                return Err(error);
            }
        };
        let before = std::mem::replace(&mut self.connection, connection);
        self.shared.partitions.push(Arc::clone(&next));
        self.partition = next;
        self.opened = None;
        // What a reader still needs stays in the log until the file is opened for writing again.
        let _ = before.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.shared.wake_keeper();
        Ok(())
    }
}

/// Makes a partition's identifiers known in memory. The filter is kept in its file, so that opening
/// a store does not read them all.
pub(super) fn seal(partition: &Partition, connection: &Connection) -> Result<(), StoreError> {
    let kept: Option<Vec<u8>> =
        connection.query_row("SELECT (SELECT bloom FROM seal)", [], |row| row.get(0))?;
    if let Some(bytes) = kept {
        partition.seal(Bloom::from_bytes(bytes));
        return Ok(());
    }
    let from = "FROM exchange WHERE identity IS NOT NULL";
    let count: i64 =
        connection.query_row(&format!("SELECT count(*) {from}"), [], |row| row.get(0))?;
    let mut bloom = Bloom::new(usize::try_from(count).unwrap_or(0));
    let mut statement = connection.prepare(&format!("SELECT identity {from}"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        bloom.insert(row.get(0)?);
    }
    connection.execute("INSERT INTO seal VALUES (?1)", [bloom.as_bytes()])?;
    partition.seal(bloom);
    Ok(())
}

fn open(shared: &Shared, partition: &Partition) -> Result<Connection, StoreError> {
    let connection = schema::open(partition.path(), schema::PARTITION, &shared.settings, true)?;
    if let Some(pages) = shared.settings.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(connection)
}

fn answer<T>(reply: &Reply<T>, result: Result<T, StoreError>) {
    let _ = reply.send(result);
}
