use crate::middleware::Settings;
use crate::{ResponseFuture, head, payload};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _};
use runscope_core::{Exchange, Recorder};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A service whose exchanges are captured; made by [`Runscope`](crate::Runscope).
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

    fn begin(&self, request: &ServiceRequest, body_is_empty: bool) -> Option<Exchange> {
        // The app's closure is not called for nothing.
        if !self.recorder.is_recording() {
            return None;
        }
        let route = request.match_pattern();
        let consumer = self
            .settings
            .consumer
            .as_ref()
            .and_then(|consumer| consumer(request));
        let mut head = head::request(request, body_is_empty);
        head.service = self.settings.service.as_deref();
        head.route = route.as_deref();
        head.consumer = consumer.map(Into::into);
        self.recorder
            .begin(&head, || head::headers(request.headers()))
    }
}

impl<S, B> Service<ServiceRequest> for RunscopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<crate::CapturedBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let body = request.take_payload();
        let mut exchange = self.begin(&request, matches!(body, Payload::None));
        let tap = exchange.as_ref().and_then(Exchange::request_tap);
        request.set_payload(payload::tapped(body, tap));
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
