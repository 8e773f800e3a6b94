use super::error::ApiError;
use super::read;
use super::room::{Taken, Who};
use super::state::{AppState, BODY_STEP, Limits, body_steps};
use crate::store::Store;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::io::Read;
use std::sync::Arc;

/// The content codings of a request that are undone, as an answer's `Accept-Encoding` names them (RFC
/// 7694).
pub(crate) const CODINGS: &str = "gzip, zstd";

/// The largest zstd window that is decoded: 8 MiB, what RFC 8878 (section 3.1.1.1.2) recommends.
const WINDOW_LOG: u32 = 23;

/// A body as it was sent. It holds its share of the room for bodies.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    encoding: Encoding,
    limit: usize,
    who: Who,
    room: Vec<Taken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Received {
    /// Reads a body within the limits. Room is taken for what has arrived, not for what was promised.
    pub(crate) async fn read(
        state: &AppState,
        who: impl Into<Who>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, ApiError> {
        let Limits {
            body: limit,
            body_time,
            ..
        } = *state.limits();
        let encoding = encoding(headers)?;
        let declared = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: usize| length > limit) {
            return Err(ApiError::too_large(limit));
        }
        let mut received = Self {
            bytes: Vec::new(),
            encoding,
            limit,
            who: who.into(),
            room: Vec::new(),
        };
        let all = received.take_all(state, Limited::new(body, limit));
        let Ok(all) = tokio::time::timeout(body_time, all).await else {
            let message = format!("the body took longer than {} seconds", body_time.as_secs());
            return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message));
        };
        all.map(|()| received)
    }

    async fn take_all(
        &mut self,
        state: &AppState,
        mut body: Limited<Body>,
    ) -> Result<(), ApiError> {
        let mut room = 0_usize;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => ApiError::too_large(self.limit),
                None => ApiError::bad_request("the body broke off"),
            })?;
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            let over = self
                .bytes
                .len()
                .saturating_add(bytes.len())
                .saturating_sub(room);
            if over > 0 {
                let steps = body_steps(over);
                self.room.push(state.body_room(self.who, steps).await?);
                room = room.saturating_add(steps.saturating_mul(BODY_STEP));
            }
            self.bytes.extend_from_slice(&bytes);
        }
        Ok(())
    }

    /// Decodes the body and does something with it, on a thread that may block; a few do so at one
    /// time. What it may decode to has to have room before.
    pub(crate) async fn work<T: Send + 'static>(
        mut self,
        state: &AppState,
        work: impl FnOnce(&dyn Store, &[u8]) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if self.encoding != Encoding::Identity {
            let steps = body_steps(self.limit);
            self.room.push(state.body_room(self.who, steps).await?);
        }
        let turn = state.ingest_turn().await?;
        let store = Arc::clone(state.store());
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let (bytes, _room) = self.decoded()?;
            work(store.as_ref(), &bytes)
        });
        done.await.map_err(ApiError::internal)?
    }

    /// The body read as JSON; what it should be is told where it is not.
    pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
        self,
        state: &AppState,
        what: &'static str,
    ) -> Result<T, ApiError> {
        self.work(state, move |_, body| {
            read::json(body)
                .map_err(|mistake| ApiError::bad_request(format!("not {what}: {mistake}")))
        })
        .await
    }

    /// The body with its content coding undone, no larger than the limit, and the room that it needs.
    fn decoded(mut self) -> Result<(Vec<u8>, Vec<Taken>), ApiError> {
        let decoded = match self.encoding {
            Encoding::Identity => return Ok((self.bytes, self.room)),
            Encoding::Gzip => read_bounded(MultiGzDecoder::new(self.bytes.as_slice()), self.limit)?,
            Encoding::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(self.bytes.as_slice())
                    .map_err(ApiError::internal)?;
                decoder
                    .window_log_max(WINDOW_LOG)
                    .map_err(ApiError::internal)?;
                read_bounded(decoder, self.limit)?
            }
        };
        // The last that was taken is that for decoding.
        let mut room = self.room.split_off(self.room.len().saturating_sub(1));
        room.iter_mut()
            .for_each(|room| room.keep(body_steps(decoded.len())));
        Ok((decoded, room))
    }
}

/// A body that is JSON, within the limits; what it should be is told where it is not.
pub(super) async fn read_json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    who: impl Into<Who>,
    headers: &HeaderMap,
    body: Body,
    what: &'static str,
) -> Result<T, ApiError> {
    expect_json(headers)?;
    let received = Received::read(state, who, headers, body).await?;
    received.json(state, what).await
}

/// Whether the body says it is JSON; a body that does not say is taken as it.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let essence = essence.to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the body must be application/json",
    ))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    let coding = match (lines.next(), lines.next()) {
        (None, _) => return Ok(Encoding::Identity),
        (Some(line), None) => line.as_bytes().trim_ascii().to_ascii_lowercase(),
        // One coding upon another, each in a line.
        (Some(_), Some(_)) => return Err(ApiError::unsupported_coding(CODINGS)),
    };
    match &*coding {
        b"" | b"identity" => Ok(Encoding::Identity),
        b"gzip" | b"x-gzip" => Ok(Encoding::Gzip),
        b"zstd" => Ok(Encoding::Zstd),
        _ => Err(ApiError::unsupported_coding(CODINGS)),
    }
}

/// Never more than the limit is held, however much the body would become.
fn read_bounded(reader: impl Read, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| ApiError::bad_request(format!("the body can't be decoded: {error}")))?;
    if bytes.len() > limit {
        Err(ApiError::too_large(limit))
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_stops_at_the_limit() {
        let zeros = std::io::repeat(0);
        assert!(read_bounded(zeros, 1000).is_err());
        assert_eq!(read_bounded(&[7; 1000][..], 1000).unwrap().len(), 1000);
    }

    #[test]
    fn other_types_than_json_are_refused() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("application/x-www-form-urlencoded", false),
            ("text/plain", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(expect_json(&headers).is_ok(), json, "{value}");
        }
        assert!(expect_json(&HeaderMap::new()).is_ok());
    }
}
