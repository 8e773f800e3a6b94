//! A slow reader is not outrun, in both directions.

use super::answers::get;
use super::axum_app;
use super::pair::{Hooks, Pair, Stack};
use crate::wire::Wire;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use runscope::{Config, MemorySink, Recorder, RunscopeLayer};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower::Layer as _;

/// How many bytes pass before everything stands still: by the app's count of what was taken of its
/// endless body, and by the client's count of what it could write of its own.
///
/// The connection is a buffer in memory and the clock stands, so the runtime wakes a sleeper only
/// when nothing else can move: the counts are exact.
async fn until_it_stands(layer: Option<RunscopeLayer>, request: String) -> (usize, usize) {
    let (hooks, ends) = Hooks::new();
    let app = axum_app::app(hooks);
    let (mut client, server) = tokio::io::duplex(16 * 1024);
    let connection = match layer {
        Some(layer) => tokio::spawn(serve(server, layer.layer(app))),
        None => tokio::spawn(serve(server, app)),
    };
    client
        .write_all(request.as_bytes())
        .await
        .expect("a server that reads");
    if !request.starts_with("POST") {
        client
            .read_exact(&mut [0; 8])
            .await
            .expect("an answer that begins");
    }
    let mut written = 0;
    while request.starts_with("POST") {
        let write = client.write(&[b'x'; 1024]);
        match tokio::time::timeout(Duration::from_secs(1), write).await {
            Ok(count) => written += count.expect("an open connection"),
            Err(_) => break,
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    connection.abort();
    (ends.pulled.load(Ordering::SeqCst), written)
}

async fn serve<S, B>(stream: DuplexStream, app: S)
where
    S: tower::Service<
            http::Request<hyper::body::Incoming>,
            Response = http::Response<B>,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = TowerToHyperService::new(app);
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[test]
fn no_more_is_taken_of_a_body_than_without_the_layer() {
    let config = Config::builder().log_body(true).body_content_types(["*/*"]);
    let config = config.sink(MemorySink::new()).build().expect("a config");
    let (recorder, _guard) = Recorder::start(config).expect("a recorder");
    let chunked = "transfer-encoding: chunked\r\n\r\nffffffff\r\n";
    let upload = format!("POST /never-read HTTP/1.1\r\nhost: a.example\r\n{chunked}");
    for request in [get("/endless"), upload] {
        let stands = |layer| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(until_it_stands(layer, request.clone()))
        };
        let bare = stands(None);
        let layered = stands(Some(RunscopeLayer::new(&recorder)));
        assert!(bare.0 + bare.1 > 0, "something passes before it stands");
        assert_eq!(layered, bare, "{request}");
    }
}

#[test]
fn actix_web_takes_no_more_of_a_body_than_sockets_and_buffers_hold() {
    let mut pair = Pair::start(Stack::Actix);
    for side in pair.sides() {
        let mut reader = Wire::connect(side.address);
        reader.send(get("/endless").as_bytes());
        reader.read_until(b"\r\n\r\n");
        // The server has one thread: each of these answers gives it a turn at the endless body.
        for _ in 0..200 {
            side.exchange(get("/hello").as_bytes());
        }
        let pulled = side.ends.pulled.load(Ordering::SeqCst);
        assert!(
            pulled < 32 << 20,
            "{pulled} bytes were taken that nobody read"
        );
    }
}
