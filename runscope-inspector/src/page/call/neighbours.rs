use crate::api::{ApiError, AppState};
use crate::exchange::{Exchange, Timestamp};
use crate::query::{Expr, View, parse};
use crate::store::{BucketId, Scan, Search, Store, StoreError};
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
    let deadline = Instant::now() + TIME;
    let search = Search {
        scan: Scan {
            bucket,
            filter: filter.clone(),
            now,
            deadline,
        },
        cursor: Some(sequence),
        limit: 1,
        count_to: 0,
        bodies: false,
    };
    let passes = move |exchange: &Exchange| filter.matches(View::of(exchange, now));
    state
        .query(move |store| {
            let older = store.search(&search)?.exchanges;
            Ok(Neighbours {
                newer: newer(store, bucket, sequence, deadline, passes)?,
                older: older.first().map(|older| older.uuid),
            })
        })
        .await
}

/// The first newer call that passes. They are read with their bodies, so the next one alone at first.
fn newer(
    store: &dyn Store,
    bucket: BucketId,
    sequence: i64,
    deadline: Instant,
    passes: impl Fn(&Exchange) -> bool,
) -> Result<Option<Uuid>, StoreError> {
    let (mut after, mut looked, mut step) = (sequence, 0, 1);
    while looked < AHEAD && Instant::now() < deadline {
        let arrived = store.arrived_after(bucket, after, step)?;
        if let Some(newer) = arrived.iter().find(|exchange| passes(exchange)) {
            return Ok(Some(newer.uuid));
        }
        let Some(last) = arrived.last() else {
            return Ok(None);
        };
        (after, looked, step) = (last.sequence, looked + arrived.len(), step * 2);
    }
    Ok(None)
}
