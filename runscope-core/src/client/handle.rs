use super::AccessToken;
use super::build_error::{BuildError, Kind};
use super::endpoint::encode_segment;
use super::error::Error;
use super::http::{ANSWER_LIMIT, Posted, READ_LIMIT, RawAnswer, Transport};
use super::options::ClientOptions;
use super::transport_error::TransportError;
use crate::config::Config;
use crate::encode::clean;
use crate::message::Message;
use crate::redact::Redactor;
use bytes::Bytes;
use reqwest::Method;
use std::fmt;
use std::sync::Arc;

/// A client of the messages API. Clones are cheap and share one connection pool.
///
/// ```
/// use runscope_core::client::{Client, ClientOptions};
/// use runscope_core::{Message, Request};
///
/// # async fn send() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = "https://api.runscope.com".parse()?;
/// let client = Client::new(&ClientOptions::new(endpoint, "my-token", "my-bucket"))?;
/// let message = Message::new().request(Request::new("GET", "https://shop.example/items"));
/// let receipt = client.create_messages(&[message]).await?;
/// assert_eq!(receipt.error_count, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    bucket_key: Arc<str>,
}

struct Shared {
    transport: Transport,
    token: AccessToken,
    redactor: Redactor,
    max_decoded_bytes: usize,
}

impl Client {
    /// Builds a client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the endpoint is no https address (nor http to this machine, or allowed), holds a user
    /// name or a query, when the token or the bucket key can't be sent, or `ca_file` can't be used.
    pub fn new(options: &ClientOptions) -> Result<Self, BuildError> {
        let transport = Transport::new(options)?;
        if encode_segment(&options.bucket_key).is_none() {
            return Err(Kind::Bucket.into());
        }
        Ok(Self {
            shared: Arc::new(Shared {
                transport,
                token: options.access_token.clone(),
                redactor: Redactor::new(options.redaction.clone()),
                max_decoded_bytes: options.max_decoded_bytes,
            }),
            bucket_key: options.bucket_key.as_str().into(),
        })
    }

    /// Builds a client with the settings of a [`Config`]: its account, endpoint, timeouts and
    /// redaction.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); a config for a local sink has no account to call with.
    pub fn from_config(config: &Config) -> Result<Self, BuildError> {
        Self::new(&ClientOptions::from(config))
    }

    /// This client for another bucket; it shares the connections.
    #[must_use]
    pub fn for_bucket(&self, bucket_key: &str) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            bucket_key: bucket_key.into(),
        }
    }

    /// The bucket that bucket-bound calls use.
    #[must_use]
    pub fn bucket_key(&self) -> &str {
        &self.bucket_key
    }

    /// The message as it may leave: by the rules that captured exchanges are cleaned by.
    pub(super) fn cleaned(&self, message: &Message) -> Message {
        clean(
            message,
            &self.shared.redactor,
            self.shared.max_decoded_bytes,
        )
    }

    /// The address of the API, for texts.
    pub(crate) fn endpoint(&self) -> String {
        self.shared.transport.endpoint().to_string()
    }

    pub(super) fn token(&self) -> &AccessToken {
        &self.shared.token
    }

    /// Posts an encoded message, or an array of them, and hands back the answer as it came.
    pub(crate) async fn post_raw(
        &self,
        token: &AccessToken,
        bucket_key: &str,
        body: Posted,
    ) -> Result<RawAnswer, TransportError> {
        let transport = &self.shared.transport;
        let url = transport
            .endpoint()
            .url(&["buckets", bucket_key, "messages"])
            .ok_or_else(|| TransportError::request(transport.endpoint(), BAD_SEGMENT))?;
        transport
            .exchange(token, Method::POST, url, Some(body), ANSWER_LIMIT)
            .await
    }

    /// Any other call: the answer, if it is a success.
    pub(super) async fn call(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
        body: Option<Bytes>,
    ) -> Result<RawAnswer, Error> {
        let body = body.map(Posted::Plain);
        let transport = &self.shared.transport;
        let mut url = transport
            .endpoint()
            .url(segments)
            .ok_or_else(|| TransportError::request(transport.endpoint(), BAD_SEGMENT))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = transport
            .exchange(&self.shared.token, method, url, body, READ_LIMIT)
            .await?;
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(Error::refused(&answer))
        }
    }
}

const BAD_SEGMENT: &str =
    "a bucket key or message uuid is empty or made of dots only; check RUNSCOPE_BUCKET_KEY";

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api_endpoint", &self.endpoint())
            .field("bucket_key", &self.bucket_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
