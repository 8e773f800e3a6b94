use crate::{ResponseBody, head};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use runscope_core::Exchange;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of a captured response. Dropped before it is ready, it records the exchange as
    /// aborted.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: fmt::Display,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(exchange) = this.exchange else {
            let response = ready!(this.inner.poll(cx))?;
            return Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, None))));
        };
        match ready!(exchange.scope(|| this.inner.poll(cx))) {
            Ok(response) => {
                let head = head::response(&response);
                exchange.respond(head, || head::headers(response.headers()));
                let exchange = this.exchange.take();
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, exchange))))
            }
            Err(error) => {
                exchange.fail(&error, None);
                Poll::Ready(Err(error))
            }
        }
    }
}
