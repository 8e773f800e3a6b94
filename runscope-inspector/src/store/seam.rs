use super::{
    Bucket, BucketId, Extent, Facets, Grant, Histogram, NewBucket, NewToken, NewView, Page,
    SavedView, Scan, Search, Session, Share, Stats, StoreError, Summary, TokenInfo,
};
use crate::exchange::{Exchange, Timestamp};
use runscope_core::Message;
use std::fmt;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

/// What the server asks of a database.
///
/// Every method may block on I/O, so async code calls them on a blocking thread. Reads see all that
/// was appended before they began, and never wait for a writer.
pub trait Store: super::AlertStore + fmt::Debug + Send + Sync + 'static {
    /// Stores messages in their order and answers when they are committed, with one result each.
    ///
    /// A message with an identifier that its bucket knows is not stored again; where it brings the
    /// half that is missing, request or response, the two become one exchange.
    ///
    /// A message's `uuid` is what it was exported under. Where the bucket has that exchange, or was given
    /// a message of the same `uuid` before, the message is known.
    ///
    /// # Errors
    ///
    /// When nothing of it is stored: the bucket is gone, the disk is full or fails.
    fn append(&self, bucket: BucketId, messages: Vec<Message>)
    -> Result<Vec<Appended>, StoreError>;

    /// One exchange with its bodies.
    ///
    /// # Errors
    ///
    /// When the disk fails; so in every method below.
    fn exchange(&self, bucket: BucketId, uuid: Uuid) -> Result<Option<Exchange>, StoreError>;

    /// The exchanges that match a filter, newest first.
    fn search(&self, search: &Search) -> Result<Page, StoreError>;

    /// Exchanges that arrived after a place in the order of arrival, oldest first, with bodies: at
    /// most so many, and fewer where they are large.
    fn arrived_after(
        &self,
        bucket: BucketId,
        sequence: i64,
        most: usize,
    ) -> Result<Vec<Exchange>, StoreError>;

    /// The first exchange that arrived after a place and matches. None also where it was not found
    /// before the deadline. Bodies are read only where nothing else can tell whether they match.
    fn next_after(&self, scan: &Scan, sequence: i64) -> Result<Option<Uuid>, StoreError>;

    /// The exchange at a place in the order of arrival, with bodies.
    fn at(&self, bucket: BucketId, sequence: i64) -> Result<Option<Exchange>, StoreError>;

    /// The most frequent values of each facet among the exchanges that match.
    fn facets(&self, scan: &Scan, values: usize) -> Result<Facets, StoreError>;

    /// The matching exchanges counted over time and by class of status, with percentiles of their
    /// durations, in steps of whole minutes, or of whole seconds below one.
    fn histogram(&self, scan: &Scan, step: Duration) -> Result<Histogram, StoreError>;

    /// When the exchanges of a bucket are from, within the filter's own bounds of time; what else is
    /// in the filter is not looked at.
    fn extent(&self, scan: &Scan) -> Result<Option<Extent>, StoreError>;

    /// The matching exchanges grouped by method and route.
    fn summary(&self, scan: &Scan) -> Result<Summary, StoreError>;

    /// Forgets every exchange of a bucket. They are gone from every read when this returns; the
    /// disk space follows.
    fn clear(&self, bucket: BucketId) -> Result<(), StoreError>;

    /// Every bucket, the oldest first.
    fn buckets(&self) -> Result<Vec<Bucket>, StoreError>;

    /// The bucket with a key.
    fn bucket(&self, key: &str) -> Result<Option<Bucket>, StoreError>;

    /// Makes a bucket with a new key.
    fn create_bucket(&self, bucket: &NewBucket) -> Result<Bucket, StoreError>;

    /// Deletes a bucket with its exchanges, tokens and shares.
    fn delete_bucket(&self, bucket: BucketId) -> Result<(), StoreError>;

    /// Lets a token, known by its digest, into a bucket.
    fn add_token(&self, bucket: BucketId, token: &NewToken) -> Result<TokenInfo, StoreError>;

    /// The tokens of a bucket.
    fn tokens(&self, bucket: BucketId) -> Result<Vec<TokenInfo>, StoreError>;

    /// Takes a token away; whether there was one.
    fn remove_token(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError>;

    /// What a token allows.
    fn grant(&self, digest: &[u8; 32]) -> Result<Option<Grant>, StoreError>;

    /// Shares an exchange under a name that can't be guessed, always the same; `None` where there is
    /// no such exchange.
    fn share(&self, bucket: BucketId, uuid: Uuid) -> Result<Option<Share>, StoreError>;

    /// Takes a share back; whether there was one.
    fn unshare(&self, bucket: BucketId, uuid: Uuid) -> Result<bool, StoreError>;

    /// The shares of a bucket, newest first.
    fn shares(&self, bucket: BucketId) -> Result<Vec<Share>, StoreError>;

    /// The share of a name.
    fn shared(&self, name: &str) -> Result<Option<Share>, StoreError>;

    /// Keeps a filter under a name.
    fn add_view(&self, bucket: BucketId, view: &NewView) -> Result<SavedView, StoreError>;

    /// The views of a bucket, the oldest first.
    fn views(&self, bucket: BucketId) -> Result<Vec<SavedView>, StoreError>;

    /// Changes a view's name and filter; whether there is one of this number.
    fn change_view(&self, bucket: BucketId, id: i64, view: &NewView) -> Result<bool, StoreError>;

    /// Removes a view; whether there was one.
    fn remove_view(&self, bucket: BucketId, id: i64) -> Result<bool, StoreError>;

    /// The sessions that were kept for an owner's token of this digest; those of another token are
    /// over.
    fn sessions(&self, owner: &[u8; 32]) -> Result<Vec<Session>, StoreError>;

    /// Keeps these sessions, in the place of those before.
    fn keep_sessions(&self, owner: &[u8; 32], sessions: &[Session]) -> Result<(), StoreError>;

    /// What is stored, in numbers.
    fn stats(&self) -> Result<Stats, StoreError>;

    /// Follows what is stored from now on.
    fn changes(&self) -> Changes;

    /// Whether what works on it in the background still does, so that it can store.
    fn is_alive(&self) -> bool;
}

/// What became of one appended message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The identifier of the exchange it is, or is part of.
    pub uuid: Uuid,
    /// How it is kept.
    pub kept: Kept,
}

/// How an appended message is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// As a new exchange.
    New,
    /// As the missing half of an exchange that was there.
    Joined,
    /// It was there already.
    Known,
}

/// News of what is stored, in places of the order of arrival.
#[derive(Debug)]
pub struct Changes {
    /// The newest place that is committed.
    pub newest: watch::Receiver<i64>,
    /// Places whose exchange got its other half after it was first stored.
    pub joined: broadcast::Receiver<i64>,
}

impl Changes {
    /// The time at which a reader that saw nothing yet starts.
    #[must_use]
    pub fn start(&self) -> i64 {
        *self.newest.borrow()
    }
}

impl Appended {
    pub(super) fn new(sequence: i64, arrived: Timestamp, kept: Kept) -> Self {
        Self {
            uuid: uuid_of(sequence, arrived),
            kept,
        }
    }
}

/// A UUIDv8 (RFC 9562, section 5.8) that carries its own place: 48 bits of arrival in milliseconds
/// and 62 bits of sequence. So an exchange is found without an index; the milliseconds tell one
/// data directory's identifiers from another's.
pub(crate) fn uuid_of(sequence: i64, arrived: Timestamp) -> Uuid {
    let millis = u128::from(arrived.as_micros().max(0).unsigned_abs() / 1000) & ((1 << 48) - 1);
    let place = u128::from(sequence.max(0).unsigned_abs()) & ((1 << 62) - 1);
    uuid::Builder::from_custom_bytes(((millis << 80) | place).to_be_bytes()).into_uuid()
}

/// The sequence in an identifier that [`uuid_of`] made; anything for others.
pub(crate) fn sequence_of(uuid: Uuid) -> i64 {
    i64::try_from(uuid.as_u128() & ((1 << 62) - 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_carries_its_place() {
        for (sequence, micros) in [
            (1, 0),
            (42, 1_795_341_600_123_456),
            ((1 << 62) - 1, i64::MAX),
        ] {
            let uuid = uuid_of(sequence, Timestamp::from_micros(micros));
            assert_eq!(sequence_of(uuid), sequence);
            assert_eq!(uuid.get_version_num(), 8);
        }
    }
}
