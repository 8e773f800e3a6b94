use super::error::{ConfigProblem, Fault};
use super::field::parse_all;
use super::keys::{self, Key};
use super::{
    AccessToken, Config, RedactionRules, Scheme, Scope, SpoolKeep, endpoint, value::Value,
};
use crate::sink::{SharedSink, Sink};
use std::{path::PathBuf, time::Duration};

/// Builds a [`Config`]. A setting given again replaces the earlier one; nothing is checked before
/// [`build`](Self::build), which tells all problems at once.
///
/// A builder can also be read by serde and go on from there: with the [environment](Self::env), with
/// setters, with both.
///
/// ```
/// use runscope_core::Config;
/// use std::time::Duration;
///
/// let error = Config::builder()
///     .access_token("c0ffee")
///     .timeout(Duration::ZERO)
///     .build()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "2 problems in the settings of runscope\n  \
///      bucket_key: missing; set it, or set ndjson_file to write to a file instead\n  \
///      timeout: 0 is too short; give milliseconds, at least 1 (default 10000)",
/// );
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ConfigBuilder {
    pub(super) config: Config,
    pub(super) problems: Vec<ConfigProblem>,
    pub(super) env_was_read: bool,
    /// Whether a setting that nobody gave is called by its variable.
    is_for_env: bool,
    /// How a setting was spelled where it was given, if not by its plain name.
    spellings: Vec<(&'static str, String)>,
}

impl ConfigBuilder {
    /// The access token, sent as `Authorization: Bearer …`. Needed unless capture is off or a local sink
    /// takes the exchanges.
    ///
    /// Key `access_token`, variable `RUNSCOPE_ACCESS_TOKEN`, text.
    /// Default: `none`.
    pub fn access_token(self, token: impl Into<AccessToken>) -> Self {
        self.with("access_token", |config| {
            config.access_token = Some(token.into());
        })
    }

    /// The bucket that stores the traffic. Needed unless capture is off or a local sink takes the
    /// exchanges.
    ///
    /// Key `bucket_key`, variable `RUNSCOPE_BUCKET_KEY`, text.
    /// Default: `none`.
    pub fn bucket_key(self, key: impl Into<String>) -> Self {
        self.with("bucket_key", |config| config.bucket_key = Some(key.into()))
    }

    /// Whether request and response bodies are sent.
    ///
    /// Key `log_body`, variable `RUNSCOPE_LOG_BODY`, boolean.
    /// Default: `false`.
    pub fn log_body(self, log_body: bool) -> Self {
        self.with("log_body", |config| config.log_body = log_body)
    }

    /// The base URL of the API. It may have a path; a user name, a query or a fragment is refused, and
    /// so is `http://` to another machine without [`allow_plain_http`](Self::allow_plain_http).
    ///
    /// Key `api_endpoint`, variable `RUNSCOPE_API_ENDPOINT`, URL.
    /// Default: `https://api.runscope.com`.
    pub fn api_endpoint(self, url: impl AsRef<str>) -> Self {
        let url = endpoint::parse(url.as_ref());
        self.with_parsed("api_endpoint", url, |config, url| config.api_endpoint = url)
    }

    /// How long one call of the API may take; at least 1 ms.
    ///
    /// Key `timeout`, variable `RUNSCOPE_TIMEOUT`, milliseconds.
    /// Default: `10000`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with("timeout", |config| config.timeout = timeout)
    }

    /// How long an idle connection to the API is kept open.
    ///
    /// Key `keepalive`, variable `RUNSCOPE_KEEPALIVE`, milliseconds.
    /// Default: `30`.
    pub fn keepalive(self, keepalive: Duration) -> Self {
        self.with("keepalive", |config| config.keepalive = keepalive)
    }

    /// How many exchanges wait in a bucket's queue, from 1 to 1,000,000. Further ones are dropped and
    /// counted.
    ///
    /// Key `max_entries`, variable `RUNSCOPE_MAX_ENTRIES`, number.
    /// Default: `10000`.
    pub fn max_entries(self, entries: usize) -> Self {
        self.with("max_entries", |config| config.max_entries = entries)
    }

    /// How many bytes wait in a bucket's queue; at least 1 KiB. Further exchanges are dropped and
    /// counted.
    ///
    /// Key `max_bytes`, variable `RUNSCOPE_MAX_BYTES`, bytes.
    /// Default: `32 MiB`.
    pub fn max_bytes(self, bytes: usize) -> Self {
        self.with("max_bytes", |config| config.max_bytes = bytes)
    }

    /// How many exchanges one call of the API sends; at most [`max_entries`](Self::max_entries).
    /// Answers are read up to 64 KiB, which holds the results of some 300: those of a larger batch
    /// are counted as unconfirmed.
    ///
    /// Key `max_batch_size`, variable `RUNSCOPE_MAX_BATCH_SIZE`, number.
    /// Default: `200`.
    pub fn max_batch_size(self, exchanges: usize) -> Self {
        self.with("max_batch_size", |config| config.max_batch_size = exchanges)
    }

    /// How many encoded bytes one call of the API sends; at least 1 KiB. A single larger exchange goes
    /// alone.
    ///
    /// Key `max_batch_bytes`, variable `RUNSCOPE_MAX_BATCH_BYTES`, bytes.
    /// Default: `1 MiB`.
    pub fn max_batch_bytes(self, bytes: usize) -> Self {
        self.with("max_batch_bytes", |config| config.max_batch_bytes = bytes)
    }

    /// How long the first exchange of a batch waits for others.
    ///
    /// Key `max_coalescing_delay`, variable `RUNSCOPE_MAX_COALESCING_DELAY`, seconds.
    /// Default: `1`.
    pub fn max_coalescing_delay(self, delay: Duration) -> Self {
        self.with("max_coalescing_delay", |config| {
            config.max_coalescing_delay = delay;
        })
    }

    /// The wait before the first retry, doubled for each further one; at least 1 ms and at most
    /// [`max_retry_delay`](Self::max_retry_delay).
    ///
    /// Key `initial_retry_delay`, variable `RUNSCOPE_INITIAL_RETRY_DELAY`, seconds.
    /// Default: `0.5`.
    pub fn initial_retry_delay(self, delay: Duration) -> Self {
        self.with("initial_retry_delay", |config| {
            config.initial_retry_delay = delay;
        })
    }

    /// The longest wait before a retry; at least 1 ms.
    ///
    /// Key `max_retry_delay`, variable `RUNSCOPE_MAX_RETRY_DELAY`, seconds.
    /// Default: `60`.
    pub fn max_retry_delay(self, delay: Duration) -> Self {
        self.with("max_retry_delay", |config| config.max_retry_delay = delay)
    }

    /// How long a batch is tried again before it is dropped and counted.
    ///
    /// Key `max_retry_time`, variable `RUNSCOPE_MAX_RETRY_TIME`, seconds.
    /// Default: `3600`.
    pub fn max_retry_time(self, time: Duration) -> Self {
        self.with("max_retry_time", |config| config.max_retry_time = time)
    }

    /// How long the end of the process waits for what is still queued.
    ///
    /// Key `shutdown_timeout`, variable `RUNSCOPE_SHUTDOWN_TIMEOUT`, seconds.
    /// Default: `2`.
    pub fn shutdown_timeout(self, timeout: Duration) -> Self {
        self.with("shutdown_timeout", |config| {
            config.shutdown_timeout = timeout;
        })
    }

    /// Whether anything is captured. Where it is off no account is needed, and scopes don't switch it
    /// on.
    ///
    /// Key `enabled`, variable `RUNSCOPE_ENABLED`, boolean.
    /// Default: `true`.
    pub fn enabled(self, enabled: bool) -> Self {
        self.with("enabled", |config| config.enabled = enabled)
    }

    /// How much of a body is kept; at least 1 byte. The rest is counted and marked as cut.
    ///
    /// Key `max_body_bytes`, variable `RUNSCOPE_MAX_BODY_BYTES`, bytes.
    /// Default: `64 KiB`.
    pub fn max_body_bytes(self, bytes: usize) -> Self {
        self.with("max_body_bytes", |config| config.max_body_bytes = bytes)
    }

    /// How large a compressed body may become when it is decoded; at least 1 KiB.
    ///
    /// Key `max_decoded_bytes`, variable `RUNSCOPE_MAX_DECODED_BYTES`, bytes.
    /// Default: `1 MiB`.
    pub fn max_decoded_bytes(self, bytes: usize) -> Self {
        self.with("max_decoded_bytes", |config| {
            config.max_decoded_bytes = bytes;
        })
    }

    /// How many bytes all captures in flight and the queue hold together, in the whole process; at
    /// least 1 KiB.
    ///
    /// Key `byte_budget`, variable `RUNSCOPE_BYTE_BUDGET`, bytes.
    /// Default: `64 MiB`.
    pub fn byte_budget(self, bytes: usize) -> Self {
        self.with("byte_budget", |config| config.byte_budget = bytes)
    }

    /// Which bodies are kept, by content type, instead of the default ones. `*` stands for any
    /// characters, at most once on each side of the slash; `*/*` keeps all. A body without a content
    /// type counts as `application/octet-stream`.
    ///
    /// Key `body_content_types`, variable `RUNSCOPE_BODY_CONTENT_TYPES`, list.
    /// Default: `application/json, application/*+json, application/x-ndjson,
    /// application/x-www-form-urlencoded, multipart/form-data, application/xml, application/*+xml,
    /// application/graphql*, application/javascript, text/*`.
    pub fn body_content_types<S: AsRef<str>>(self, patterns: impl IntoIterator<Item = S>) -> Self {
        let patterns = parse_all(patterns);
        self.with_parsed("body_content_types", patterns, |config, patterns| {
            config.body_content_types = patterns;
        })
    }

    /// The share of exchanges that is captured, from 0 to 1.
    ///
    /// Key `sample_rate`, variable `RUNSCOPE_SAMPLE_RATE`, number.
    /// Default: `1`.
    pub fn sample_rate(self, rate: f64) -> Self {
        self.with("sample_rate", |config| config.sample_rate = rate)
    }

    /// Methods that are not captured, in any case of letters.
    ///
    /// Key `skip_methods`, variable `RUNSCOPE_SKIP_METHODS`, list.
    /// Default: `none`.
    pub fn skip_methods<S: Into<String>>(self, methods: impl IntoIterator<Item = S>) -> Self {
        let methods = methods.into_iter().map(Into::into).collect();
        self.with("skip_methods", |config| config.skip_methods = methods)
    }

    /// Paths that are not captured, without their query. `*` stands for any characters, slashes among
    /// them; every other character stands for itself. The whole path must match.
    ///
    /// Key `skip_paths`, variable `RUNSCOPE_SKIP_PATHS`, list.
    /// Default: `none`.
    pub fn skip_paths<S: AsRef<str>>(self, patterns: impl IntoIterator<Item = S>) -> Self {
        let patterns = parse_all(patterns);
        self.with_parsed("skip_paths", patterns, |config, patterns| {
            config.skip_paths = patterns;
        })
    }

    /// Whether health checks are left out: the paths `/health`, `/healthz`, `/livez`, `/readyz`,
    /// `/ready`, `/live`, `/ping` and `/_health`, and requests of `kube-probe`, `GoogleHC` and
    /// `ELB-HealthChecker`.
    ///
    /// Key `skip_health_checks`, variable `RUNSCOPE_SKIP_HEALTH_CHECKS`, boolean.
    /// Default: `false`.
    pub fn skip_health_checks(self, skip: bool) -> Self {
        self.with("skip_health_checks", |config| {
            config.skip_health_checks = skip;
        })
    }

    /// Keeps bodies only from this status on, or when [`body_min_time`](Self::body_min_time) is
    /// reached.
    ///
    /// Key `body_min_status`, variable `RUNSCOPE_BODY_MIN_STATUS`, number.
    /// Default: `none`.
    pub fn body_min_status(self, status: u16) -> Self {
        self.with("body_min_status", |config| {
            config.body_min_status = Some(status);
        })
    }

    /// Keeps bodies only of exchanges that take this long, or when
    /// [`body_min_status`](Self::body_min_status) is reached.
    ///
    /// Key `body_min_time`, variable `RUNSCOPE_BODY_MIN_TIME`, seconds.
    /// Default: `none`.
    pub fn body_min_time(self, time: Duration) -> Self {
        self.with("body_min_time", |config| config.body_min_time = Some(time))
    }

    /// How many proxies in front of the service are believed when they say who asks, and how.
    ///
    /// Key `trusted_hops`, variable `RUNSCOPE_TRUSTED_HOPS`, number.
    /// Default: `0`.
    pub fn trusted_hops(self, proxies: u8) -> Self {
        self.with("trusted_hops", |config| config.trusted_hops = proxies)
    }

    /// The scheme of the URL where a request does not say.
    ///
    /// Key `default_scheme`, variable `RUNSCOPE_DEFAULT_SCHEME`, text.
    /// Default: `http`.
    pub fn default_scheme(self, scheme: Scheme) -> Self {
        self.with("default_scheme", |config| config.default_scheme = scheme)
    }

    /// When the message of an exchange that has no end goes out, marked as open; at least 1 ms.
    ///
    /// Key `max_stream_age`, variable `RUNSCOPE_MAX_STREAM_AGE`, seconds.
    /// Default: `60`.
    pub fn max_stream_age(self, age: Duration) -> Self {
        self.with("max_stream_age", |config| config.max_stream_age = age)
    }

    /// Whether messages carry the `context` object beside the documented fields.
    ///
    /// Key `context`, variable `RUNSCOPE_CONTEXT`, boolean.
    /// Default: `true`.
    pub fn context(self, context: bool) -> Self {
        self.with("context", |config| config.context = context)
    }

    /// Whether messages are sent gzipped, once an answer of the API has said that it takes them so: by
    /// `Accept-Encoding: gzip` (RFC 7694). Needs the feature `gzip`.
    ///
    /// It is for an API that is far away, or paid for by the byte: the more alike messages are, the
    /// smaller they become. Next door it only costs time of the delivery's thread.
    ///
    /// Key `compress`, variable `RUNSCOPE_COMPRESS`, boolean.
    /// Default: `false`.
    pub fn compress(self, compress: bool) -> Self {
        self.with("compress", |config| config.compress = compress)
    }

    /// Whether [`api_endpoint`](Self::api_endpoint) may be `http://` on another machine. The access
    /// token and everything captured then travel in clear.
    ///
    /// Key `allow_plain_http`, variable `RUNSCOPE_ALLOW_PLAIN_HTTP`, boolean.
    /// Default: `false`.
    pub fn allow_plain_http(self, allow: bool) -> Self {
        self.with("allow_plain_http", |config| config.allow_plain_http = allow)
    }

    /// A PEM file with further root certificates for the API.
    ///
    /// Key `ca_file`, variable `RUNSCOPE_CA_FILE`, path.
    /// Default: `none`.
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        self.with("ca_file", |config| config.ca_file = Some(path.into()))
    }

    /// A file to which exchanges are written, one JSON object a line, instead of to the API. Then no
    /// account is needed.
    ///
    /// Key `ndjson_file`, variable `RUNSCOPE_NDJSON_FILE`, path.
    /// Default: `none`.
    pub fn ndjson_file(self, path: impl Into<PathBuf>) -> Self {
        self.with("ndjson_file", |config| {
            config.ndjson_file = Some(path.into());
        })
    }

    /// A file to which the exchanges that the API refused for good are written, cleaned as they were
    /// sent: one JSON object a line with `time` (seconds since 1970), `bucket`, `reason`, `too_large` and
    /// `message`. Only its owner can read it.
    ///
    /// It is for looking into; nothing waits for its disk, and what can't be written is only counted as
    /// rejected, as all of them are.
    ///
    /// Key `dead_letter_file`, variable `RUNSCOPE_DEAD_LETTER_FILE`, path.
    /// Default: `none`.
    pub fn dead_letter_file(self, path: impl Into<PathBuf>) -> Self {
        self.with("dead_letter_file", |config| {
            config.dead_letter_file = Some(path.into());
        })
    }

    /// How many bytes the dead letters take on disk; at least 64 KiB. At half of it the file is renamed,
    /// with `.1` added to its name, in the place of the one before.
    ///
    /// Key `dead_letter_max_bytes`, variable `RUNSCOPE_DEAD_LETTER_MAX_BYTES`, bytes.
    /// Default: `16 MiB`.
    pub fn dead_letter_max_bytes(self, bytes: usize) -> Self {
        self.with("dead_letter_max_bytes", |config| {
            config.dead_letter_max_bytes = bytes;
        })
    }

    /// The directory that keeps what can't be delivered, through restarts and power loss; needs the
    /// feature `spool`. Without it the spool is off.
    ///
    /// It is created where it is not there, and must hold nothing else: it is closed to other users.
    /// One process has it at a time; another one that names it works from memory.
    ///
    /// Key `spool_dir`, variable `RUNSCOPE_SPOOL_DIR`, path.
    /// Default: `none`.
    pub fn spool_dir(self, path: impl Into<PathBuf>) -> Self {
        self.with("spool_dir", |config| config.spool_dir = Some(path.into()))
    }

    /// How many bytes the spool takes on disk, for all buckets together; at least 64 KiB.
    ///
    /// Key `spool_max_bytes`, variable `RUNSCOPE_SPOOL_MAX_BYTES`, bytes.
    /// Default: `256 MiB`.
    pub fn spool_max_bytes(self, bytes: usize) -> Self {
        self.with("spool_max_bytes", |config| config.spool_max_bytes = bytes)
    }

    /// How old an exchange may become in the spool; at least 1 ms. Then it is dropped and counted.
    ///
    /// Key `spool_max_age`, variable `RUNSCOPE_SPOOL_MAX_AGE`, seconds.
    /// Default: `86400`.
    pub fn spool_max_age(self, age: Duration) -> Self {
        self.with("spool_max_age", |config| config.spool_max_age = age)
    }

    /// What a full spool keeps: `oldest`, then what comes stays in memory and is dropped when that is
    /// full too; or `newest`, then the oldest is dropped.
    ///
    /// Key `spool_keep`, variable `RUNSCOPE_SPOOL_KEEP`, text.
    /// Default: `oldest`.
    pub fn spool_keep(self, keep: SpoolKeep) -> Self {
        self.with("spool_keep", |config| config.spool_keep = keep)
    }

    /// How many exchanges a second each bucket is sent out of the spool after an outage, from 1 to
    /// 1,000,000. New ones are sent beside them.
    ///
    /// Key `spool_drain_rate`, variable `RUNSCOPE_SPOOL_DRAIN_RATE`, number.
    /// Default: `1000`.
    pub fn spool_drain_rate(self, exchanges: usize) -> Self {
        self.with("spool_drain_rate", |config| {
            config.spool_drain_rate = exchanges;
        })
    }

    /// Settings for single routes, services and consumers, in place of those given so far.
    ///
    /// Key `scopes`, variable `RUNSCOPE_SCOPES`, list of tables.
    /// Default: `none`.
    pub fn scopes(self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.with("scopes", |config| {
            config.scopes = scopes.into_iter().collect();
        })
    }

    /// Adds a scope to those given so far.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.config.scopes.push(scope);
        self
    }

    /// What is masked in everything that is captured. In files and in the environment: the keys
    /// `redact_only`, `redact_names`, `redact_except` and `redact_patterns`. Default: the built-in
    /// rules.
    pub fn redaction(mut self, rules: RedactionRules) -> Self {
        self.config.redaction = rules;
        self
    }

    /// Writes the exchanges to a sink of your own instead of the API, which then needs no account.
    /// Only in code.
    pub fn sink(mut self, sink: impl Sink + 'static) -> Self {
        self.config.sink = Some(SharedSink::new(sink));
        self
    }
}

impl Default for ConfigBuilder {
    fn default() -> Self {
        Self {
            config: Config::defaults(),
            problems: Vec::new(),
            env_was_read: false,
            is_for_env: false,
            spellings: Vec::new(),
        }
    }
}

impl ConfigBuilder {
    /// A builder that calls settings by their variables.
    pub(super) fn for_env() -> Self {
        Self {
            is_for_env: true,
            ..Self::default()
        }
    }

    /// Reads a value that a file or the environment gave.
    pub(super) fn take(&mut self, key: &'static Key, spelled: String, value: &Value) {
        self.forget(key.name);
        if let Err(faults) = key.field.read(&mut self.config, value) {
            for fault in faults {
                self.refuse(key, spelled.clone(), fault);
            }
        }
        self.spellings.push((key.name, spelled));
    }

    /// Notes that a setting's value is wrong.
    pub(super) fn refuse(&mut self, key: &'static Key, spelled: String, fault: Fault) {
        let fix = fault.fix.unwrap_or_else(|| key.field.hint());
        self.problems.push(ConfigProblem {
            key: spelled + &fault.at,
            message: format!("{}; {fix}", fault.what),
            kind: fault.kind,
            setting: Some(key.name),
        });
    }

    /// Notes that a setting's value is wrong, however it was given.
    pub(super) fn refuse_setting(&mut self, name: &'static str, fault: Fault) {
        if let Some(key) = keys::find(name) {
            let spelled = self.spelling(key);
            self.refuse(key, spelled, fault);
        }
    }

    /// Notes that a key is wrong that is no setting.
    pub(super) fn refuse_key(&mut self, spelled: String, fault: Fault) {
        let message = match fault.fix {
            Some(fix) => format!("{}; {fix}", fault.what),
            None => fault.what,
        };
        self.problems.push(ConfigProblem {
            key: spelled,
            message,
            kind: fault.kind,
            setting: None,
        });
    }

    /// How the user calls a setting.
    pub(super) fn spelling(&self, key: &Key) -> String {
        match self.spellings.iter().find(|(name, _)| *name == key.name) {
            Some((_, spelled)) => spelled.clone(),
            None if self.is_for_env => key.env(),
            None => key.name.to_owned(),
        }
    }

    /// How the user calls the setting of this name.
    pub(super) fn spelling_of(&self, name: &str) -> String {
        keys::find(name).map_or_else(|| name.to_owned(), |key| self.spelling(key))
    }

    fn with(mut self, name: &'static str, set: impl FnOnce(&mut Config)) -> Self {
        self.forget(name);
        set(&mut self.config);
        self
    }

    fn with_parsed<T>(
        mut self,
        name: &'static str,
        value: Result<T, String>,
        set: impl FnOnce(&mut Config, T),
    ) -> Self {
        self.forget(name);
        match value {
            Ok(value) => set(&mut self.config, value),
            Err(what) => self.refuse_setting(name, Fault::new(what)),
        }
        self
    }

    /// What was said about a setting no longer holds once it is given again.
    fn forget(&mut self, name: &str) {
        self.problems
            .retain(|problem| problem.setting != Some(name));
        self.spellings.retain(|(spelled, _)| *spelled != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setter_does_what_its_variable_does() {
        let second = Duration::from_secs(1);
        let in_code = Config::builder()
            .access_token("t")
            .bucket_key("b")
            .log_body(true)
            .api_endpoint("http://localhost:1/x/")
            .timeout(second)
            .keepalive(2 * second)
            .max_entries(301)
            .max_bytes(3001)
            .max_batch_size(302)
            .max_entries(303)
            .max_batch_bytes(3002)
            .max_coalescing_delay(3 * second)
            .initial_retry_delay(4 * second)
            .max_retry_delay(5 * second)
            .max_retry_time(6 * second)
            .shutdown_timeout(7 * second)
            .enabled(false)
            .max_body_bytes(3003)
            .max_decoded_bytes(3004)
            .byte_budget(3005)
            .body_content_types(["image/*", "*/*"])
            .sample_rate(0.5)
            .skip_methods(["HEAD"])
            .skip_paths(["/a", "*.b"])
            .skip_health_checks(true)
            .body_min_status(400)
            .body_min_time(8 * second)
            .trusted_hops(9)
            .default_scheme(Scheme::Https)
            .max_stream_age(10 * second)
            .context(false)
            .compress(cfg!(feature = "gzip"))
            .allow_plain_http(true)
            .ca_file("ca.pem")
            .ndjson_file("out.ndjson")
            .scopes([Scope::new().consumer("lost")])
            .scopes([Scope::new().route("/r").capture(false)])
            .scope(
                Scope::new()
                    .service("s")
                    .access_token("u")
                    .bucket_key("c")
                    .enabled(false),
            )
            .build()
            .unwrap();
        const COMPRESS: &str = if cfg!(feature = "gzip") { "yes" } else { "no" };
        let from_vars = Config::from_vars([
            ("RUNSCOPE_ACCESS_TOKEN", "t"),
            ("RUNSCOPE_BUCKET_KEY", "b"),
            ("RUNSCOPE_LOG_BODY", "true"),
            ("RUNSCOPE_API_ENDPOINT", "http://localhost:1/x"),
            ("RUNSCOPE_TIMEOUT", "1000"),
            ("RUNSCOPE_KEEPALIVE", "2000"),
            ("RUNSCOPE_MAX_ENTRIES", "303"),
            ("RUNSCOPE_MAX_BYTES", "3001"),
            ("RUNSCOPE_MAX_BATCH_SIZE", "302"),
            ("RUNSCOPE_MAX_BATCH_BYTES", "3002"),
            ("RUNSCOPE_MAX_COALESCING_DELAY", "3"),
            ("RUNSCOPE_INITIAL_RETRY_DELAY", "4"),
            ("RUNSCOPE_MAX_RETRY_DELAY", "5"),
            ("RUNSCOPE_MAX_RETRY_TIME", "6"),
            ("RUNSCOPE_SHUTDOWN_TIMEOUT", "7"),
            ("RUNSCOPE_ENABLED", "false"),
            ("RUNSCOPE_MAX_BODY_BYTES", "3003"),
            ("RUNSCOPE_MAX_DECODED_BYTES", "3004"),
            ("RUNSCOPE_BYTE_BUDGET", "3005"),
            ("RUNSCOPE_BODY_CONTENT_TYPES", "image/*,*/*"),
            ("RUNSCOPE_SAMPLE_RATE", "0.5"),
            ("RUNSCOPE_SKIP_METHODS", "HEAD"),
            ("RUNSCOPE_SKIP_PATHS", "/a,*.b"),
            ("RUNSCOPE_SKIP_HEALTH_CHECKS", "true"),
            ("RUNSCOPE_BODY_MIN_STATUS", "400"),
            ("RUNSCOPE_BODY_MIN_TIME", "8"),
            ("RUNSCOPE_TRUSTED_HOPS", "9"),
            ("RUNSCOPE_DEFAULT_SCHEME", "https"),
            ("RUNSCOPE_MAX_STREAM_AGE", "10"),
            ("RUNSCOPE_CONTEXT", "false"),
            ("RUNSCOPE_COMPRESS", COMPRESS),
            ("RUNSCOPE_ALLOW_PLAIN_HTTP", "true"),
            ("RUNSCOPE_CA_FILE", "ca.pem"),
            ("RUNSCOPE_NDJSON_FILE", "out.ndjson"),
            (
                "RUNSCOPE_SCOPES",
                r#"[{"route": "/r", "capture": false},
                    {"service": "s", "access_token": "u", "bucket_key": "c", "enabled": false}]"#,
            ),
        ])
        .unwrap();
        assert_eq!(format!("{in_code:?}"), format!("{from_vars:?}"));
    }

    #[test]
    fn an_account_is_needed_only_where_something_is_sent_to_the_api() {
        for (builder, expected) in [
            (Config::builder(), vec!["access_token", "bucket_key"]),
            (Config::builder().bucket_key("b"), vec!["access_token"]),
            (Config::builder().access_token("t"), vec!["bucket_key"]),
            (Config::builder().sink(crate::MemorySink::new()), vec![]),
            (Config::builder().enabled(false), vec![]),
            (Config::builder().ndjson_file("out.ndjson"), vec![]),
            (
                Config::builder()
                    .sink(crate::MemorySink::new())
                    .access_token(""),
                vec!["access_token"],
            ),
        ] {
            let keys = match builder.build() {
                Ok(_) => vec![],
                Err(error) => error
                    .problems()
                    .map(|problem| problem.key().to_owned())
                    .collect(),
            };
            assert_eq!(keys, expected);
        }
    }

    #[test]
    fn values_that_only_code_can_give_are_refused_too() {
        let builder = || Config::builder().sink(crate::MemorySink::new());
        for (builder, expected) in [
            (builder().timeout(Duration::MAX), "timeout: "),
            (
                builder().sample_rate(f64::NAN),
                "sample_rate: NaN is not between 0 and 1; ",
            ),
            (
                builder().sample_rate(-0.1),
                "sample_rate: -0.1 is not between 0 and 1; ",
            ),
            (builder().max_bytes(usize::MAX), "max_bytes: "),
            (builder().max_entries(0), "max_entries: 0 is too small; "),
            (builder().body_min_time(Duration::MAX), "body_min_time: "),
            (
                builder().skip_methods([""]),
                "skip_methods: \"\" is not a method; ",
            ),
            (
                builder().scope(Scope::new()),
                "scopes[0]: names no route, service or consumer; ",
            ),
        ] {
            let complaint = builder.build().unwrap_err().to_string();
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn a_setting_given_again_replaces_what_was_wrong_with_it() {
        let config = Config::builder()
            .sink(crate::MemorySink::new())
            .api_endpoint("nonsense")
            .api_endpoint("https://example.com")
            .skip_paths(["nonsense"])
            .skip_paths(["/a"])
            .build()
            .unwrap();
        assert_eq!(config.api_endpoint.as_str(), "https://example.com/");
        assert_eq!(config.skip_paths.len(), 1);
    }

    #[test]
    fn neither_builder_nor_config_shows_a_token() {
        let builder = Config::builder()
            .access_token("hunter2")
            .bucket_key("b")
            .api_endpoint("https://hunter2@example.com")
            .api_endpoint("https://example.com")
            .scope(Scope::new().route("/").access_token("hunter2"));
        assert!(!format!("{builder:?}").contains("hunter2"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
    }
}
