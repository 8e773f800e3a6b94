//! Bodies that do as they are told, for both frameworks.

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc::UnboundedReceiver;

/// A body of set frames, which knows its length or does not.
pub struct Scripted {
    frames: std::vec::IntoIter<Step>,
    length: Option<u64>,
}

pub enum Step {
    Data(&'static str),
    Trailers(&'static [(&'static str, &'static str)]),
    Failure,
}

impl Scripted {
    pub fn new(frames: Vec<Step>, length: Option<u64>) -> Self {
        Self {
            frames: frames.into_iter(),
            length,
        }
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.frames.next().map(|step| match step {
            Step::Data(data) => Ok(Frame::data(Bytes::from_static(data.as_bytes()))),
            Step::Trailers(fields) => {
                let field = |(name, value): &(&'static str, &'static str)| {
                    (
                        name.parse().expect("a name"),
                        value.parse().expect("a value"),
                    )
                };
                Ok(Frame::trailers(HeaderMap::from_iter(
                    fields.iter().map(field),
                )))
            }
            Step::Failure => Err(io::Error::other("the tea is out")),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl Stream for Scripted {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_frame(cx)
            .map(|frame| frame.map(|frame| Ok(frame?.into_data().expect("data"))))
    }
}

/// A body whose frames come when the test sends them.
pub struct Feed(pub UnboundedReceiver<Bytes>);

impl Stream for Feed {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

/// A body that has no end, is always ready, and counts what is taken of it.
pub struct Endless {
    pub pulled: Arc<AtomicUsize>,
    pub frame: Bytes,
}

impl Stream for Endless {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pulled.fetch_add(self.frame.len(), Ordering::SeqCst);
        Poll::Ready(Some(Ok(self.frame.clone())))
    }
}

/// A body of a known or an unknown length, whose byte at every place is known.
pub struct Pattern {
    at: u64,
    length: u64,
    announced: bool,
}

/// No divisor of any buffer's size, so that two pieces that change places do not match.
const PERIOD: usize = 65_521;
const LARGEST_FRAME: usize = 128 * 1024;

impl Pattern {
    pub fn new(length: u64, announced: bool) -> Self {
        Self {
            at: 0,
            length,
            announced,
        }
    }

    /// The pattern, for as many bytes as one frame may have, from any place on.
    fn tile() -> &'static Bytes {
        static TILE: std::sync::OnceLock<Bytes> = std::sync::OnceLock::new();
        TILE.get_or_init(|| {
            let mut rng = fastrand::Rng::with_seed(7);
            let period: Vec<u8> = (0..PERIOD).map(|_| rng.u8(..)).collect();
            period
                .iter()
                .copied()
                .cycle()
                .take(PERIOD + LARGEST_FRAME)
                .collect()
        })
    }

    /// The next piece of at most `most` bytes.
    pub fn next(&mut self, most: usize) -> Option<Bytes> {
        let left = usize::try_from(self.length - self.at).expect("a length of this machine");
        let take = left.min(most).min(LARGEST_FRAME);
        let start = (self.at % PERIOD as u64) as usize;
        self.at += take as u64;
        (take > 0).then(|| Self::tile().slice(start..start + take))
    }

    /// Whether `data` is what comes next.
    pub fn matches(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            let Some(expected) = self.next(data.len()) else {
                return false;
            };
            let (now, rest) = data.split_at(expected.len());
            if now != expected {
                return false;
            }
            data = rest;
        }
        true
    }

    pub fn is_whole(&self) -> bool {
        self.at == self.length
    }
}

impl Body for Pattern {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.next(60_000).map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        match self.announced {
            true => SizeHint::with_exact(self.length - self.at),
            false => SizeHint::new(),
        }
    }
}
