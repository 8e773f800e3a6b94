use crate::exchange::Timestamp;
use uuid::Uuid;

/// A store's own number for a bucket; never used twice in one data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketId(pub(super) i64);

/// A bucket that exchanges are stored in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The store's number for it.
    pub id: BucketId,
    /// Its key in the API's paths.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The team it was made for; a label and nothing more.
    pub team: String,
    /// Whether it is the one that was made with the store, which can't be deleted.
    pub default: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// A bucket to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBucket {
    /// Its name.
    pub name: String,
    /// The team it is for.
    pub team: String,
}

/// What a token allows in its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything that does not change what is stored.
    Read,
    /// Sending messages, and nothing else.
    Write,
}

/// A token's bucket and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The token's number.
    pub token: i64,
    /// The bucket it lets in to.
    pub bucket: BucketId,
    /// What it allows there.
    pub scope: Scope,
}

/// A token to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What it allows.
    pub scope: Scope,
    /// The SHA-256 of it.
    pub digest: [u8; 32],
    /// Who or what has it, for people.
    pub name: Option<String>,
}

impl NewToken {
    /// A token without a name.
    #[must_use]
    pub fn new(scope: Scope, digest: [u8; 32]) -> Self {
        Self {
            scope,
            digest,
            name: None,
        }
    }
}

/// What is known of a token: all but the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its number, by which it is removed.
    pub id: i64,
    /// What it allows.
    pub scope: Scope,
    /// Who or what has it, if that was told.
    pub name: Option<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// A filter that is kept under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its number, by which it is changed and removed.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The filter, as it was written.
    pub filter: String,
    /// When it was made.
    pub created: Timestamp,
}

/// A browser that is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of its identifier.
    pub digest: [u8; 32],
    /// When it was last used.
    pub used: Timestamp,
}

/// A view to be made, or what one becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewView {
    /// Its name.
    pub name: String,
    /// The filter.
    pub filter: String,
}

/// An exchange that anyone who knows its name can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The name that can't be guessed.
    pub name: String,
    /// The bucket of the exchange.
    pub bucket: BucketId,
    /// The exchange.
    pub uuid: Uuid,
    /// When it was shared.
    pub created: Timestamp,
}
