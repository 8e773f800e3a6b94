//! A client that streams a body there and back.

use super::bodies::Pattern;
use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Echoes a body, checks every byte, and gives back the answer's headers. `passed` is called for
/// every frame that came back.
pub async fn echo(
    address: SocketAddr,
    http2: bool,
    size: u64,
    announced: bool,
    mut passed: impl FnMut(),
) -> HeaderMap {
    let mut client = Client::connect(address, http2).await;
    let response = client.post("/echo", Pattern::new(size, announced)).await;
    let (mut head, mut body) = response.into_parts();
    assert_eq!(head.status, 200);
    let mut expected = Pattern::new(size, announced);
    while let Some(frame) = body.frame().await {
        passed();
        let data: Bytes = frame
            .expect("a whole body")
            .into_data()
            .expect("no trailers");
        assert!(
            expected.matches(&data),
            "another byte came back than was sent"
        );
    }
    assert!(expected.is_whole(), "the body was cut");
    head.headers.remove(DATE);
    head.headers
}

/// A connection that is kept.
pub enum Client {
    Http1(http1::SendRequest<Pattern>),
    Http2(http2::SendRequest<Pattern>),
}

impl Client {
    pub async fn connect(address: SocketAddr, http2: bool) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let io = TokioIo::new(stream);
        if http2 {
            let (client, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(8 << 20)
                .initial_connection_window_size(8 << 20)
                .handshake(io)
                .await
                .expect("a handshake");
            tokio::spawn(connection);
            Self::Http2(client)
        } else {
            let (client, connection) = http1::handshake(io).await.expect("a handshake");
            tokio::spawn(connection);
            Self::Http1(client)
        }
    }

    pub async fn post(&mut self, path: &str, body: Pattern) -> Response<Incoming> {
        let response = match self {
            Self::Http1(client) => {
                client.ready().await.expect("a connection that is kept");
                let request = Request::post(path).header("host", "a.example");
                client
                    .send_request(request.body(body).expect("a request"))
                    .await
            }
            Self::Http2(client) => {
                let request = Request::post(format!("http://a.example{path}"));
                client
                    .send_request(request.body(body).expect("a request"))
                    .await
            }
        };
        response.expect("an answer")
    }
}
