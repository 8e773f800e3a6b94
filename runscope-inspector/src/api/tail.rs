use super::auth::Caller;
use super::envelope::{Params, Path};
use super::error::ApiError;
use super::readback::ReadMessage;
use super::room::Taken;
use super::state::AppState;
use crate::exchange::{Exchange, Timestamp};
use crate::query::{Expr, View, parse};
use crate::store::{BucketId, Changes, Scope};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Exchanges that are read at once.
const STEP: usize = 100;

/// A reader that is further behind than this is told of a gap and led to the newest.
const FURTHEST_BEHIND: i64 = 20_000;

/// How long a tail without news goes on before it is looked at whether its session has expired.
const QUIET: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
pub(super) struct TailParams {
    #[serde(default)]
    q: String,
}

/// Follows what matches as it is stored: `exchange` events with the place in the order of arrival as
/// id, `update` when an exchange got its other half, `gap` when some were passed over. A client that
/// comes back with `Last-Event-ID` misses nothing that is still stored.
pub(super) async fn tail(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<TailParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let filter = parse(&params.q)?;
    let write = |exchange: &Exchange| serde_json::to_value(ReadMessage::listed(exchange)).ok();
    follow(
        state,
        caller,
        bucket.id,
        filter,
        last_seen(&headers),
        Box::new(write),
    )
}

/// The place of the last event that a client has seen, if it comes back.
pub(crate) fn last_seen(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// What an event holds of an exchange.
pub(crate) type Write = Box<dyn Fn(&Exchange) -> Option<Value> + Send + Sync>;

/// Answers with what matches and arrives after a place; without one, from now on.
pub(crate) fn follow(
    state: AppState,
    caller: Caller,
    bucket: BucketId,
    filter: Expr,
    last: Option<i64>,
    write: Write,
) -> Result<Response, ApiError> {
    let Some(room) = state.tail_room(caller) else {
        let message = format!(
            "there is room for {} live tails, of which one token can have half",
            state.limits().tails
        );
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message));
    };
    let access = state.access().changes();
    let changes = state.store().changes();
    let newest = changes.start();
    let position = last
        .filter(|last| (0..=newest).contains(last))
        .unwrap_or(newest);
    let ready = Event::default()
        .event("ready")
        .id(position.to_string())
        .data("{}");
    let tail = Tail {
        closing: state.closing(),
        access,
        state,
        caller,
        bucket,
        filter,
        write,
        changes,
        position,
        events: VecDeque::from([ready]),
        _room: room,
    };
    let events = stream::unfold(tail, async |mut tail| {
        let event = tail.next().await?;
        Some((Ok::<_, Infallible>(event), tail))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::default());
    // nginx would hold events back until its buffer is full.
    let unbuffered = [(X_ACCEL_BUFFERING, HeaderValue::from_static("no"))];
    Ok((unbuffered, events).into_response())
}

struct Tail {
    state: AppState,
    caller: Caller,
    bucket: BucketId,
    filter: Expr,
    write: Write,
    changes: Changes,
    /// All up to this place was looked at.
    position: i64,
    events: VecDeque<Event>,
    closing: watch::Receiver<bool>,
    /// Tells when somebody's token or session, or a bucket, is gone.
    access: watch::Receiver<()>,
    _room: Taken,
}

enum News {
    Arrived(i64),
    Joined(i64),
    /// Some exchanges got their other half, and nobody knows which.
    Missed,
    /// None for a while.
    Nothing,
}

impl Tail {
    /// The next event; none when the server ends, the caller's token or session or the bucket is gone,
    /// or the store can't be read.
    async fn next(&mut self) -> Option<Event> {
        loop {
            // What was read for a slow client is not for one who may read no longer.
            let changed = self.access.has_changed().unwrap_or(true);
            if changed && !self.is_let_in().await {
                return None;
            }
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let news = self.news().await?;
            if !self.is_let_in().await {
                return None;
            }
            match news {
                News::Arrived(newest) => self.read_up_to(newest).await?,
                News::Joined(place) => self.read_joined(place).await?,
                News::Missed => self.events.push_back(gap(self.position, self.position)),
                News::Nothing => {}
            }
        }
    }

    async fn is_let_in(&mut self) -> bool {
        let changed = self.access.has_changed().unwrap_or(true);
        self.access.mark_unchanged();
        self.state.still_lets_in(self.caller).await
            && (!changed || self.state.has_bucket(self.bucket).await)
    }

    async fn news(&mut self) -> Option<News> {
        let newest = *self.changes.newest.borrow_and_update();
        if newest > self.position {
            return Some(News::Arrived(newest));
        }
        tokio::select! {
            changed = self.changes.newest.changed() => {
                changed.ok()?;
                Some(News::Arrived(*self.changes.newest.borrow_and_update()))
            }
            joined = self.changes.joined.recv() => match joined {
                Ok(place) => Some(News::Joined(place)),
                Err(RecvError::Lagged(_)) => Some(News::Missed),
                Err(RecvError::Closed) => None,
            },
            _ = self.closing.wait_for(|closing| *closing) => None,
            _ = self.access.changed() => {
                self.access.mark_changed();
                Some(News::Nothing)
            }
            () = tokio::time::sleep(QUIET) => Some(News::Nothing),
        }
    }

    async fn read_up_to(&mut self, newest: i64) -> Option<()> {
        if newest - self.position > FURTHEST_BEHIND {
            let to = newest - i64::try_from(STEP).unwrap_or(0);
            self.events.push_back(gap(self.position, to));
            self.position = to;
        }
        let (bucket, position) = (self.bucket, self.position);
        let arrived = self
            .state
            .query(move |store| store.arrived_after(bucket, position, STEP))
            .await
            .ok()?;
        // Fewer than asked for may be because they are large, so the last of them is as far as it goes.
        self.position = arrived.last().map_or(newest, |last| last.sequence);
        for exchange in &arrived {
            if self.passes(exchange) {
                let event = self
                    .event("exchange", exchange)?
                    .id(exchange.sequence.to_string());
                self.events.push_back(event);
            }
        }
        Some(())
    }

    /// An exchange that was not shown yet will be shown whole, so it is no update.
    async fn read_joined(&mut self, place: i64) -> Option<()> {
        let bucket = self.bucket;
        let exchange = self
            .state
            .query(move |store| store.at(bucket, place))
            .await
            .ok()?;
        if let Some(exchange) =
            exchange.filter(|exchange| exchange.sequence <= self.position && self.passes(exchange))
        {
            self.events.push_back(self.event("update", &exchange)?);
        }
        Some(())
    }

    fn event(&self, name: &str, exchange: &Exchange) -> Option<Event> {
        let data = (self.write)(exchange)?;
        Event::default().event(name).json_data(data).ok()
    }

    fn passes(&self, exchange: &Exchange) -> bool {
        self.filter.matches(View::of(exchange, Timestamp::now()))
    }
}

/// What lies after one place and up to another was passed over. Its id leads a client that comes
/// back behind the gap.
fn gap(after: i64, through: i64) -> Event {
    let data = json!({ "after": after, "through": through }).to_string();
    Event::default()
        .event("gap")
        .id(through.to_string())
        .data(data)
}
