use crate::layer::Settings;
use crate::{RequestBody, ResponseFuture, head};
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

    fn begin<B: Body>(&self, request: &Request<B>, consumer: Option<String>) -> Option<Exchange> {
        let head = head::request(request, &self.settings, consumer);
        self.recorder
            .begin(&head, || head::headers(request.headers()))
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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let mut consumer = None;
        // The app's closure is not called for nothing.
        if let Some(tell) = &self.settings.consumer
            && self.recorder.is_recording()
        {
            let (parts, body) = request.into_parts();
            consumer = tell(&parts);
            request = Request::from_parts(parts, body);
        }
        let mut exchange = self.begin(&request, consumer);
        let tap = exchange.as_ref().and_then(Exchange::request_tap);
        let request = request.map(|body| RequestBody::new(body, tap));
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
