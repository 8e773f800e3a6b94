use super::AccessToken;
use super::accept_encoding::takes_gzip;
use super::answer::Notice;
use super::build_error::{BuildError, Kind};
use super::endpoint::Endpoint;
use super::mark::{MARK_HEADER, process_mark};
use super::options::ClientOptions;
use super::transport_error::TransportError;
use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Method, Response};
use std::time::Duration;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use url::Url;

/// How much of an answer to posted messages is read: 64 KiB.
pub(crate) const ANSWER_LIMIT: usize = 64 * 1024;

/// How much of an answer that reads something back is read: 32 MiB.
pub(crate) const READ_LIMIT: usize = 32 * 1024 * 1024;

/// A JSON text to be sent, as it is or in gzip.
#[derive(Debug)]
pub(crate) enum Posted {
    Plain(Bytes),
    Gzip(Bytes),
}

impl Posted {
    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }
}

/// An answer as it came, whatever its status.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// The value of `Retry-After` as it came.
    pub(crate) retry_after: Option<Vec<u8>>,
    /// Where a redirect, which is never followed, points to.
    pub(crate) location: Option<String>,
    /// Whether it says that requests in gzip are taken; `None` where it does not speak of it.
    pub(crate) takes_gzip: Option<bool>,
    /// The body's beginning, at most as long as the limit.
    pub(crate) body: Vec<u8>,
    /// Whether more was to come. The connection is dropped then, not drained.
    pub(crate) truncated: bool,
}

impl RawAnswer {
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The status that counts: where an error's envelope comes with a 2xx, the envelope's own.
    pub(crate) fn meant_status(&self, notice: Option<&Notice>) -> u16 {
        let code = notice.and_then(|notice| u16::try_from(notice.code?).ok());
        code.filter(|code| self.is_success() && matches!(code, 400..=599))
            .unwrap_or(self.status)
    }
}

/// The HTTP client, bound to one endpoint.
pub(crate) struct Transport {
    client: reqwest::Client,
    endpoint: Endpoint,
}

impl Transport {
    pub(crate) fn new(options: &ClientOptions) -> Result<Self, BuildError> {
        let endpoint = Endpoint::new(&options.api_endpoint, options.allow_plain_http)?;
        if bearer(&options.access_token).is_none() {
            return Err(Kind::Token.into());
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .timeout(options.timeout)
            .connect_timeout((options.timeout / 2).min(Duration::from_secs(10)))
            .pool_idle_timeout(options.keepalive)
            .user_agent(concat!("runscope/", env!("CARGO_PKG_VERSION")))
            .default_headers(mark_header());
        // By way of https a proxy of the environment sees no token (it tunnels); by way of http it
        // would, and what goes to this machine has no business with one.
        if endpoint.is_plain() || endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        #[cfg(feature = "tls")]
        {
            builder = builder.tls_backend_preconfigured(if endpoint.is_plain() {
                super::tls::distrustful()?
            } else {
                super::tls::verified(options.ca_file.as_deref())?
            });
        }
        let client = builder
            .build()
            .map_err(|error| BuildError::from(Kind::Http).because(error.without_url()))?;
        Ok(Self { client, endpoint })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// One request and its answer, all under the timeout.
    ///
    /// Nobody else's tracing sees it: a host program that ships its spans through this very client
    /// would otherwise make a span of every delivery.
    pub(crate) async fn exchange(
        &self,
        token: &AccessToken,
        method: Method,
        url: Url,
        body: Option<Posted>,
        limit: usize,
    ) -> Result<RawAnswer, TransportError> {
        let bearer = bearer(token).ok_or_else(|| {
            let detail = "the access token is empty or holds characters that a header can't; check RUNSCOPE_ACCESS_TOKEN";
            TransportError::request(&self.endpoint, detail)
        })?;
        let reading = method == Method::GET;
        let mut request = self
            .client
            .request(method, url)
            .header(AUTHORIZATION, bearer);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request = match body {
                Posted::Plain(bytes) => request.body(bytes),
                Posted::Gzip(bytes) => request
                    .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
                    .body(bytes),
            };
        }
        let exchange = async { read(request.send().await?, limit).await };
        // `Dispatch::none` costs nothing, where a `NoSubscriber` in a dispatch of its own would
        // make tracing rebuild the interest of every callsite, on each call.
        let mut answer = exchange
            .with_subscriber(Dispatch::none())
            .await
            .map_err(|error| TransportError::new(error, &self.endpoint))?;
        // What is read back is data, and stays as it is.
        if !(reading && answer.is_success()) {
            scrub(&mut answer.body, token);
        }
        if let Some(location) = answer.location.take() {
            let mut location = location.into_bytes();
            scrub(&mut location, token);
            answer.location = Some(String::from_utf8_lossy(&location).into_owned());
        }
        Ok(answer)
    }
}

fn mark_header() -> HeaderMap {
    HeaderMap::from_iter([(
        reqwest::header::HeaderName::from_static(MARK_HEADER),
        HeaderValue::from_static(process_mark()),
    )])
}

fn bearer(token: &AccessToken) -> Option<HeaderValue> {
    let token = token.expose();
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    (!token.trim().is_empty()).then_some(value)
}

async fn read(mut response: Response, limit: usize) -> Result<RawAnswer, reqwest::Error> {
    let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
    let codings = response.headers().get_all(ACCEPT_ENCODING).iter();
    let mut answer = RawAnswer {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER).map(<[u8]>::to_vec),
        location: header(LOCATION).map(|value| String::from_utf8_lossy(value).into_owned()),
        takes_gzip: takes_gzip(codings.map(HeaderValue::as_bytes)),
        body: Vec::new(),
        truncated: false,
    };
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Ok(answer),
            // A refusal is known by its status, even where the server hung up in the midst of
            // explaining it. A success is not: its items can hold failures.
            Err(error) if answer.is_success() => return Err(error),
            Err(_) => {
                answer.truncated = true;
                return Ok(answer);
            }
        };
        let room = limit.saturating_sub(answer.body.len());
        answer.body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            answer.truncated = true;
            return Ok(answer);
        }
    }
}

/// Takes the token out of an answer that quotes it, so that no error text can hold it.
fn scrub(body: &mut Vec<u8>, token: &AccessToken) {
    // A shorter one is no secret that guessing would not find, but may well be a word of the answer.
    const SHORTEST: usize = 8;
    let token = token.expose().as_bytes();
    if token.len() < SHORTEST || memchr::memmem::find(body, token).is_none() {
        return;
    }
    let mut clean = Vec::with_capacity(body.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(body, token) {
        clean.extend_from_slice(body.get(from..at).unwrap_or_default());
        clean.extend_from_slice(b"[redacted]");
        from = at.saturating_add(token.len());
    }
    clean.extend_from_slice(body.get(from..).unwrap_or_default());
    *body = clean;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_token_is_taken_out_of_an_answer() {
        for (body, clean) in [
            ("", ""),
            ("fine", "fine"),
            ("my-t0ken", "[redacted]"),
            (
                "a my-t0ken: my-t0kenmy-t0ken!",
                "a [redacted]: [redacted][redacted]!",
            ),
        ] {
            let mut bytes = body.as_bytes().to_vec();
            scrub(&mut bytes, &AccessToken::from("my-t0ken"));
            assert_eq!(String::from_utf8(bytes).unwrap(), clean);
        }
        let mut bytes = b"success".to_vec();
        scrub(&mut bytes, &AccessToken::from("success"));
        assert_eq!(bytes, b"success");
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused() {
        for (token, fit) in [("abc", true), ("", false), (" ", false), ("a\nb", false)] {
            assert_eq!(
                bearer(&AccessToken::from(token)).is_some(),
                fit,
                "{token:?}"
            );
        }
    }
}
