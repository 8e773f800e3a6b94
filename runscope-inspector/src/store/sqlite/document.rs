use super::codec::{Codec, Packed};
use super::reader::weight;
use super::terms::{GAP, terms};
use crate::exchange::{Attributes, Timestamp};
use crate::query::{Side, pieces, push_words, searched_body};
use crate::store::{BucketId, StoreError};
use runscope_core::Message;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// A message with all that is stored of it, made before the writer is asked: cutting words and
/// compressing cost most, and callers can do that side by side.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) bucket: BucketId,
    pub(super) arrived: Timestamp,
    /// A hash of bucket and identifier, where the message has one: its own, or else the one that it was
    /// exported under.
    pub(super) identity: Option<i64>,
    pub(super) attributes: Attributes,
    pub(super) packed: Packed,
    pub(super) text: IndexedText,
    pub(super) message: Arc<Message>,
    /// What the message takes in memory.
    pub(super) weight: usize,
}

/// The columns of the full-text index: words with spaces between.
#[derive(Debug, Default)]
pub(super) struct IndexedText {
    pub(super) head: String,
    pub(super) request_body: String,
    pub(super) response_body: String,
    pub(super) terms: String,
}

impl Document {
    pub(super) fn new(
        bucket: BucketId,
        mut message: Message,
        arrived: Timestamp,
        codec: &Codec,
    ) -> Result<Self, StoreError> {
        let attributes = Attributes::of(&message, arrived);
        Ok(Self {
            bucket,
            arrived,
            identity: message
                .unique_identifier
                .as_deref()
                .or(message.uuid.as_deref())
                .map(|id| identity(bucket, id)),
            text: IndexedText::of(bucket, &attributes, &message),
            packed: codec.pack(&mut message)?,
            attributes,
            weight: weight(&message),
            message: Arc::new(message),
        })
    }
}

impl IndexedText {
    fn of(bucket: BucketId, attributes: &Attributes, message: &Message) -> Self {
        let mut text = Self {
            head: String::with_capacity(1024),
            ..Self::default()
        };
        pieces(message, |piece| {
            text.head.push_str(GAP);
            text.head.push(' ');
            push_words(&mut text.head, piece);
        });
        for (side, column) in [
            (Side::Request, &mut text.request_body),
            (Side::Response, &mut text.response_body),
        ] {
            if let Some(body) = searched_body(message, side) {
                push_words(column, &body);
            }
        }
        text.terms = terms(bucket, attributes, message);
        text
    }
}

/// A hash of bucket and identifier; of a UUIDv7 it begins with its second, so that the identifiers of
/// one time lie side by side in the index. A message with an identifier that hashes alike is compared.
/// Files depend on it, so it must never change.
fn identity(bucket: BucketId, identifier: &str) -> i64 {
    /// Milliseconds a second of an identity has, as a power of two; the rest of it is hash.
    const SECOND: u32 = 10;
    const HASH: u32 = 26;
    let digest = Sha256::new()
        .chain_update(bucket.0.to_be_bytes())
        .chain_update(identifier.as_bytes())
        .finalize();
    let mut hash = [0; 8];
    hash.iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    let hash = i64::from_be_bytes(hash);
    match millis(identifier) {
        Some(millis) => (millis >> SECOND << HASH) | (hash & ((1 << HASH) - 1)),
        None => hash,
    }
}

/// The time of a UUIDv7 (RFC 9562, section 5.7).
fn millis(identifier: &str) -> Option<i64> {
    let uuid = Uuid::try_parse(identifier).ok()?;
    let millis = i64::try_from(uuid.as_u128() >> 80).ok()?;
    (uuid.get_version_num() == 7).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_never_changes() {
        assert_eq!(identity(BucketId(1), "a"), 4_258_557_881_403_305_461);
        assert_ne!(identity(BucketId(1), "a"), identity(BucketId(2), "a"));
        let v7 = "0198c8a4-7d1e-7abc-8000-0123456789ab";
        assert_eq!(identity(BucketId(1), v7), 115_062_399_306_316_145);
    }

    #[test]
    fn identifiers_of_one_second_have_neighbouring_identities() {
        let of = |id: &str| identity(BucketId(1), id);
        let first = of("0198c8a4-7c00-7abc-8000-0123456789ab");
        let same_second = of("0198c8a4-7fff-7def-9000-0123456789ab");
        let next_second = of("0198c8a4-8000-7abc-8000-0123456789ab");
        assert!((first - same_second).abs() < 1 << 26);
        assert_ne!(first, same_second);
        assert!(next_second > first && next_second - first < 1 << 27);
    }
}
