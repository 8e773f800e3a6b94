//! One event for each answer, under the target `runscope_inspector::access`.
//!
//! What a request has of its own in its path or query can be a secret (the token of a sign-in link, the
//! name of a shared call, words that somebody looks for), so the route's template stands for it.

use super::state::AppState;
use crate::serve::Peer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field;

/// What levels and their filters call these events.
const TARGET: &str = "runscope_inspector::access";

/// The refusals that an operator wants to see unasked.
const REFUSED: [StatusCode; 5] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INSUFFICIENT_STORAGE,
];

/// The refusals of each kind that are told in a [`WINDOW`]: who is refused can ask again without end,
/// and a disk has one.
const TOLD: u64 = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// How many refusals of each kind were told lately.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    windows: [Mutex<Window>; REFUSED.len()],
}

#[derive(Debug, Default)]
struct Window {
    begun: Option<Instant>,
    seen: u64,
}

impl Refusals {
    /// Whether a refusal is to be told, and how many before it were not. None for what is none.
    fn tell(&self, status: StatusCode, now: Instant) -> Option<u64> {
        let refused = REFUSED.iter().zip(&self.windows);
        let (_, window) = refused
            .into_iter()
            .find(|(refused, _)| **refused == status)?;
        window
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .tell(now)
    }
}

impl Window {
    fn tell(&mut self, now: Instant) -> Option<u64> {
        let mut untold = 0;
        let over = |begun: Instant| now.saturating_duration_since(begun) >= WINDOW;
        if self.begun.is_none_or(over) {
            untold = self.seen.saturating_sub(TOLD);
            *self = Self {
                begun: Some(now),
                seen: 0,
            };
        }
        self.seen = self.seen.saturating_add(1);
        (self.seen <= TOLD).then_some(untold)
    }
}

/// Tells each answer at the level of debug, and refusals at that of info, of which there are few enough.
/// An event stream or a download is told when it begins.
pub(super) async fn log_answers(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let response = next.run(request).await;
    let now = Instant::now();
    let told = Told {
        method,
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        peer,
        seconds: now.saturating_duration_since(begun).as_secs_f64(),
    };
    match state.refusals().tell(response.status(), now) {
        Some(untold) => told.refused(untold),
        None => told.answered(),
    }
    response
}

/// What is told of a request.
struct Told<'a> {
    method: &'static str,
    /// None where no route is at the path.
    route: Option<&'a str>,
    status: u16,
    /// Who sent it; behind a proxy, that proxy.
    peer: Option<IpAddr>,
    seconds: f64,
}

impl Told<'_> {
    fn refused(&self, untold: u64) {
        let untold = Some(untold).filter(|untold| *untold > 0);
        tracing::info!(
            target: TARGET,
            method = self.method,
            route = self.route,
            status = self.status,
            peer = self.peer.map(field::display),
            seconds = self.seconds,
            untold,
            "refused"
        );
    }

    fn answered(&self) {
        tracing::debug!(
            target: TARGET,
            method = self.method,
            route = self.route,
            status = self.status,
            peer = self.peer.map(field::display),
            seconds = self.seconds,
            "answered"
        );
    }
}

/// A method that this server has a use for; others can be any text.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_refusals_of_each_kind_are_told_and_the_others_counted() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let tell = |status, seconds| refusals.tell(status, start + Duration::from_secs(seconds));
        for _ in 0..TOLD {
            assert_eq!(tell(StatusCode::UNAUTHORIZED, 0), Some(0));
        }
        for seconds in [0, 30, 59] {
            assert_eq!(tell(StatusCode::UNAUTHORIZED, seconds), None);
        }
        assert_eq!(tell(StatusCode::INSUFFICIENT_STORAGE, 59), Some(0));
        assert_eq!(tell(StatusCode::UNAUTHORIZED, 60), Some(3));
        assert_eq!(tell(StatusCode::UNAUTHORIZED, 61), Some(0));
        assert_eq!(tell(StatusCode::UNAUTHORIZED, 200), Some(0));
        assert_eq!(tell(StatusCode::OK, 200), None);
    }
}
