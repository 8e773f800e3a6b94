//! A layer and a middleware that do nothing.

use actix_web::Error;
use actix_web::dev::{self, ServiceRequest, ServiceResponse, Transform};
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Holds something, as every layer with a setting does: a `Router` boxes it for each route.
#[derive(Clone, Default)]
pub struct Nothing(#[allow(dead_code)] Arc<()>);

impl<S> tower::Layer<S> for Nothing {
    type Service = NothingService<S>;

    fn layer(&self, inner: S) -> NothingService<S> {
        NothingService(inner, self.clone())
    }
}

#[derive(Clone)]
pub struct NothingService<S>(S, #[allow(dead_code)] Nothing);

impl<S: tower::Service<R>, R> tower::Service<R> for NothingService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Nothing
where
    S: dev::Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = NothingService<S>;
    type InitError = ();
    type Future = Ready<Result<NothingService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(NothingService(inner, self.clone())))
    }
}

impl<S, B> dev::Service<ServiceRequest> for NothingService<S>
where
    S: dev::Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = S::Future;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> S::Future {
        self.0.call(request)
    }
}
