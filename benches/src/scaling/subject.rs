use crate::apps::{Discard, Ours, PATIENCE};
use crate::counted::collected;
use bytes::Bytes;
use runscope::{Config, RequestHead, ResponseHead, Sink};
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The number of headers, each with a value of 32 bytes.
    Headers,
    /// The bytes of one header's value.
    HeaderBytes,
    /// The bytes of an answer's body, all of them captured.
    Kept,
    /// The bytes of an answer's body that passes, in frames of 16 KiB.
    Passing,
    /// How many exchanges wait in the queue.
    Queued,
}

impl What {
    pub const ALL: [Self; 5] = [
        Self::Headers,
        Self::HeaderBytes,
        Self::Kept,
        Self::Passing,
        Self::Queued,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::HeaderBytes => "header-bytes",
            Self::Kept => "kept",
            Self::Passing => "passing",
            Self::Queued => "queued",
        }
    }
}

/// Exchanges whose cost is counted.
pub const COUNTED: usize = 100;

const FRAME: usize = 16 * 1024;

/// One kind of exchange, captured without a framework round it.
pub struct Subject {
    pub ours: Ours,
    headers: Vec<(String, String)>,
    body: Vec<Bytes>,
    /// Keeps a held delivery where it is.
    _release: Sender<()>,
}

impl Subject {
    pub fn new(what: What, size: usize) -> Self {
        let (count, length) = match what {
            What::Headers => (size, 32),
            What::HeaderBytes => (1, size),
            _ => (12, 32),
        };
        let value = "0123456789abcdefghijklmnopqrstuv".repeat(length / 32 + 1);
        let value = value.get(..length).unwrap_or_default();
        let header = |number| (format!("x-header-{number:03}"), value.to_owned());
        let body = match what {
            What::Kept | What::Passing => vec![b'x'; size],
            _ => Vec::new(),
        };
        let frames = body.chunks(FRAME).map(Bytes::copy_from_slice);
        let (_release, hold) = channel();
        Self {
            ours: match what {
                What::Queued => Ours::of(Config::builder().sink(Held(hold))),
                _ => {
                    let config = Config::builder().log_body(what == What::Kept);
                    Ours::of(config.max_coalescing_delay(PATIENCE).sink(Discard))
                }
            },
            headers: (0..count).map(header).collect(),
            body: frames.collect(),
            _release,
        }
    }

    pub fn capture(&self) {
        let headers = || {
            let headers = self.headers.iter();
            headers.map(|(name, value)| (name.as_str(), value.as_bytes()))
        };
        let mut head = RequestHead::new("GET", "/items/7");
        head.body_is_empty = true;
        let Some(mut exchange) = self.ours.recorder.begin(&head, headers) else {
            return;
        };
        exchange.respond(ResponseHead::new(200), || {
            [("content-type", &b"text/plain"[..])].into_iter()
        });
        for frame in &self.body {
            exchange.frame(frame);
        }
        exchange.end();
    }
}

/// Does what valgrind counts of one point.
pub fn subject(what: &str, size: usize) -> ExitCode {
    let what = What::ALL.into_iter().find(|known| known.name() == what);
    let what = what.expect("something that grows");
    let subject = Subject::new(what, size);
    let before = match what {
        What::Queued => size,
        _ => COUNTED,
    };
    for _ in 0..before {
        subject.capture();
    }
    if what != What::Queued {
        subject.ours.settle();
    }
    for _ in 0..COUNTED {
        collected(&mut || subject.capture());
    }
    // A held delivery has no end.
    std::process::exit(0)
}

/// Keeps the delivery thread.
struct Held(Receiver<()>);

impl Sink for Held {
    fn write(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        let _ = self.0.recv();
        Ok(())
    }
}
