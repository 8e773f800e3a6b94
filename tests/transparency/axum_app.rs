//! The app of the suite, for axum.

use super::bodies::{Endless, Feed, Scripted, Step};
use super::pair::{DATE, Hooks};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, MatchedPath, OriginalUri, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{any, get, post};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::util::MapResponseLayer;

pub fn app(hooks: Hooks) -> Router {
    Router::new()
        .route(
            "/hello",
            get(async || "hello world").post(async |body: String| body),
        )
        .route("/length/{length}", get(length))
        .route("/chunks", get(chunks))
        .route("/announced-chunks", get(announced_chunks))
        .route("/status/{status}", get(status))
        .route("/headers", get(headers))
        .route("/trailers", any(trailers))
        .route("/only-trailers", any(only_trailers))
        .route("/broken", get(broken))
        .route("/broken-promise", get(broken_promise))
        .route("/panic", any(panic))
        .route(
            "/refuse",
            post(async || (StatusCode::UNAUTHORIZED, "who are you")),
        )
        .route("/view", any(async |request: Request| view(request).await))
        .route(
            "/echo",
            post(async |request: Request| Response::new(request.into_body())),
        )
        .route("/discard", post(discard))
        .route("/watch", post(watch))
        .route("/hang", any(hang))
        .route("/feed", get(feed))
        .route("/endless", get(endless))
        .route("/never-read", post(never_read))
        .route("/raw-upgrade", get(raw_upgrade))
        .route("/ws", any(web_socket))
        .nest("/nested", Router::new().route("/{id}/view", any(view)))
        .with_state(hooks)
        .layer(MapResponseLayer::new(|mut response: Response| {
            // The server sets none where the app has.
            response
                .headers_mut()
                .insert(header::DATE, HeaderValue::from_static(DATE));
            response
        }))
}

async fn length(Path(length): Path<usize>) -> Vec<u8> {
    vec![b'x'; length]
}

async fn chunks() -> Body {
    Body::new(Scripted::new(
        vec![Step::Data("one"), Step::Data("two"), Step::Data("three")],
        None,
    ))
}

async fn announced_chunks() -> Body {
    Body::new(Scripted::new(
        vec![Step::Data("hello "), Step::Data("world")],
        Some(11),
    ))
}

async fn status(Path(status): Path<u16>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    match status {
        StatusCode::NOT_MODIFIED => (status, [(header::ETAG, "\"a\"")]).into_response(),
        _ => (status, Body::empty()).into_response(),
    }
}

async fn headers() -> impl IntoResponse {
    let mut response = (
        AppendHeaders([
            (header::SET_COOKIE, "a=1"),
            (header::VARY, "accept"),
            (header::SET_COOKIE, "b=2"),
            (header::LOCATION, "/elsewhere"),
            (header::SET_COOKIE, "c=3"),
        ]),
        "sorted",
    )
        .into_response();
    let binary = HeaderValue::from_bytes(b"caf\xe9 \xff").expect("a value");
    response.headers_mut().insert("x-binary", binary);
    response
}

async fn trailers() -> Response {
    let frames = vec![
        Step::Data("\0\0\0\0\x05hello"),
        Step::Trailers(&[("grpc-status", "0"), ("grpc-message", "fine")]),
    ];
    let head = [
        ("content-type", "application/grpc"),
        ("trailer", "grpc-status, grpc-message"),
    ];
    (head, Body::new(Scripted::new(frames, None))).into_response()
}

async fn only_trailers() -> Response {
    let frames = vec![Step::Trailers(&[("grpc-status", "5")])];
    Response::new(Body::new(Scripted::new(frames, None)))
}

async fn broken() -> Body {
    Body::new(Scripted::new(
        vec![Step::Data("begun"), Step::Failure],
        None,
    ))
}

/// Fewer bytes than its length says.
async fn broken_promise() -> Body {
    Body::new(Scripted::new(vec![Step::Data("begun")], Some(11)))
}

async fn panic() -> Body {
    panic!("as it should")
}

/// Everything that a handler can see of a request.
async fn view(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let extensions = &parts.extensions;
    let mut seen = format!(
        "{} {} {:?}\nextensions: {}, route: {:?}, original: {:?}, peer: {}, upgrade: {}\n",
        parts.method,
        parts.uri,
        parts.version,
        extensions.len(),
        extensions.get::<MatchedPath>(),
        extensions.get::<OriginalUri>(),
        extensions.get::<ConnectInfo<SocketAddr>>().is_some(),
        extensions.get::<hyper::upgrade::OnUpgrade>().is_some(),
    );
    for (name, value) in &parts.headers {
        seen += &format!("{name}: {value:?}\n");
    }
    seen + &read(body).await
}

/// Everything that a handler can see of a body, but for where its frames were cut.
async fn read(mut body: Body) -> String {
    let mut seen = format!("{:?} end: {}\n", body.size_hint(), body.is_end_stream());
    let mut data = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(part)) => data.extend(part),
            Ok(Err(frame)) => seen += &format!("{:?}\n", frame.into_trailers()),
            Err(error) => {
                let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
                while let Some(error) = cause {
                    seen += &format!("failed: {error}\n");
                    cause = error.source();
                }
                break;
            }
        }
    }
    seen + &format!("{}\n{:?}\n", data.escape_ascii(), body.size_hint())
}

/// Reads all and keeps nothing.
async fn discard(request: Request) -> &'static str {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        drop(frame.expect("a whole body"));
    }
    "done"
}

/// Tells the test that it begins, and what became of the body, also where the client has left.
async fn watch(State(hooks): State<Hooks>, request: Request) {
    let reader = tokio::spawn(async move {
        let _ = hooks.seen.send("begun".into());
        let seen = read(request.into_body()).await;
        let _ = hooks.seen.send(seen);
    });
    let _ = reader.await;
}

/// Never answers, and tells the test when it begins and when it is dropped.
async fn hang(State(hooks): State<Hooks>) -> StatusCode {
    struct Dropped(Hooks);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.seen.send("dropped".into());
        }
    }
    let _ = hooks.seen.send("begun".into());
    let _dropped = Dropped(hooks);
    std::future::pending().await
}

async fn feed(State(hooks): State<Hooks>) -> Response {
    let feed = Feed(hooks.take_feed());
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(feed),
    )
        .into_response()
}

async fn endless(State(hooks): State<Hooks>) -> Body {
    Body::from_stream(Endless {
        pulled: hooks.pulled,
        frame: vec![b'e'; 1024].into(),
    })
}

/// Holds the body, and reads none of it.
async fn never_read(request: Request) -> StatusCode {
    let _body = request.into_body();
    std::future::pending().await
}

async fn raw_upgrade(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = TokioIo::new(upgrade.await.expect("an upgrade"));
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = io.read(&mut buffer).await {
            io.write_all(&buffer[..count])
                .await
                .expect("an open connection");
        }
    });
    let head = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "raw")];
    (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
}

async fn web_socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}
