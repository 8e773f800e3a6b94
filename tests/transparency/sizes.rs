//! Bodies of all sizes, streamed both ways, compared with what was sent.

use super::bodies::Pattern;
use super::pair::{Pair, STACKS, Side};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use runscope::Config;
use std::net::SocketAddr;
use tokio::net::TcpStream;

const SIZES: [u64; 11] = [
    0,
    1,
    4095,
    4096,
    4097,
    16 * 1024,
    64 * 1024 - 1,
    64 * 1024,
    64 * 1024 + 1,
    1 << 20,
    64 << 20,
];

#[test]
fn bodies_of_all_sizes_come_back_whole_and_framed_as_they_were() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for stack in STACKS {
        for log_body in [false, true] {
            let config = Config::builder()
                .log_body(log_body)
                .body_content_types(["*/*"]);
            let mut pair = Pair::start_with(stack, config);
            let mut count = 0;
            for http2 in [false, true] {
                for announced in [false, true] {
                    for size in SIZES {
                        // The largest ones once a protocol: they take the most time by far.
                        if size > 1 << 20 && announced {
                            continue;
                        }
                        let scene = |side: &mut Side| {
                            runtime.block_on(echo(side.address, http2, size, announced))
                        };
                        let headers = match log_body {
                            true => scene(&mut pair.layered),
                            false => pair.same(scene),
                        };
                        if !http2 {
                            assert_eq!(headers.contains_key(CONTENT_LENGTH), announced);
                            assert_eq!(headers.contains_key(TRANSFER_ENCODING), !announced);
                        }
                        count += 1;
                    }
                }
            }
            pair.recorded(count);
        }
    }
}

/// Echoes a body, checks every byte, and gives back the answer's headers.
async fn echo(address: SocketAddr, http2: bool, size: u64, announced: bool) -> HeaderMap {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let io = TokioIo::new(stream);
    let uri = if http2 {
        "http://a.example/echo"
    } else {
        "/echo"
    };
    let mut request = Request::post(uri);
    if !http2 {
        request = request.header("host", "a.example");
    }
    let request = request
        .body(Pattern::new(size, announced))
        .expect("a request");
    let response = if http2 {
        let (mut client, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(8 << 20)
            .initial_connection_window_size(8 << 20)
            .handshake(io)
            .await
            .expect("a handshake");
        tokio::spawn(connection);
        client.send_request(request).await
    } else {
        let (mut client, connection) = http1::handshake(io).await.expect("a handshake");
        tokio::spawn(connection);
        client.send_request(request).await
    };
    let (mut head, mut body) = response.expect("an answer").into_parts();
    assert_eq!(head.status, 200);
    let mut expected = Pattern::new(size, announced);
    while let Some(frame) = body.frame().await {
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
