//! HTTP/2 by hand: frames as they are on the wire (RFC 9113).

use crate::wire::{Wire, text};
use std::net::SocketAddr;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame.
#[derive(PartialEq, Eq)]
pub struct Frame {
    kind: u8,
    flags: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn is_headers(&self) -> bool {
        self.kind == HEADERS
    }

    pub fn is_reset(&self) -> bool {
        self.kind == RST_STREAM
    }

    pub fn ends_stream(&self) -> bool {
        self.is_reset() || (matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0)
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = if self.ends_stream() { " end" } else { "" };
        let kind = match self.kind {
            DATA => "DATA",
            HEADERS => "HEADERS",
            RST_STREAM => "RST_STREAM",
            _ => "?",
        };
        write!(f, "{kind}{end} {}", text(&self.payload))
    }
}

/// Sends a request on stream 1 of a new connection, with a body where there is one, and gives back
/// the frames of the answer: those of the stream, as they are on the wire. They lack an end where the
/// server ends the connection before the stream.
///
/// The compressed headers of two answers are equal only where all headers are, which is why the
/// apps set a `date` of their own.
pub fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&[u8]>,
    trailers: &[(&str, &str)],
) -> Vec<Frame> {
    let mut wire = Wire::connect(address);
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    send(&mut wire, SETTINGS, 0, 0, &[]);
    let head = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "a.example"),
        (":path", path),
        ("te", "trailers"),
    ];
    let ends = |last| if last { END_STREAM } else { 0 };
    let is_last = body.is_none() && trailers.is_empty();
    send(
        &mut wire,
        HEADERS,
        END_HEADERS | ends(is_last),
        1,
        &literal(&head),
    );
    if let Some(body) = body {
        send(&mut wire, DATA, ends(trailers.is_empty()), 1, body);
    }
    if !trailers.is_empty() {
        send(
            &mut wire,
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            &literal(trailers),
        );
    }
    let mut frames: Vec<Frame> = Vec::new();
    while !frames.last().is_some_and(Frame::ends_stream) {
        let Some((stream, frame)) = receive(&mut wire) else {
            break;
        };
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => send(&mut wire, SETTINGS, ACK, 0, &[]),
            PING if frame.flags & ACK == 0 => send(&mut wire, PING, ACK, 0, &frame.payload),
            GOAWAY => panic!("the server ends the connection: {}", text(&frame.payload)),
            DATA | HEADERS | RST_STREAM if stream == 1 => frames.push(frame),
            _ => {}
        }
    }
    frames
}

fn send(wire: &mut Wire, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len())
        .expect("a short payload")
        .to_be_bytes();
    let stream = stream.to_be_bytes();
    wire.send(&[&length[1..], &[kind, flags], &stream, payload].concat());
}

/// `None` where the connection is at its end.
fn receive(wire: &mut Wire) -> Option<(u32, Frame)> {
    let head = wire.read_exact_or_end(9)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let payload = wire.read_exact(length as usize);
    let frame = Frame {
        kind: head[3],
        flags: head[4],
        payload,
    };
    Some((stream, frame))
}

/// Literal fields without indexing and without Huffman codes (RFC 7541, section 6.2.2).
fn literal(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for part in [name, value] {
            let length = u8::try_from(part.len()).expect("a short text");
            assert!(
                length < 127,
                "longer texts take more than one byte for their length"
            );
            block.push(length);
            block.extend(part.as_bytes());
        }
    }
    block
}
