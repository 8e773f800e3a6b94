use crate::RunscopeService;
use http::request::Parts;
use runscope_core::{Direction, Recorder};
use std::fmt;
use std::sync::Arc;
use tower_layer::Layer;

/// Captures the exchanges of the service it is put round.
///
/// Put it outside of what changes requests or responses (compression, panic catchers), so that it
/// sees what goes over the wire, and inside of nothing that you want to see the inside of. In axum,
/// `Router::layer` runs after routing, so the route's template is known there; round the whole
/// `Router` it is not.
///
/// Two fields can only be told by the app: the `service` by a name, the `consumer` by a closure.
#[derive(Clone)]
pub struct RunscopeLayer {
    recorder: Recorder,
    settings: Arc<Settings>,
}

/// What the app said of the layer, shared by all of its services.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) service: Option<String>,
    pub(crate) consumer: Option<Consumer>,
    pub(crate) direction: Direction,
}

type Consumer = Arc<dyn Fn(&Parts) -> Option<String> + Send + Sync>;

impl RunscopeLayer {
    /// A layer that records with `recorder`.
    #[must_use]
    pub fn new(recorder: &Recorder) -> Self {
        Self {
            recorder: recorder.clone(),
            settings: Arc::default(),
        }
    }

    /// Names the service: shown with each exchange, and looked for in scopes.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.settings).service = Some(name.into());
        self
    }

    /// Tells who calls, from the request's head: from a header, or from an extension that an auth
    /// layer outside of this one has set. A handler, or an auth layer inside, says it with
    /// [`ExchangeHandle::set_consumer`](runscope_core::ExchangeHandle::set_consumer).
    ///
    /// A panic of the closure is the app's own and goes through.
    ///
    /// ```
    /// # use runscope_core::{Config, MemorySink, Recorder};
    /// # use runscope_tower::RunscopeLayer;
    /// # let (recorder, _guard) =
    /// #     Recorder::start(Config::builder().sink(MemorySink::new()).build().unwrap()).unwrap();
    /// let layer = RunscopeLayer::new(&recorder).consumer(|parts| {
    ///     Some(parts.headers.get("x-consumer")?.to_str().ok()?.to_owned())
    /// });
    /// ```
    #[must_use]
    pub fn consumer(
        mut self,
        consumer: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.settings).consumer = Some(Arc::new(consumer));
        self
    }

    /// Says that the service is an HTTP client: the exchanges are calls that the app makes.
    #[must_use]
    pub fn outgoing(mut self) -> Self {
        Arc::make_mut(&mut self.settings).direction = Direction::Outgoing;
        self
    }
}

impl<S> Layer<S> for RunscopeLayer {
    type Service = RunscopeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RunscopeService::new(inner, self.recorder.clone(), Arc::clone(&self.settings))
    }
}

impl fmt::Debug for RunscopeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunscopeLayer")
            .field("service", &self.settings.service)
            .field("direction", &self.settings.direction)
            .finish_non_exhaustive()
    }
}
