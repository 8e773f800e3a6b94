use super::content_type::{self, ContentTypePattern};
use super::resolve::Destination;
use super::skip::PathPattern;
use super::{
    AccessToken, ConfigBuilder, ConfigError, RedactionRules, Scope, endpoint, resolve::Scopes,
};
use crate::sink::SharedSink;
use std::{path::PathBuf, time::Duration};
use url::Url;

/// Every setting, checked.
///
/// There are three ways to one: [in code](Config::builder), [from the
/// environment](Config::from_env), and from any format that serde reads, alone or as a field of a
/// config of your own. They take the same settings and refuse the same mistakes, all at once.
///
/// ```
/// use runscope_core::Config;
/// use std::time::Duration;
///
/// let in_code = Config::builder()
///     .access_token("c0ffee")
///     .bucket_key("k3y")
///     .log_body(true)
///     .timeout(Duration::from_secs(5))
///     .build()?;
///
/// let from_the_environment = Config::from_vars([
///     ("RUNSCOPE_ACCESS_TOKEN", "c0ffee"),
///     ("RUNSCOPE_BUCKET_KEY", "k3y"),
///     ("RUNSCOPE_LOG_BODY", "true"),
///     ("RUNSCOPE_TIMEOUT", "5000"),
/// ])?;
///
/// let from_a_file: Config = serde_json::from_str(
///     r#"{"access_token": "c0ffee", "bucket_key": "k3y", "log_body": true, "timeout": 5000}"#,
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An entry of the gateway plugin that this library succeeds can be pasted as it is:
///
/// ```
/// # use runscope_core::Config;
/// let config: Config = serde_json::from_str(
///     r#"{
///         "name": "runscope",
///         "enabled": true,
///         "route": null,
///         "protocols": ["http", "https"],
///         "config": {"access_token": "c0ffee", "bucket_key": "k3y", "keepalive": 30}
///     }"#,
/// )?;
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// To take most settings from a file and the token from the environment, read a [`ConfigBuilder`]
/// and go on from there.
///
/// # In files and in the environment
///
/// - `null` and an empty environment variable are the same as nothing.
/// - A value may be its text: `"10000"`, `"yes"`. Booleans are true/false, yes/no, on/off, 1/0.
/// - A duration is a number of the unit below, or text with its own unit: `500ms`, `1.5s`, `2m`.
/// - A size is a number of bytes, or text with a unit: `64KiB` and `64k` are powers of 1024, `64KB`
///   is a power of 1000.
/// - A list is a list, or one text with commas.
/// - The settings of the queue may stand in a table `queue`, as in the gateway: `max_entries`,
///   `max_bytes`, `max_batch_size`, `max_coalescing_delay`, `initial_retry_delay`,
///   `max_retry_delay`, `max_retry_time`.
/// - An unknown key of a file is an error. An unknown variable is one only where it looks like a
///   slip of the pen, since orchestrators set variables such as `RUNSCOPE_SERVICE_HOST`.
///
/// # Settings
///
#[doc = include_str!("SETTINGS.md")]
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) access_token: Option<AccessToken>,
    pub(crate) bucket_key: Option<String>,
    pub(crate) log_body: bool,
    pub(crate) api_endpoint: Url,
    pub(crate) timeout: Duration,
    pub(crate) keepalive: Duration,

    pub(crate) max_entries: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_batch_size: usize,
    pub(crate) max_batch_bytes: usize,
    pub(crate) max_coalescing_delay: Duration,
    pub(crate) initial_retry_delay: Duration,
    pub(crate) max_retry_delay: Duration,
    pub(crate) max_retry_time: Duration,
    pub(crate) shutdown_timeout: Duration,

    pub(crate) enabled: bool,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_decoded_bytes: usize,
    pub(crate) byte_budget: usize,
    pub(crate) body_content_types: Vec<ContentTypePattern>,
    pub(crate) sample_rate: f64,
    pub(crate) skip_methods: Vec<String>,
    pub(crate) skip_paths: Vec<PathPattern>,
    pub(crate) skip_health_checks: bool,
    pub(crate) body_min_status: Option<u16>,
    pub(crate) body_min_time: Option<Duration>,
    pub(crate) trusted_hops: u8,
    pub(crate) default_scheme: Scheme,
    pub(crate) max_stream_age: Duration,
    pub(crate) context: bool,

    pub(crate) compress: bool,
    pub(crate) allow_plain_http: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) ndjson_file: Option<PathBuf>,
    /// A sink of the caller's own.
    pub(crate) sink: Option<SharedSink>,

    pub(crate) dead_letter_file: Option<PathBuf>,
    pub(crate) dead_letter_max_bytes: usize,

    pub(crate) spool_dir: Option<PathBuf>,
    pub(crate) spool_max_bytes: usize,
    pub(crate) spool_max_age: Duration,
    pub(crate) spool_keep: SpoolKeep,
    pub(crate) spool_drain_rate: usize,

    pub(crate) redaction: RedactionRules,
    pub(crate) scopes: Vec<Scope>,
    /// `scopes` in the order in which they win; filled by `build`.
    pub(super) ranked_scopes: Scopes,
}

impl Config {
    /// A builder with the defaults.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// The settings of the process's environment, variables that begin with `RUNSCOPE_`.
    ///
    /// # Errors
    ///
    /// When a setting is missing, a value is not valid, or a variable looks like a slip of the pen;
    /// the error lists all of them.
    pub fn from_env() -> Result<Self, ConfigError> {
        ConfigBuilder::for_env().env().build()
    }

    /// Like [`from_env`](Self::from_env), with variables from elsewhere. Names that don't begin
    /// with `RUNSCOPE_` are passed over.
    ///
    /// # Errors
    ///
    /// The same as those of [`from_env`](Self::from_env).
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        ConfigBuilder::for_env().vars(vars).build()
    }

    /// The defaults, which lack an account: only a builder hands them out.
    pub(super) fn defaults() -> Self {
        Self {
            access_token: None,
            bucket_key: None,
            log_body: false,
            api_endpoint: default_endpoint(),
            timeout: Duration::from_millis(10_000),
            keepalive: Duration::from_millis(30),

            max_entries: 10_000,
            max_bytes: 32 << 20,
            max_batch_size: 200,
            max_batch_bytes: 1 << 20,
            max_coalescing_delay: Duration::from_secs(1),
            initial_retry_delay: Duration::from_millis(500),
            max_retry_delay: Duration::from_secs(60),
            max_retry_time: Duration::from_secs(3600),
            shutdown_timeout: Duration::from_secs(2),

            enabled: true,
            max_body_bytes: 64 << 10,
            max_decoded_bytes: 1 << 20,
            byte_budget: 64 << 20,
            body_content_types: content_type::DEFAULTS
                .iter()
                .filter_map(|pattern| pattern.parse().ok())
                .collect(),
            sample_rate: 1.0,
            skip_methods: Vec::new(),
            skip_paths: Vec::new(),
            skip_health_checks: false,
            body_min_status: None,
            body_min_time: None,
            trusted_hops: 0,
            default_scheme: Scheme::Http,
            max_stream_age: Duration::from_secs(60),
            context: true,

            compress: false,
            allow_plain_http: false,
            ca_file: None,
            ndjson_file: None,
            sink: None,

            dead_letter_file: None,
            dead_letter_max_bytes: 16 << 20,
            spool_dir: None,
            spool_max_bytes: 256 << 20,
            spool_max_age: Duration::from_secs(24 * 3600),
            spool_keep: SpoolKeep::Oldest,
            spool_drain_rate: 1000,

            redaction: RedactionRules::new(),
            scopes: Vec::new(),
            ranked_scopes: Scopes::new(false, Destination::default(), &[]),
        }
    }
}

/// The scheme of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL, without the colon.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// What a full spool keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpoolKeep {
    /// What it has. What comes stays in memory, and is dropped when that is full too.
    Oldest,
    /// What comes. The oldest is dropped, a segment at a time.
    Newest,
}

impl SpoolKeep {
    /// The word for it in files and in the environment.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the text is a constant, and every test comes past here"
)]
fn default_endpoint() -> Url {
    Url::parse(endpoint::DEFAULT).expect("the default endpoint is a URL")
}
