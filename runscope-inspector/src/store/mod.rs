//! Keeping exchanges, and finding them again.
//!
//! [`Store`] is all that the server asks of a database; [`Sqlite`] answers it from files in one
//! directory. Nothing outside this module knows SQL.

mod seam;
mod bucket;
mod search;
mod report;
mod error;
mod sqlite;

pub use bucket::{
    Bucket, BucketId, Grant, NewBucket, NewView, SavedView, Scope, Session, Share, TokenInfo,
};
pub use error::StoreError;
pub use report::{Bar, Extent, Facet, FacetField, Facets, Histogram, Stats, Summary, SummaryRow};
pub use seam::{Appended, Changes, Kept, Store};
pub use search::{Count, Page, Scan, Search};
pub use sqlite::{Durability, Settings, Sqlite};
