//! One notice over HTTP: a connection of its own to an address that was judged, no redirects, no
//! proxies, bounded in time and bytes.

use super::channel::Secret;
use super::door;
use crate::exchange::Timestamp;
use crate::replay::{AllowedHost, Target, addresses, connect};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a channel may take to answer.
pub(super) const TIME: Duration = Duration::from_secs(15);

/// The bytes of an answer that are read, and of its head.
const ANSWER: usize = 2 << 10;
const HEAD: usize = 64 << 10;

/// A request to a channel. Its URL and its headers are secret.
#[derive(Clone)]
pub(crate) struct Post {
    pub(super) url: Secret,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post")
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a channel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: String,
}

/// Why a channel said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unsent {
    /// It may not be sent to, or not like this.
    Refused(String),
    /// It could not be reached, or did not answer.
    Failed(String),
}

/// Sends once and hears the answer.
pub(super) async fn send(post: &Post, allowed: &[AllowedHost]) -> Result<Answer, Unsent> {
    let refused =
        |refused: door::Refused| Unsent::Refused(format!("{}; {}", refused.reason, refused.fix));
    let target = door::check_url(post.url.reveal(), allowed).map_err(refused)?;
    let request = request(post, &target)
        .ok_or_else(|| Unsent::Refused("its URL can't be sent".to_owned()))?;
    let work = async {
        let addresses = addresses(&target).await.map_err(Unsent::Failed)?;
        let default = target.default_port();
        door::check_addresses(&target, default, &addresses, allowed).map_err(refused)?;
        let stream = connect(&target, &addresses).await;
        let stream = stream.map_err(Unsent::Failed)?;
        speak(stream, request).await.map_err(Unsent::Failed)
    };
    match tokio::time::timeout(TIME, work).await {
        Ok(answer) => answer,
        Err(_) => Err(Unsent::Failed(format!(
            "it took longer than {} s",
            TIME.as_secs()
        ))),
    }
}

fn request(post: &Post, target: &Target) -> Option<Request<Full<Bytes>>> {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(&target.authority).ok()?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(post.body.len()));
    let agent = concat!("runscope-inspector/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    for (name, value) in &post.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    let body = Full::new(Bytes::from(post.body.clone()));
    let mut request = Request::post(&target.path).body(body).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let broke = |error: hyper::Error| format!("the connection broke off: {error}");
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broke)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broke)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| read_retry_after(value.to_str().ok()?, Timestamp::now()));
        let mut body = response.into_body();
        let mut read = Vec::new();
        // What was said counts, even where it breaks off.
        while read.len() < ANSWER
            && let Some(Ok(frame)) = body.frame().await
        {
            if let Some(data) = frame.data_ref() {
                let room = ANSWER.saturating_sub(read.len());
                read.extend_from_slice(data.get(..room).unwrap_or(data));
            }
        }
        Ok(Answer {
            status,
            retry_after,
            body: String::from_utf8_lossy(&read).into_owned(),
        })
    };
    // The connection is driven here, so that it ends with this future.
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn read_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_micros(now.as_micros().max(0).unsigned_abs());
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_patience_is_seconds_or_a_date() {
        let now = Timestamp::from_micros(784_111_770_000_000);
        for (text, seconds) in [
            ("7", Some(7.0)),
            (" 0.5 ", Some(0.5)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7.0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0)),
            ("-1", None),
            ("soon", None),
        ] {
            let found = read_retry_after(text, now).map(|wish| wish.as_secs_f64());
            assert_eq!(found, seconds, "{text}");
        }
    }

    #[test]
    fn what_is_sent_does_not_show_its_secrets() {
        let post = Post {
            url: Secret::new("https://hooks.example/s3cr3t"),
            headers: vec![("authorization".to_owned(), "s3cr3t".to_owned())],
            body: b"s3cr3t".to_vec(),
        };
        assert!(!format!("{post:?}").contains("s3cr3t"));
    }
}
