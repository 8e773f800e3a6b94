//! The request's body, whose chunks are seen as the handler takes them; nothing is read ahead.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;
use runscope_core::RequestTap;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Leaves a payload as it is where it is not tapped: a WebSocket's payload is its socket.
pub(crate) fn tapped(payload: Payload, tap: Option<RequestTap>) -> Payload {
    match tap {
        Some(tap) => Payload::Stream {
            payload: Box::pin(Tapped {
                inner: payload,
                tap,
                asked: false,
            }),
        },
        None => payload,
    }
}

pin_project! {
    struct Tapped {
        #[pin]
        inner: Payload,
        tap: RequestTap,
        asked: bool,
    }
}

impl Stream for Tapped {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let Poll::Ready(chunk) = this.inner.poll_next(cx) else {
            // A chunk says by itself that the body was asked for.
            if !std::mem::replace(this.asked, true) {
                this.tap.polled();
            }
            return Poll::Pending;
        };
        match &chunk {
            Some(Ok(data)) => this.tap.frame(data),
            Some(Err(_)) => this.tap.polled(),
            None => this.tap.end(),
        }
        Poll::Ready(chunk)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
