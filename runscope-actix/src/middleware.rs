use crate::RunscopeService;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use runscope_core::Recorder;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

/// Captures the exchanges of the app, scope or resource that it wraps.
///
/// In `App::wrap` the middleware that is registered last runs first: register this one last, so
/// that it sees what goes over the wire.
#[derive(Clone)]
pub struct Runscope {
    recorder: Recorder,
    settings: Arc<Settings>,
}

/// What the app said of the middleware, shared by all of its workers.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) service: Option<String>,
    pub(crate) consumer: Option<Consumer>,
}

type Consumer = Arc<dyn Fn(&ServiceRequest) -> Option<String> + Send + Sync>;

impl Runscope {
    /// A middleware that records with `recorder`.
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

    /// Tells who calls, from the request: from a header, or from an extension that a middleware
    /// outside of this one has set. A handler, or a middleware inside, says it with
    /// [`ExchangeHandle::set_consumer`](runscope_core::ExchangeHandle::set_consumer).
    ///
    /// A panic of the closure is the app's own and goes through.
    ///
    /// ```
    /// # use runscope_core::{Config, MemorySink, Recorder};
    /// # use runscope_actix::Runscope;
    /// # let (recorder, _guard) =
    /// #     Recorder::start(Config::builder().sink(MemorySink::new()).build().unwrap()).unwrap();
    /// let middleware = Runscope::new(&recorder).consumer(|request| {
    ///     Some(request.headers().get("x-consumer")?.to_str().ok()?.to_owned())
    /// });
    /// ```
    #[must_use]
    pub fn consumer(
        mut self,
        consumer: impl Fn(&ServiceRequest) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.settings).consumer = Some(Arc::new(consumer));
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for Runscope
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<crate::CapturedBody<B>>;
    type Error = Error;
    type Transform = RunscopeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RunscopeService::new(
            inner,
            self.recorder.clone(),
            Arc::clone(&self.settings),
        )))
    }
}

impl fmt::Debug for Runscope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runscope")
            .field("service", &self.settings.service)
            .finish_non_exhaustive()
    }
}
