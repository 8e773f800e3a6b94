//! Keeping exchanges, and finding them again.
//!
//! [`Store`] is all that the server asks of a database; [`Sqlite`] answers it from files in one
//! directory. Nothing outside this module knows SQL.

mod seam;
mod alerts;
mod bucket;
mod search;
mod report;
mod error;
mod sqlite;

pub use alerts::{
    AlertCommit, AlertDocument, AlertStore, AlertsWanted, KeptAlert, KeptNotice, NewNotice,
    NoticeState, NoticesWanted, SettledNotice,
};
pub use bucket::{
    Bucket, BucketId, Grant, NewBucket, NewToken, NewView, SavedView, Scope, Session, Share,
    TokenInfo,
};
pub use error::StoreError;
pub use report::{Bar, Extent, Facet, FacetField, Facets, Histogram, Stats, Summary, SummaryRow};
pub(crate) use seam::sequence_of;
pub use seam::{Appended, Changes, Kept, Store};
pub use search::{Count, Page, Scan, Search};
pub(crate) use sqlite::Latencies;
pub use sqlite::{Durability, Settings, Sqlite};
