use super::error::ApiError;
use super::state::{AppState, Limits};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::borrow::Cow;
use std::io::Read;
use tokio::sync::OwnedSemaphorePermit;

/// The largest zstd window that is decoded: 8 MiB, what RFC 8878 (section 3.1.1.1.2) recommends.
const WINDOW_LOG: u32 = 23;

/// A body as it was sent. It holds its share of the room for bodies.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    encoding: Encoding,
    limit: usize,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Received {
    /// Reads a body within the limits.
    pub(crate) async fn read(
        state: &AppState,
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
        let room = state.body_room(declared.unwrap_or(limit)).await?;
        let collected = tokio::time::timeout(body_time, Limited::new(body, limit).collect()).await;
        let Ok(collected) = collected else {
            let message = format!("the body took longer than {} seconds", body_time.as_secs());
            return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message));
        };
        let bytes = collected.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => ApiError::too_large(limit),
            None => ApiError::bad_request("the body broke off"),
        })?;
        Ok(Self {
            bytes: bytes.to_bytes().into(),
            encoding,
            limit,
            _room: room,
        })
    }

    /// The body with its content coding undone, no larger than the limit. It takes time: not for an
    /// async thread.
    pub(crate) fn decode(&self) -> Result<Cow<'_, [u8]>, ApiError> {
        match self.encoding {
            Encoding::Identity => Ok(Cow::Borrowed(&self.bytes)),
            Encoding::Gzip => {
                read_bounded(MultiGzDecoder::new(self.bytes.as_slice()), self.limit).map(Cow::Owned)
            }
            Encoding::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(self.bytes.as_slice())
                    .map_err(ApiError::internal)?;
                decoder
                    .window_log_max(WINDOW_LOG)
                    .map_err(ApiError::internal)?;
                read_bounded(decoder, self.limit).map(Cow::Owned)
            }
        }
    }
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
    let Some(value) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(Encoding::Identity);
    };
    match value
        .to_str()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => {
            let message = "the content encoding must be gzip, zstd or identity";
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
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
