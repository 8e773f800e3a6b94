//! A byte-exact client: it sends what it is given, and gives back what comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any test takes on the slowest machine: it ends what would hang for ever.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Wire(TcpStream);

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self(stream)
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// Reads exactly so many bytes.
    pub fn read_exact(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("as many bytes");
        bytes
    }

    /// Reads exactly so many bytes, or gives `None` where the connection is at its end.
    pub fn read_exact_or_end(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        match self.0.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if is_end(&error) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads up to the first end of `mark`, and not a byte further.
    pub fn read_until(&mut self, mark: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(mark) {
            let mut byte = [0];
            match self.0.read(&mut byte).expect("more to read") {
                0 => panic!(
                    "the end came before {:?}: {}",
                    mark.escape_ascii(),
                    text(&bytes)
                ),
                _ => bytes.push(byte[0]),
            }
        }
        bytes
    }

    /// Reads until the server closes. A reset counts as a close: which of the two it is depends on
    /// what the server's socket had still to read.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Err(error) if !is_end(&error) => panic!("{error}; before that: {}", text(&bytes)),
            _ => bytes,
        }
    }

    /// Ends this side of the connection, in good order.
    pub fn finish(&self) {
        self.0
            .shutdown(Shutdown::Write)
            .expect("an open connection");
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.0);
        socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    }
}

fn is_end(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    )
}

/// An HTTP/1.1 message with its `Date` blanked: the only thing in which two answers may differ.
pub fn without_date(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        match line.get(..6) {
            Some(name) if name.eq_ignore_ascii_case(b"date: ") => out.extend(b"date: -\r\n"),
            _ => out.extend(line),
        }
    }
    out
}

/// HTTP/1.1 messages with the names of their headers in order; the values of a name keep theirs.
pub fn with_sorted_heads(messages: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(messages.len());
    let mut rest = messages;
    while let Some(start) = rest.windows(9).position(begins_an_answer) {
        let Some(line) = position(&rest[start..], b"\r\n") else {
            break;
        };
        let fields = start + line + 2;
        let end = position(&rest[fields - 2..], b"\r\n\r\n").map_or(rest.len(), |end| fields + end);
        let mut lines: Vec<_> = rest[fields..end]
            .split_inclusive(|&byte| byte == b'\n')
            .collect();
        lines.sort_by_key(|line| {
            line.split(|&byte| byte == b':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        });
        out.extend(&rest[..fields]);
        out.extend(lines.concat());
        rest = &rest[end..];
    }
    out.extend(rest);
    out
}

fn begins_an_answer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"HTTP/1.") && bytes.ends_with(b" ")
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Bytes for people to read.
pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\r\\n", "\n")
}
