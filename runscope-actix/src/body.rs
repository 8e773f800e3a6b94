use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;
use runscope_core::Exchange;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A response's body, whose chunks are seen as the server takes them. Its end, its failure or
    /// its drop finishes the exchange.
    #[derive(Debug)]
    pub struct CapturedBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B> CapturedBody<B> {
    pub(crate) fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<B: MessageBody> MessageBody for CapturedBody<B> {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        let Some(exchange) = this.exchange else {
            return this.inner.poll_next(cx).map_err(Into::into);
        };
        let Poll::Ready(chunk) = exchange.scope(|| this.inner.poll_next(cx)) else {
            exchange.waiting();
            return Poll::Pending;
        };
        let chunk = chunk.map(|chunk| chunk.map_err(Into::into));
        match &chunk {
            Some(Ok(data)) => exchange.frame(data),
            Some(Err(error)) => exchange.fail(error, None),
            None => exchange.end(),
        }
        Poll::Ready(chunk)
    }

    /// Gives a body that is whole already out in one piece, as it would be without the middleware.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self {
            inner,
            mut exchange,
        } = self;
        let inner = match &mut exchange {
            Some(exchange) => exchange.scope(|| inner.try_into_bytes()),
            None => inner.try_into_bytes(),
        };
        let bytes = inner.map_err(|inner| Self {
            inner,
            exchange: None,
        });
        match (bytes, exchange) {
            (Ok(bytes), Some(exchange)) => {
                exchange.frame(&bytes);
                exchange.end();
                Ok(bytes)
            }
            (Ok(bytes), None) => Ok(bytes),
            (Err(body), exchange) => Err(Self { exchange, ..body }),
        }
    }
}
