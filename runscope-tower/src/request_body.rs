use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use runscope_core::RequestTap;
use std::any::Any;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A request's body, whose frames are seen as the handler takes them; nothing is read ahead.
    ///
    /// Its frames are [`Bytes`]: a body that has another buffer, which may borrow nothing, is copied
    /// into them. Its error is boxed, so that in axum it is the error that there is without the layer.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        tap: Option<RequestTap>,
        asked: bool,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, tap: Option<RequestTap>) -> Self {
        Self {
            inner,
            tap,
            asked: false,
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Data: 'static,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) else {
            // A frame says by itself that the body was asked for; a body that panics says nothing.
            if let Some(tap) = this.tap
                && !std::mem::replace(this.asked, true)
            {
                tap.polled();
            }
            return Poll::Pending;
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let frame = into_bytes(frame);
                if let Some(tap) = this.tap {
                    if let Some(data) = frame.data_ref() {
                        tap.frame(data);
                    }
                    if frame.is_trailers() || this.inner.is_end_stream() {
                        tap.end();
                    }
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                if let Some(tap) = this.tap {
                    tap.polled();
                }
                Some(Err(unwrapped(error.into())))
            }
            None => {
                if let Some(tap) = this.tap {
                    tap.end();
                }
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// As it is where the buffer is `Bytes` already, which the compiler knows of each type; a copy of any
/// other.
#[inline]
pub(crate) fn into_bytes<D: Buf + 'static>(frame: Frame<D>) -> Frame<Bytes> {
    let mut frame = Some(frame);
    let same: &mut dyn Any = &mut frame;
    if let Some(same) = same
        .downcast_mut::<Option<Frame<Bytes>>>()
        .and_then(Option::take)
    {
        return same;
    }
    // It is of another type, so it is still here.
    match frame {
        Some(frame) => frame.map_data(|mut data| data.copy_to_bytes(data.remaining())),
        None => Frame::data(Bytes::new()),
    }
}

#[cfg(feature = "axum")]
use crate::axum::unwrapped;

/// Without a framework that wraps errors, each is its own.
#[cfg(not(feature = "axum"))]
fn unwrapped(error: BoxError) -> BoxError {
    error
}
