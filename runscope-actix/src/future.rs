use crate::{CapturedBody, head};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use pin_project_lite::pin_project;
use runscope_core::Exchange;
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

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<CapturedBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(exchange) = this.exchange else {
            let response = ready!(this.inner.poll(cx))?;
            return Poll::Ready(Ok(
                response.map_body(|_, body| CapturedBody::new(body, None))
            ));
        };
        match ready!(exchange.scope(|| this.inner.poll(cx))) {
            Ok(response) => {
                let head = head::response(&response);
                exchange.respond(head, || head::headers(response.headers()));
                let exchange = this.exchange.take();
                Poll::Ready(Ok(
                    response.map_body(|_, body| CapturedBody::new(body, exchange))
                ))
            }
            Err(error) => {
                // The client is going to see the error's own response.
                let status = error.as_response_error().status_code().as_u16();
                exchange.fail(&error, Some(status));
                Poll::Ready(Err(error))
            }
        }
    }
}
