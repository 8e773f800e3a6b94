//! What both apps answer with, as plain data, so that they can't differ in it.

use super::Gate;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_core::Stream;
use std::error::Error;
use std::fmt;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

/// A whole response.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static [u8])>,
    pub body: Vec<u8>,
}

/// The response of `/reply/{name}`.
pub fn reply(name: &str) -> Reply {
    let ok = |headers: &[(&'static str, &'static [u8])], body: &[u8]| Reply {
        status: 200,
        headers: headers.to_vec(),
        body: body.to_vec(),
    };
    match name {
        "empty" => ok(&[], b""),
        "headers" => ok(
            &[
                ("set-cookie", b"theme=dark; Path=/"),
                ("x-many", b"one"),
                ("set-cookie", b"lang=de; Path=/"),
                ("x-many", b"two, three"),
                ("set-cookie", b"seen=1; Path=/"),
                ("x-latin-1", b"caf\xe9"),
                ("x-empty", b""),
            ],
            b"",
        ),
        "binary" => ok(
            &[("content-type", b"application/octet-stream")],
            &[0, 159, 146, 150],
        ),
        "bytes-as-text" => ok(&[("content-type", b"text/plain")], &[0, 159, 146, 150]),
        "untyped" => ok(&[], b"who knows"),
        "gzip" => ok(
            &[
                ("content-type", b"text/plain"),
                ("content-encoding", b"gzip"),
            ],
            &gzip(b"squeezed squeezed squeezed"),
        ),
        "gzip-large" => ok(
            &[
                ("content-type", b"text/plain"),
                ("content-encoding", b"gzip"),
            ],
            &gzip("all work and no play ".repeat(200).as_bytes()),
        ),
        "gzip-broken" => ok(
            &[
                ("content-type", b"text/plain"),
                ("content-encoding", b"gzip"),
            ],
            b"this is no gzip",
        ),
        "brotli" => ok(
            &[("content-type", b"text/plain"), ("content-encoding", b"br")],
            b"\x0b\x01\x80hey\x03",
        ),
        "secrets" => ok(
            &[
                ("content-type", b"application/json"),
                ("x-api-key", b"k-123456"),
            ],
            br#"{"user":"ann","password":"hunter2"}"#,
        ),
        "not-modified" => Reply {
            status: 304,
            headers: vec![("etag", b"\"v1\"")],
            body: Vec::new(),
        },
        "no-content" => Reply {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        },
        "redirect" => Reply {
            status: 302,
            headers: vec![("location", b"/hello?token=secret")],
            body: Vec::new(),
        },
        _ => Reply {
            status: 404,
            headers: Vec::new(),
            body: Vec::new(),
        },
    }
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("a Vec takes all");
    encoder.finish().expect("a Vec takes all")
}

/// The type and the body of `/stream/{name}`.
pub fn stream(name: &str, gate: &Gate) -> (&'static str, Steps) {
    use Step::{Chunk, Fail, Gate, Panic, Stall};
    let (content_type, steps) = match name {
        "chunks" => (
            "text/plain",
            vec![Chunk("one "), Chunk("two "), Chunk("three")],
        ),
        "nothing" => ("text/plain", vec![]),
        "events" => (
            "text/event-stream",
            vec![
                Chunk("data: 1\n\n"),
                Gate,
                Chunk("data: 2\n\n"),
                Chunk("data: 3\n\n"),
            ],
        ),
        "endless-text" => ("text/plain", vec![Chunk("first"), Stall]),
        "failing" => ("text/plain", vec![Chunk("half of "), Fail]),
        "panicking" => ("text/plain", vec![Chunk("half of "), Panic]),
        _ => ("text/plain", vec![Fail]),
    };
    (
        content_type,
        Steps {
            steps: steps.into_iter(),
            gate: gate.clone(),
            passing: None,
        },
    )
}

/// A body that is made up as it goes.
pub struct Steps {
    steps: vec::IntoIter<Step>,
    gate: Gate,
    passing: Option<Passing>,
}

type Passing = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Step {
    Chunk(&'static str),
    /// Enters the gate, and waits to be let through.
    Gate,
    Fail,
    Panic,
    /// Waits for ever.
    Stall,
}

impl Stream for Steps {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(passing) = &mut self.passing {
                ready!(passing.as_mut().poll(cx));
                self.passing = None;
            }
            match self.steps.next() {
                None => return Poll::Ready(None),
                Some(Step::Chunk(text)) => return Poll::Ready(Some(Ok(Bytes::from(text)))),
                Some(Step::Fail) => return Poll::Ready(Some(Err(Fault("the source dried up")))),
                Some(Step::Panic) => panic_quietly(),
                Some(Step::Gate) => {
                    let gate = self.gate.clone();
                    gate.enter();
                    self.passing = Some(Box::pin(async move { gate.pass().await }));
                }
                Some(Step::Stall) => self.passing = Some(Box::pin(std::future::pending())),
            }
        }
    }
}

/// A panic that the hook does not print: here it is what is expected.
pub fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("a panic that a test asked for"))
}

/// The error of what fails below a handler: an inner middleware, a body.
#[derive(Debug, Clone, Copy)]
pub struct Fault(pub &'static str);

impl Fault {
    pub const STATUS: u16 = 503;
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Fault {}

/// A handler's own error.
#[derive(Debug, Clone, Copy)]
pub enum Failure {
    NoSuchThing,
    Broken,
}

impl Failure {
    pub fn new(kind: &str) -> Self {
        match kind {
            "client" => Self::NoSuchThing,
            _ => Self::Broken,
        }
    }

    pub fn status(self) -> u16 {
        match self {
            Self::NoSuchThing => 422,
            Self::Broken => 500,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchThing => "no such thing",
            Self::Broken => "it is broken",
        })
    }
}
