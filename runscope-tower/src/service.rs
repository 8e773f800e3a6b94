use crate::layer::Settings;
use crate::{RequestBody, ResponseFuture, head};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use runscope_core::{Exchange, Recorder};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A service whose exchanges are captured; made by [`RunscopeLayer`](crate::RunscopeLayer).
#[derive(Clone)]
pub struct RunscopeService<S> {
    inner: S,
    recorder: Recorder,
    settings: Arc<Settings>,
}

impl<S> RunscopeService<S> {
    pub(crate) fn new(inner: S, recorder: Recorder, settings: Arc<Settings>) -> Self {
        Self {
            inner,
            recorder,
            settings,
        }
    }

    fn begin(&self, parts: &Parts, body_is_empty: bool) -> Option<Exchange> {
        // The app's closure is not called for nothing.
        if !self.recorder.is_recording() {
            return None;
        }
        let head = head::request(parts, &self.settings, body_is_empty);
        self.recorder.begin(&head, || head::headers(&parts.headers))
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RunscopeService<S>
where
    S: Service<Request<RequestBody<ReqBody>>, Response = Response<ResBody>>,
    S::Error: fmt::Display,
    ReqBody: Body,
    ResBody: Body,
{
    type Response = Response<crate::ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let mut exchange = self.begin(&parts, body.is_end_stream());
        let tap = exchange.as_ref().and_then(Exchange::request_tap);
        let request = Request::from_parts(parts, RequestBody::new(body, tap));
        // The instance that `poll_ready` made ready is the one that is called.
        let future = match &mut exchange {
            Some(exchange) => exchange.scope(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ResponseFuture::new(future, exchange)
    }
}

impl<S: fmt::Debug> fmt::Debug for RunscopeService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunscopeService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
