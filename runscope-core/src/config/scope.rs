use super::AccessToken;

/// Settings for the exchanges of one route, service or consumer, or of a combination of them.
///
/// Exactly one scope applies to an exchange: the most specific enabled one, in the order of the
/// gateway plugin:
///
/// 1. route + service + consumer
/// 2. route + consumer
/// 3. service + consumer
/// 4. route + service
/// 5. consumer
/// 6. route
/// 7. service
/// 8. none: the settings of the [`Config`](super::Config) itself
///
/// It applies whole. What it leaves out has its *default*, not the value of the config: a scope
/// without `log_body` sends no bodies even where the config does. Only the account falls back: a
/// scope without an access token or a bucket key uses that of the config, since it could not
/// deliver otherwise.
///
/// In files a scope is a table with the keys `route`, `service`, `consumer`, `enabled`,
/// `access_token`, `bucket_key`, `log_body` and `capture`; `RUNSCOPE_SCOPES` holds a JSON list of
/// them.
///
/// ```
/// use runscope_core::{Config, Scope};
///
/// let config = Config::builder()
///     .access_token("c0ffee")
///     .bucket_key("everything")
///     .scope(Scope::new().route("/users/{id}").log_body(true))
///     .scope(Scope::new().consumer("acme").bucket_key("acme-only"))
///     .scope(Scope::new().route("/metrics").capture(false))
///     .build()?;
/// # Ok::<(), runscope_core::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Scope {
    pub(crate) route: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) consumer: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) access_token: Option<AccessToken>,
    pub(crate) bucket_key: Option<String>,
    pub(crate) log_body: bool,
    pub(crate) capture: bool,
}

impl Scope {
    /// A scope that still needs a route, a service or a consumer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The route's template as the framework writes it, such as `/users/{id}`. It is compared as
    /// text: a path such as `/users/7` names no route. Default: any route, or none.
    pub fn route(mut self, template: impl Into<String>) -> Self {
        self.route = Some(template.into());
        self
    }

    /// The service that answers, by the name that the layer was given. Default: any.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The consumer that asks, by the name that the app told. Default: any.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.consumer = Some(name.into());
        self
    }

    /// Whether the scope takes part; a disabled one is passed over. Default: true.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The access token to send with. Default: the config's.
    pub fn access_token(mut self, token: impl Into<AccessToken>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// The bucket to send to. Default: the config's.
    pub fn bucket_key(mut self, key: impl Into<String>) -> Self {
        self.bucket_key = Some(key.into());
        self
    }

    /// Whether bodies are sent. Default: false, whatever the config says.
    pub fn log_body(mut self, log_body: bool) -> Self {
        self.log_body = log_body;
        self
    }

    /// Whether exchanges are captured at all. Default: true.
    pub fn capture(mut self, capture: bool) -> Self {
        self.capture = capture;
        self
    }

    /// Route, service and consumer: what two enabled scopes must not share.
    pub(super) fn triple(&self) -> [Option<&str>; 3] {
        [
            self.route.as_deref(),
            self.service.as_deref(),
            self.consumer.as_deref(),
        ]
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            route: None,
            service: None,
            consumer: None,
            enabled: true,
            access_token: None,
            bucket_key: None,
            log_body: false,
            capture: true,
        }
    }
}
