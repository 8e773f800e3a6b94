use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use runscope_core::RequestTap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A request's body, whose frames are seen as the handler takes them; nothing is read ahead.
    ///
    /// Its frames are [`Bytes`]: a body that has another buffer is copied into them.
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

impl<B: Body> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if let Some(tap) = this.tap
            && !std::mem::replace(this.asked, true)
        {
            tap.polled();
        }
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        let frame = frame.map(|frame| frame.map(into_bytes));
        if let Some(tap) = this.tap {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        tap.frame(data);
                    }
                    if frame.is_trailers() || this.inner.is_end_stream() {
                        tap.end();
                    }
                }
                Some(Err(_)) => {}
                None => tap.end(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Without a copy where the buffer is `Bytes` already.
pub(crate) fn into_bytes<D: Buf>(frame: Frame<D>) -> Frame<Bytes> {
    frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))
}
