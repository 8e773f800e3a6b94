use crate::request_body::into_bytes;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use runscope_core::Exchange;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A response's body, whose frames are seen as the server takes them. Its end, its failure or
    /// its drop finishes the exchange.
    ///
    /// Its frames are [`Bytes`]: a body that has another buffer, which may borrow nothing, is copied
    /// into them.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: 'static,
    B::Error: fmt::Display,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(exchange) = this.exchange else {
            return this
                .inner
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map(into_bytes)));
        };
        match exchange.scope(|| this.inner.as_mut().poll_frame(cx)) {
            Poll::Ready(Some(Ok(frame))) => {
                let frame = into_bytes(frame);
                if let Some(data) = frame.data_ref() {
                    exchange.frame(data);
                }
                // A server that is told of the end by this never polls again.
                if frame.is_trailers() || this.inner.is_end_stream() {
                    exchange.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                exchange.fail(&error, None);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                exchange.end();
                Poll::Ready(None)
            }
            Poll::Pending => {
                exchange.waiting();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
