use crate::api::{ApiError, AppState};
use crate::exchange::Timestamp;
use crate::query::{Expr, parse};
use crate::store::{BucketId, Scan, Search};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the neighbours are looked for: they are a convenience.
const TIME: Duration = Duration::from_millis(300);

/// The calls before and after one, among those that a filter lets pass.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    pub(super) newer: Option<Uuid>,
    pub(super) older: Option<Uuid>,
}

pub(super) async fn neighbours(
    state: &AppState,
    bucket: BucketId,
    sequence: i64,
    q: &str,
) -> Result<Neighbours, ApiError> {
    let search = Search {
        scan: Scan {
            bucket,
            // A filter with a mistake was told so where it was typed.
            filter: parse(q).unwrap_or(Expr::All),
            now: Timestamp::now(),
            deadline: Instant::now() + TIME,
        },
        cursor: Some(sequence),
        limit: 1,
        count_to: 0,
        bodies: false,
    };
    state
        .query(move |store| {
            let older = store.search(&search)?.exchanges;
            Ok(Neighbours {
                newer: store.next_after(&search.scan, sequence)?,
                older: older.first().map(|older| older.uuid),
            })
        })
        .await
}
