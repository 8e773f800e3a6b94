//! From ingest to the evaluator: bounded, and nobody waits here.
//!
//! An append opens a [`Ticket`] before it asks the store and hands in its messages when they are
//! committed. The evaluator goes no further than where the oldest open ticket began, so it sees calls
//! in the order of arrival, each once, and what it has seen can be told by one number.

use crate::store::{Appended, BucketId, Kept, sequence_of};
use runscope_core::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// Messages in the feed hold at most so many bytes; those that come on top are read from the store
/// again.
const MOST_BYTES: usize = 32 << 20;

/// Calls that wait to be evaluated; more are passed over, and counted.
const MOST_WAITING: usize = 200_000;

/// A call that was committed.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) bucket: BucketId,
    pub(super) uuid: Uuid,
    /// Whether it is the other half of a call that was there.
    pub(super) joined: bool,
    /// As it was sent; without one it is to be read from the store.
    pub(super) message: Option<Message>,
    bytes: usize,
}

#[derive(Debug)]
pub(super) struct Feed {
    newest: watch::Receiver<i64>,
    waiting: Mutex<Waiting>,
    wake: Condvar,
    pub(super) passed_over: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The buckets that any rule watches; `None` for all of them.
    watched: Option<BTreeSet<BucketId>>,
    /// The newest place when each open append began.
    open: BTreeMap<u64, i64>,
    next: u64,
    arrived: Vec<Arrived>,
    bytes: usize,
    stop: bool,
    urgent: bool,
}

/// An append that goes on.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    feed: &'a Feed,
    number: u64,
    room: usize,
}

impl Feed {
    pub(super) fn new(newest: watch::Receiver<i64>) -> Self {
        let waiting = Waiting {
            watched: Some(BTreeSet::new()),
            ..Waiting::default()
        };
        Self {
            newest,
            waiting: Mutex::new(waiting),
            wake: Condvar::new(),
            passed_over: AtomicU64::new(0),
        }
    }

    /// Says which buckets are watched.
    pub(super) fn watch(&self, buckets: Option<BTreeSet<BucketId>>) {
        self.lock().watched = buckets;
    }

    /// Opens a ticket for an append to a bucket; `None` where no rule watches it.
    pub(crate) fn begin(&self, bucket: BucketId) -> Option<Ticket<'_>> {
        let newest = *self.newest.borrow();
        let mut waiting = self.lock();
        let watched = waiting.watched.as_ref();
        if watched.is_some_and(|watched| !watched.contains(&bucket)) {
            return None;
        }
        let number = waiting.next;
        waiting.next = number.wrapping_add(1);
        waiting.open.insert(number, newest);
        Some(Ticket {
            feed: self,
            number,
            room: MOST_BYTES.saturating_sub(waiting.bytes),
        })
    }

    /// Takes what can be evaluated, in the order of arrival, with the place up to which that is.
    pub(super) fn take(&self) -> (Vec<Arrived>, i64) {
        let mut waiting = self.lock();
        let newest = *self.newest.borrow();
        let through = waiting
            .open
            .values()
            .min()
            .copied()
            .unwrap_or(newest)
            .min(newest);
        let ready = |arrived: &Arrived| arrived.joined || sequence_of(arrived.uuid) <= through;
        let all = std::mem::take(&mut waiting.arrived);
        let (mut ready, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(ready);
        waiting.arrived = rest;
        waiting.bytes = waiting.arrived.iter().map(|arrived| arrived.bytes).sum();
        waiting.urgent = false;
        drop(waiting);
        ready.sort_by_key(|arrived| (sequence_of(arrived.uuid), arrived.joined));
        (ready, through)
    }

    /// Waits for a while, or until somebody [wakes](Self::wake) it; whether to go on.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let waiting = self.lock();
        let idle = |waiting: &mut Waiting| !waiting.stop && !waiting.urgent;
        let waited = self.wake.wait_timeout_while(waiting, time, idle);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.urgent = false;
        !waiting.stop
    }

    /// Has the evaluator look now.
    pub(super) fn wake(&self) {
        self.lock().urgent = true;
        self.wake.notify_all();
    }

    /// Ends the evaluator.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.wake.notify_all();
    }

    pub(super) fn len(&self) -> usize {
        self.lock().arrived.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// Copies of messages that are about to be stored, as far as there is room for them.
    pub(crate) fn copies(&self, messages: &[Message]) -> Vec<Option<Message>> {
        let mut room = self.room;
        let copy = |message: &Message| {
            room = room.checked_sub(crate::exchange::weight(message))?;
            Some(message.clone())
        };
        messages.iter().map(copy).collect()
    }

    /// Hands in what was committed.
    pub(crate) fn finish(
        self,
        bucket: BucketId,
        copies: Vec<Option<Message>>,
        appended: &[Appended],
    ) {
        let mut waiting = self.feed.lock();
        for (message, appended) in copies.into_iter().zip(appended) {
            if appended.kept == Kept::Known {
                continue;
            }
            if waiting.arrived.len() >= MOST_WAITING {
                self.feed.passed_over.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let bytes = message.as_ref().map_or(0, crate::exchange::weight);
            waiting.bytes = waiting.bytes.saturating_add(bytes);
            waiting.arrived.push(Arrived {
                bucket,
                uuid: appended.uuid,
                joined: appended.kept == Kept::Joined,
                message,
                bytes,
            });
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.feed.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{NewBucket, Settings, Sqlite, Store};
    use runscope_core::{Request, Response};

    fn messages() -> Vec<Message> {
        let message = |path: &str| {
            Message::new()
                .request(Request::new("GET", path))
                .response(Response::new(200))
        };
        vec![message("/a"), message("/b")]
    }

    #[test]
    fn calls_are_taken_in_order_and_never_beyond_an_append_that_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(Settings::new(directory.path())).unwrap();
        let bucket = store.buckets().unwrap()[0].id;
        let feed = Feed::new(store.changes().newest);
        assert!(feed.begin(bucket).is_none());
        feed.watch(Some(BTreeSet::from([bucket])));

        let (slow, quick) = (feed.begin(bucket).unwrap(), feed.begin(bucket).unwrap());
        let first = store.append(bucket, messages()).unwrap();
        let second = store.append(bucket, messages()).unwrap();
        quick.finish(bucket, vec![None, None], &second);
        let (taken, through) = feed.take();
        assert_eq!((taken.len(), through), (0, 0));
        let copies = slow.copies(&messages());
        slow.finish(bucket, copies, &first);
        let (taken, through) = feed.take();
        let places: Vec<_> = taken
            .iter()
            .map(|arrived| sequence_of(arrived.uuid))
            .collect();
        assert_eq!((places.as_slice(), through), (&[1, 2, 3, 4][..], 4));
        assert!(taken[0].message.is_some() && taken[3].message.is_none());

        // One that fails hands in nothing, and holds up nobody.
        drop(feed.begin(bucket));
        assert_eq!(feed.take().1, 4);
        let other = store.create_bucket(&NewBucket {
            name: "b".to_owned(),
            team: "t".to_owned(),
        });
        assert!(feed.begin(other.unwrap().id).is_none());
    }

    #[test]
    fn what_there_is_no_room_for_is_read_from_the_store() {
        let (_newest, receiver) = watch::channel(0);
        let feed = Feed::new(receiver);
        feed.watch(None);
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(Settings::new(directory.path())).unwrap();
        let bucket = store.buckets().unwrap()[0].id;
        let mut ticket = feed.begin(bucket).unwrap();
        ticket.room = crate::exchange::weight(&messages()[0]);
        let copies = ticket.copies(&messages());
        assert!(copies[0].is_some() && copies[1].is_none());
    }
}
