use super::auth::Caller;
use super::body::{Received, expect_json};
use super::envelope::{Path, data};
use super::error::ApiError;
use super::messages::{message_uuid, no_message};
use super::read;
use super::state::AppState;
use crate::copy::{Outgoing, Unsendable};
use crate::replay::{Refused, Target, message, send};
use crate::store::{BucketId, Scope};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use runscope_core::{BodyEncoding, Fields, Message, Request};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// What is to be sent otherwise than it was captured; what is left out stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) headers: Option<Fields>,
    /// An empty text sends no body.
    pub(crate) body: Option<String>,
    pub(crate) body_encoding: Option<BodyEncoding>,
}

/// Sends a message's request again and stores what comes of it as a message of its own.
pub(super) async fn replay(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, uuid)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let received = Received::read(&state, caller, &headers, body).await?;
    let is_json = expect_json(&headers);
    let edit = received.work(&state, move |_, body| {
        if body.is_empty() {
            return Ok(Edit::default());
        }
        is_json?;
        read::json(body).map_err(|mistake| {
            ApiError::bad_request(format!("the body is not an edited request: {mistake}"))
        })
    });
    let edit = edit.await?;
    let original = message_uuid(&uuid)?;
    let replayed = replayed(&state, bucket.id, original, edit).await?;
    Ok(data(&json!({ "uuid": replayed, "replay_of": original })))
}

/// Sends and stores, and gives the identifier of the new message. An answer that fails or never comes
/// is stored as such.
pub(crate) async fn replayed(
    state: &AppState,
    bucket: BucketId,
    original: Uuid,
    edit: Edit,
) -> Result<Uuid, ApiError> {
    let settings = &state.config().replay;
    if !settings.is_on() {
        return Err(Refused::Off.into());
    }
    let outgoing = state
        .query(move |store| {
            let exchange = store.exchange(bucket, original)?;
            Ok(exchange.map(|exchange| edited(&exchange.message, edit)))
        })
        .await?
        .ok_or_else(no_message)??;
    let sent = send(&outgoing, original, settings).await?;
    let stored = state
        .blocking(move |store| {
            let message = message(&outgoing, &sent, original);
            store.append(bucket, vec![message])
        })
        .await?;
    let stored = stored.first().map(|stored| stored.uuid);
    stored.ok_or_else(|| ApiError::internal("the store gave no result for a message"))
}

/// Why a message's request can't be sent again as it is, if it can't.
pub(crate) fn hindrance(state: &AppState, message: &Message) -> Option<String> {
    let settings = &state.config().replay;
    if !settings.is_on() {
        return Some(Refused::Off.to_string());
    }
    let outgoing = match Outgoing::of(message) {
        Ok(outgoing) => outgoing,
        Err(error) => return Some(error.to_string()),
    };
    let checked = Target::of(&outgoing.url).and_then(|target| target.check(settings));
    checked.err().map(|refused| refused.to_string())
}

fn edited(message: &Message, edit: Edit) -> Result<Outgoing, ApiError> {
    let captured = Outgoing::of(message);
    let Edit {
        method,
        url,
        headers,
        body,
        body_encoding,
    } = edit;
    let (captured, plain) = match captured {
        Ok(captured) => (captured, body.is_some() && headers.is_none()),
        Err(Unsendable::NoRequest) => return Err(Unsendable::NoRequest.into()),
        // What can't be sent as it was captured may be sent as it was edited.
        Err(error) => match (&method, &url) {
            (Some(_), Some(_)) => (Outgoing::default(), false),
            _ => return Err(error.into()),
        },
    };
    let mut request = Request::new(
        method.unwrap_or(captured.method),
        url.unwrap_or(captured.url),
    );
    request.headers = headers.unwrap_or_else(|| captured.headers.into_iter().collect());
    match body {
        Some(text) => {
            request.body = Some(text).filter(|text| !text.is_empty());
            request.body_encoding = body_encoding;
            request
                .body_bytes()
                .map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        None => request = captured.body.into_iter().fold(request, Request::body),
    }
    // A body that is given as text is not in the coding that the captured headers name.
    Ok(Outgoing::from_request(&request, plain)?)
}

impl From<Unsendable> for ApiError {
    fn from(error: Unsendable) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Off | Refused::Host(_) | Refused::Address { .. } => {
                Self::forbidden(refused.to_string())
            }
            Refused::Url | Refused::Header(_) => Self::bad_request(refused.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(json: serde_json::Value) -> Edit {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_not_edited_stays_as_it_was() {
        let request = Request::new("POST", "http://h/a")
            .header("X", "1")
            .header("Content-Encoding", "gzip")
            .body(b"\x1f\x8b\xff");
        let message = Message::new().request(request);
        for (json, method, url, headers, body) in [
            (
                json!({}),
                "POST",
                "http://h/a",
                "X Content-Encoding",
                Some(&b"\x1f\x8b\xff"[..]),
            ),
            (
                json!({"method":"PUT"}),
                "PUT",
                "http://h/a",
                "X Content-Encoding",
                Some(b"\x1f\x8b\xff"),
            ),
            (
                json!({"url":"http://h/b"}),
                "POST",
                "http://h/b",
                "X Content-Encoding",
                Some(b"\x1f\x8b\xff"),
            ),
            (
                json!({"body":"text"}),
                "POST",
                "http://h/a",
                "X",
                Some(b"text"),
            ),
            (json!({"body":""}), "POST", "http://h/a", "X", None),
            (
                json!({"body":"/w==","body_encoding":"base64"}),
                "POST",
                "http://h/a",
                "X",
                Some(b"\xff"),
            ),
            (
                json!({"headers":{"Y":["1","2"]}}),
                "POST",
                "http://h/a",
                "Y Y",
                Some(b"\x1f\x8b\xff"),
            ),
        ] {
            let outgoing = edited(&message, edit(json)).unwrap();
            let names: Vec<_> = outgoing
                .headers
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            assert_eq!(
                (outgoing.method.as_str(), outgoing.url.as_str()),
                (method, url)
            );
            assert_eq!(
                (names.join(" ").as_str(), outgoing.body.as_deref()),
                (headers, body)
            );
        }
        for bad in [
            json!({"url":"file:///x"}),
            json!({"method":"G T"}),
            json!({"body":"%","body_encoding":"base64"}),
        ] {
            assert!(edited(&message, edit(bad)).is_err());
        }
    }
}
