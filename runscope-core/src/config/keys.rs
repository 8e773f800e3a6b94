//! The one table of settings. Files, the environment, the list of known keys, the bounds, the
//! complaints and the documentation all come from it.

use super::field::{Field, MILLISECONDS, SECONDS};
use std::time::Duration;

/// What the variables begin with.
pub(super) const PREFIX: &str = "RUNSCOPE_";

/// One setting.
pub(super) struct Key {
    /// Its name: the key in files, the field of the config and the setter of the builder.
    pub(super) name: &'static str,
    pub(super) field: Field,
    /// Whether it may also stand in the table `queue`.
    pub(super) in_queue: bool,
    /// For the table of settings, which a test writes.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(super) meaning: &'static str,
}

impl Key {
    const fn new(name: &'static str, field: Field, meaning: &'static str) -> Self {
        Self {
            name,
            field,
            in_queue: false,
            meaning,
        }
    }

    const fn queue(name: &'static str, field: Field, meaning: &'static str) -> Self {
        Self {
            name,
            field,
            in_queue: true,
            meaning,
        }
    }

    /// The environment variable.
    pub(super) fn env(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase())
    }
}

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The settings that may stand in a table `queue`.
pub(super) const QUEUE: &str = "queue";

const KIB: usize = 1 << 10;
/// The upper bound that the gateway sets on these two.
const MOST_ENTRIES: usize = 1_000_000;
/// Smaller, hardly a message would find room.
const LEAST_DEAD_LETTERS: usize = 64 << 10;
/// Smaller, a spool would be one segment that is kept or dropped whole.
const LEAST_SPOOL: usize = 64 * KIB;
/// A wait of nothing would make a busy loop of it.
const A_MOMENT: Duration = Duration::from_millis(1);

/// In the order of the documentation. The redaction keys are applied in the order in which they
/// stand here, so that a list that replaces comes before those that add and take away.
pub(super) static KEYS: [Key; 46] = [
    Key::new(
        "access_token",
        Field::Token(|config| &mut config.access_token),
        "Runscope access token, sent as `Authorization: Bearer …`. Required, unless nothing is sent to the API.",
    ),
    Key::new(
        "bucket_key",
        Field::Bucket(|config| &mut config.bucket_key),
        "Bucket that stores the traffic. Required, unless nothing is sent to the API.",
    ),
    Key::new(
        "log_body",
        Field::Flag(|config| &mut config.log_body),
        "Whether request and response bodies are sent.",
    ),
    Key::new(
        "api_endpoint",
        Field::Endpoint(|config| &mut config.api_endpoint),
        "Base URL of the API. May have a path; may not have a user name, a query or a fragment.",
    ),
    Key::new(
        "timeout",
        Field::Time {
            unit: MILLISECONDS,
            least: A_MOMENT,
            at: |config| &mut config.timeout,
        },
        "How long one call of the API may take.",
    ),
    Key::new(
        "keepalive",
        Field::Time {
            unit: MILLISECONDS,
            least: Duration::ZERO,
            at: |config| &mut config.keepalive,
        },
        "How long an idle connection to the API is kept open.",
    ),
    Key::queue(
        "max_entries",
        Field::Count {
            most: MOST_ENTRIES,
            at: |config| &mut config.max_entries,
        },
        "How many exchanges wait in a bucket's queue; further ones are dropped and counted.",
    ),
    Key::queue(
        "max_bytes",
        Field::Size {
            least: KIB,
            at: |config| &mut config.max_bytes,
        },
        "How many bytes wait in a bucket's queue; further exchanges are dropped and counted.",
    ),
    Key::queue(
        "max_batch_size",
        Field::Count {
            most: MOST_ENTRIES,
            at: |config| &mut config.max_batch_size,
        },
        "How many exchanges one call of the API sends; at most `max_entries`.",
    ),
    Key::new(
        "max_batch_bytes",
        Field::Size {
            least: KIB,
            at: |config| &mut config.max_batch_bytes,
        },
        "How many encoded bytes one call of the API sends; a single larger exchange goes alone.",
    ),
    Key::queue(
        "max_coalescing_delay",
        Field::Time {
            unit: SECONDS,
            least: Duration::ZERO,
            at: |config| &mut config.max_coalescing_delay,
        },
        "How long the first exchange of a batch waits for others.",
    ),
    Key::queue(
        "initial_retry_delay",
        Field::Time {
            unit: SECONDS,
            least: A_MOMENT,
            at: |config| &mut config.initial_retry_delay,
        },
        "The wait before the first retry, doubled for each further one; at most `max_retry_delay`.",
    ),
    Key::queue(
        "max_retry_delay",
        Field::Time {
            unit: SECONDS,
            least: A_MOMENT,
            at: |config| &mut config.max_retry_delay,
        },
        "The longest wait before a retry.",
    ),
    Key::queue(
        "max_retry_time",
        Field::Time {
            unit: SECONDS,
            least: Duration::ZERO,
            at: |config| &mut config.max_retry_time,
        },
        "How long a batch is tried again before it is dropped and counted.",
    ),
    Key::new(
        "shutdown_timeout",
        Field::Time {
            unit: SECONDS,
            least: Duration::ZERO,
            at: |config| &mut config.shutdown_timeout,
        },
        "How long the end of the process waits for what is still queued.",
    ),
    Key::new(
        "enabled",
        Field::Flag(|config| &mut config.enabled),
        "Whether anything is captured. Where it is off no account is needed, and scopes don't switch it on.",
    ),
    Key::new(
        "max_body_bytes",
        Field::Size {
            least: 1,
            at: |config| &mut config.max_body_bytes,
        },
        "How much of a body is kept; the rest is counted and marked as cut.",
    ),
    Key::new(
        "max_decoded_bytes",
        Field::Size {
            least: KIB,
            at: |config| &mut config.max_decoded_bytes,
        },
        "How large a compressed body may become when it is decoded.",
    ),
    Key::new(
        "byte_budget",
        Field::Size {
            least: KIB,
            at: |config| &mut config.byte_budget,
        },
        "How many bytes all captures in flight and the queue hold together, in the whole process.",
    ),
    Key::new(
        "body_content_types",
        Field::ContentTypes(|config| &mut config.body_content_types),
        "Which bodies are kept. `*` stands for any characters; `*/*` keeps all, those without a content type too.",
    ),
    Key::new(
        "sample_rate",
        Field::Rate(|config| &mut config.sample_rate),
        "The share of exchanges that is captured, from 0 to 1.",
    ),
    Key::new(
        "skip_methods",
        Field::Methods(|config| &mut config.skip_methods),
        "Methods that are not captured, in any case of letters.",
    ),
    Key::new(
        "skip_paths",
        Field::Paths(|config| &mut config.skip_paths),
        "Paths that are not captured. `*` stands for any characters, slashes among them; the rest is literal.",
    ),
    Key::new(
        "skip_health_checks",
        Field::Flag(|config| &mut config.skip_health_checks),
        "Whether well-known health paths and the probes of Kubernetes, Google Cloud and AWS are left out.",
    ),
    Key::new(
        "body_min_status",
        Field::Status(|config| &mut config.body_min_status),
        "Keep bodies only from this status on, or when `body_min_time` is reached.",
    ),
    Key::new(
        "body_min_time",
        Field::OptionalTime {
            unit: SECONDS,
            at: |config| &mut config.body_min_time,
        },
        "Keep bodies only of exchanges that take this long, or when `body_min_status` is reached.",
    ),
    Key::new(
        "trusted_hops",
        Field::Hops(|config| &mut config.trusted_hops),
        "How many proxies in front of the service are believed when they say who asks, and how.",
    ),
    Key::new(
        "default_scheme",
        Field::UrlScheme(|config| &mut config.default_scheme),
        "Scheme of the URL where a request does not say: `http` or `https`.",
    ),
    Key::new(
        "max_stream_age",
        Field::Time {
            unit: SECONDS,
            least: A_MOMENT,
            at: |config| &mut config.max_stream_age,
        },
        "When the message of an exchange that has no end goes out, marked as open.",
    ),
    Key::new(
        "context",
        Field::Flag(|config| &mut config.context),
        "Whether messages carry the `context` object beside the documented fields.",
    ),
    Key::new(
        "compress",
        Field::Flag(|config| &mut config.compress),
        "Whether messages are sent gzipped once the API says that it takes them so; needs the feature `gzip`.",
    ),
    Key::new(
        "allow_plain_http",
        Field::Flag(|config| &mut config.allow_plain_http),
        "Whether `api_endpoint` may be `http://` on another machine, where the token travels in clear.",
    ),
    Key::new(
        "ca_file",
        Field::File(|config| &mut config.ca_file),
        "PEM file with further root certificates for the API.",
    ),
    Key::new(
        "ndjson_file",
        Field::File(|config| &mut config.ndjson_file),
        "File to which exchanges are written, one JSON object a line, instead of to the API.",
    ),
    Key::new(
        "dead_letter_file",
        Field::File(|config| &mut config.dead_letter_file),
        "File to which the exchanges that the API refused are written, each with the reason, one a line.",
    ),
    Key::new(
        "dead_letter_max_bytes",
        Field::Size {
            least: LEAST_DEAD_LETTERS,
            at: |config| &mut config.dead_letter_max_bytes,
        },
        "How many bytes the dead letters take on disk; then the oldest are let go of.",
    ),
    Key::new(
        "spool_dir",
        Field::File(|config| &mut config.spool_dir),
        "Directory, of its own, that keeps what can't be delivered; needs the feature `spool`.",
    ),
    Key::new(
        "spool_max_bytes",
        Field::Size {
            least: LEAST_SPOOL,
            at: |config| &mut config.spool_max_bytes,
        },
        "How many bytes the spool takes on disk, for all buckets together.",
    ),
    Key::new(
        "spool_max_age",
        Field::Time {
            unit: SECONDS,
            least: A_MOMENT,
            at: |config| &mut config.spool_max_age,
        },
        "How old an exchange may become in the spool; then it is dropped and counted.",
    ),
    Key::new(
        "spool_keep",
        Field::Keep(|config| &mut config.spool_keep),
        "What a full spool keeps, `oldest` or `newest`; the rest stays in memory, or is dropped and counted.",
    ),
    Key::new(
        "spool_drain_rate",
        Field::Count {
            most: MOST_ENTRIES,
            at: |config| &mut config.spool_drain_rate,
        },
        "How many exchanges a second each bucket is sent out of the spool after an outage.",
    ),
    Key::new(
        "redact_only",
        Field::RedactNames(|rules, names| rules.replace_names(names.iter().copied())),
        "Names whose values are masked, instead of the built-in ones.",
    ),
    Key::new(
        "redact_names",
        Field::RedactNames(|rules, names| rules.add_names(names.iter().copied())),
        "Names whose values are masked too.",
    ),
    Key::new(
        "redact_except",
        Field::RedactNames(|rules, names| rules.remove_names(names.iter().copied())),
        "Names whose values are not masked.",
    ),
    Key::new(
        "redact_patterns",
        Field::RedactPatterns,
        "Whether values that look like secrets are masked whatever their name.",
    ),
    Key::new(
        "scopes",
        Field::Scopes(|config| &mut config.scopes),
        "Settings for single routes, services and consumers; in the environment as JSON.",
    ),
];
