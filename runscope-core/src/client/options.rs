use super::AccessToken;
use super::endpoint::shown;
use crate::config::Config;
use crate::redact::RedactionRules;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// What a [`Client`](super::Client) needs to know.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The API's base address, which may hold a path prefix, but no user name, query or fragment.
    pub api_endpoint: Url,
    /// The token that is sent as `Authorization: Bearer …`.
    pub access_token: AccessToken,
    /// The bucket that bucket-bound calls use.
    pub bucket_key: String,
    /// The longest that one exchange may take, from looking up the host to the end of the answer.
    /// Half of it, and at most 10 seconds, may go by until the connection stands. Default: 10
    /// seconds.
    pub timeout: Duration,
    /// How long an idle connection lives. Default: 30 milliseconds.
    pub keepalive: Duration,
    /// Whether `http://` is allowed to other hosts than this machine, where everybody between can
    /// read the token and the messages. Default: no.
    pub allow_plain_http: bool,
    /// A PEM file of certificates to trust beside those of the platform. Default: none.
    pub ca_file: Option<PathBuf>,
    /// What is masked in the messages that are sent. Default: the built-in rules.
    pub redaction: RedactionRules,
    /// How far a compressed body is decoded to be cleaned, in bytes. Default: 1 MiB.
    pub max_decoded_bytes: usize,
}

impl ClientOptions {
    /// Options with their defaults; the fields are there to be set.
    #[must_use]
    pub fn new(
        api_endpoint: Url,
        access_token: impl Into<AccessToken>,
        bucket_key: impl Into<String>,
    ) -> Self {
        Self {
            api_endpoint,
            access_token: access_token.into(),
            bucket_key: bucket_key.into(),
            timeout: Duration::from_secs(10),
            keepalive: Duration::from_millis(30),
            allow_plain_http: false,
            ca_file: None,
            redaction: RedactionRules::new(),
            max_decoded_bytes: 1 << 20,
        }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`keepalive`](Self::keepalive).
    #[must_use]
    pub fn keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Sets [`allow_plain_http`](Self::allow_plain_http).
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Sets [`ca_file`](Self::ca_file).
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Sets [`redaction`](Self::redaction).
    #[must_use]
    pub fn redaction(mut self, rules: RedactionRules) -> Self {
        self.redaction = rules;
        self
    }

    /// Sets [`max_decoded_bytes`](Self::max_decoded_bytes).
    #[must_use]
    pub fn max_decoded_bytes(mut self, bytes: usize) -> Self {
        self.max_decoded_bytes = bytes;
        self
    }
}

impl From<&Config> for ClientOptions {
    fn from(config: &Config) -> Self {
        Self {
            api_endpoint: config.api_endpoint.clone(),
            access_token: config.access_token.clone().unwrap_or_default(),
            bucket_key: config.bucket_key.clone().unwrap_or_default(),
            timeout: config.timeout,
            keepalive: config.keepalive,
            allow_plain_http: config.allow_plain_http,
            ca_file: config.ca_file.clone(),
            redaction: config.redaction.clone(),
            max_decoded_bytes: config.max_decoded_bytes,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("api_endpoint", &shown(&self.api_endpoint))
            .field("access_token", &self.access_token)
            .field("bucket_key", &self.bucket_key)
            .field("timeout", &self.timeout)
            .field("keepalive", &self.keepalive)
            .field("allow_plain_http", &self.allow_plain_http)
            .field("ca_file", &self.ca_file)
            .field("redaction", &self.redaction)
            .field("max_decoded_bytes", &self.max_decoded_bytes)
            .finish()
    }
}
