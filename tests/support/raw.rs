//! Clients that say exactly what they are told: HTTP/1.1 byte by byte, and HTTP/2 by hyper.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes on the slowest machine: it ends what would hang for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// An HTTP/1.1 connection.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

/// A response's head, names in lower case.
#[derive(Debug, Clone)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// A whole response.
#[derive(Debug, Clone)]
pub struct Response {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a server that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        Self {
            reader: BufReader::new(stream),
        }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader
            .get_mut()
            .write_all(bytes.as_ref())
            .expect("a connection that takes bytes");
    }

    /// Reads a final response, with any `100 Continue` before it. Its framing is the method's and
    /// the head's (RFC 9112, section 6.3).
    pub fn response(&mut self, method: &str) -> Response {
        let mut head = self.head();
        while head.status == 100 {
            head = self.head();
        }
        let chunked = head
            .header("transfer-encoding")
            .is_some_and(|value| value == b"chunked");
        let length = head.header("content-length").map(|value| {
            std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
                .expect("a length")
        });
        let body = match length {
            _ if method == "HEAD" || matches!(head.status, 101 | 204 | 304) => Vec::new(),
            _ if method == "CONNECT" && head.status / 100 == 2 => Vec::new(),
            _ if chunked => self.rest_of_chunks(),
            Some(length) => self.exactly(length),
            None => self.rest(),
        };
        Response { head, body }
    }

    pub fn head(&mut self) -> Head {
        let status = self.line();
        let status = status.split(' ').nth(1).and_then(|text| text.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.raw_line();
            if line.is_empty() {
                break;
            }
            let colon = line
                .iter()
                .position(|&byte| byte == b':')
                .expect("a header");
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
        }
        Head {
            status: status.expect("a status"),
            headers,
        }
    }

    /// Reads one chunk of a chunked body; an empty one is the last.
    pub fn chunk(&mut self) -> Vec<u8> {
        let size = self.line();
        let size = usize::from_str_radix(&size, 16).expect("a chunk's size");
        let data = self.exactly(size);
        // The last chunk is followed by trailers and an empty line, the others by an empty line.
        while !self.raw_line().is_empty() {}
        data
    }

    /// Reads what is left of a chunked body.
    pub fn rest_of_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return body;
            }
            body.extend_from_slice(&chunk);
        }
    }

    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader
            .read_exact(&mut bytes)
            .expect("as many bytes as were promised");
        bytes
    }

    /// Reads until the other side closes, in good order or not.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let result = self.reader.read_to_end(&mut bytes);
        let timed_out = result.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out, "the connection was not closed");
        bytes
    }

    /// Closes in good order, where nothing is left unread.
    pub fn close(self) {}

    /// Closes with a reset: the other side's next write fails.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(self.reader.get_ref());
        socket.set_linger(Some(Duration::ZERO)).expect("an option");
    }

    fn line(&mut self) -> String {
        String::from_utf8(self.raw_line()).expect("a line of text")
    }

    fn raw_line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).expect("a line");
        assert!(
            line.ends_with(b"\r\n"),
            "the connection was closed in {:?}",
            line.escape_ascii()
        );
        line.truncate(line.len() - 2);
        line
    }
}

/// What came back over HTTP/2.
#[derive(Debug)]
pub struct Http2Response {
    pub status: u16,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

/// Sends one request over an HTTP/2 connection of its own, with prior knowledge and without TLS.
pub fn http2<B>(address: SocketAddr, request: http::Request<B>) -> Http2Response
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    on_http2(address, async move |mut sender| {
        let response = sender.send_request(request).await.expect("a response");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a whole body");
        let trailers = body.trailers().cloned();
        Http2Response {
            status,
            body: body.to_bytes(),
            trailers,
        }
    })
}

/// Runs `talk` on an HTTP/2 connection that is closed when it is done.
pub fn on_http2<B, R>(
    address: SocketAddr,
    talk: impl AsyncFnOnce(hyper::client::conn::http2::SendRequest<B>) -> R,
) -> R
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("a server that listens");
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("a handshake");
        let connection = tokio::spawn(connection);
        let result = tokio::time::timeout(PATIENCE, talk(sender))
            .await
            .expect("an answer");
        connection.abort();
        result
    })
}
