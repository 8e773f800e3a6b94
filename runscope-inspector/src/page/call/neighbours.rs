use crate::api::{ApiError, AppState};
use crate::exchange::{Exchange, Timestamp};
use crate::query::{Expr, View, parse};
use crate::store::{BucketId, Scan, Search};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the neighbours are looked for: they are a convenience.
const TIME: Duration = Duration::from_millis(300);

/// The newer calls that are looked at for one that the filter lets pass.
const AHEAD: usize = 50;

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
    // A filter with a mistake was told so where it was typed.
    let filter = parse(q).unwrap_or(Expr::All);
    let now = Timestamp::now();
    let search = Search {
        scan: Scan {
            bucket,
            filter: filter.clone(),
            now,
            deadline: Instant::now() + TIME,
        },
        cursor: Some(sequence),
        limit: 1,
        count_to: 0,
        bodies: false,
    };
    let passes = move |exchange: &Exchange| {
        filter.matches(View {
            attributes: &exchange.attributes,
            message: &exchange.message,
            now,
        })
    };
    state
        .query(move |store| {
            let older = store.search(&search)?.exchanges;
            let newer = store.arrived_after(bucket, sequence, AHEAD)?;
            Ok(Neighbours {
                newer: newer
                    .iter()
                    .find(|exchange| passes(exchange))
                    .map(|newer| newer.uuid),
                older: older.first().map(|older| older.uuid),
            })
        })
        .await
}
