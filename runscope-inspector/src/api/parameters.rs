//! Parameters that a path does not take. One that is mistyped would be left out without a word, and
//! `?serach=…` would answer with everything.

use super::auth::Caller;
use super::error::ApiError;
use super::openapi;
use super::state::AppState;
use crate::nearest::nearest;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

/// What this server adds to the documented API. That API's own paths take what they do not know, as
/// clients that were made for the original may send more.
const STRICT: &str = "/api/v1/";

/// The characters of an unknown name that are repeated to who sent it.
const LONGEST_NAME: usize = 60;

/// Refuses parameters that the path does not take by its description; of who has no token only once
/// that is said.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(mistake) = mistake(&state, &request) else {
        return next.run(request).await;
    };
    if mistake.asks_for_token {
        let (mut parts, _) = request.into_parts();
        if let Err(error) = Caller::from_request_parts(&mut parts, &state).await {
            return error.into_response();
        }
    }
    ApiError::bad_request(mistake.words).into_response()
}

struct Mistake {
    words: String,
    asks_for_token: bool,
}

fn mistake(state: &AppState, request: &Request) -> Option<Mistake> {
    let query = request.uri().query()?;
    let path = request.extensions().get::<MatchedPath>()?;
    let path = path.as_str().strip_prefix(&state.config().prefix)?;
    if !path.starts_with(STRICT) {
        return None;
    }
    let method = match request.method() {
        &Method::HEAD => &Method::GET,
        method => method,
    };
    let known = openapi::parameters(method, path)?;
    let words = unknown(query, &known.names)?;
    Some(Mistake {
        words,
        asks_for_token: known.asks_for_token,
    })
}

/// What to say of the first name in a query that is not known, if there is one.
fn unknown(query: &str, known: &[&str]) -> Option<String> {
    let (name, _) = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| !known.contains(&name.as_ref()))?;
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    let meant = match nearest(&name, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant}? "),
        None => String::new(),
    };
    let all = match known {
        [] => "this path takes none".to_owned(),
        known => format!("this path takes {}", known.join(", ")),
    };
    Some(format!(
        "there is no parameter \"{shown}\" here; {meant}{all}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_is_not_known_is_told_with_those_that_are() {
        let known = ["q", "limit", "highlight"];
        for (query, expected) in [
            ("", None),
            ("q=a&limit=1", None),
            ("q=a&q=b", None),
            (
                "q=a&limt=1&x=2",
                Some(
                    "there is no parameter \"limt\" here; did you mean limit? this path takes q, limit, highlight",
                ),
            ),
            (
                "serach=a",
                Some("there is no parameter \"serach\" here; this path takes q, limit, highlight"),
            ),
            (
                "%71=a&hi%67hligth=1",
                Some(
                    "there is no parameter \"highligth\" here; did you mean highlight? this path takes q, limit, highlight",
                ),
            ),
            (
                "Q=a",
                Some("there is no parameter \"Q\" here; this path takes q, limit, highlight"),
            ),
        ] {
            assert_eq!(unknown(query, &known).as_deref(), expected, "{query}");
        }
        assert_eq!(
            unknown("a", &[]).as_deref(),
            Some("there is no parameter \"a\" here; this path takes none")
        );
        let long = unknown(&"x".repeat(10_000), &[]).unwrap();
        assert!(long.len() < 200, "{long}");
    }
}
