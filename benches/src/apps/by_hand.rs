//! The middleware that people write: it reads bodies whole, and makes new ones of them.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

/// Both bodies are read whole, and nothing is made of them.
pub async fn buffer(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = whole(body).await;
    let request = Request::from_parts(head, Body::from(body.clone()));
    let (head, answer) = next.run(request).await.into_parts();
    let answer = whole(answer).await;
    black_box((body, answer.clone()));
    Response::from_parts(head, Body::from(answer))
}

/// The same, and a message is made of them.
pub async fn buffer_json(request: Request, next: Next) -> Response {
    let (message, response) = message::<true>(request, next).await;
    black_box(message.to_string());
    response
}

/// The same, and a task posts it.
pub async fn post_each<const BODIES: bool>(request: Request, next: Next) -> Response {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);
    let (message, response) = message::<BODIES>(request, next).await;
    SENDING.fetch_add(1, Ordering::SeqCst);
    tokio::spawn(async move {
        if let Some(api) = API.get() {
            let post = CLIENT.post(format!("http://{api}/buckets/bucket/messages"));
            let post = post.bearer_auth("token").body(message.to_string());
            if let Ok(answer) = post.send().await {
                black_box(answer.bytes().await.ok());
            }
        }
        SENDING.fetch_sub(1, Ordering::SeqCst);
    });
    response
}

static API: OnceLock<SocketAddr> = OnceLock::new();
static SENDING: AtomicUsize = AtomicUsize::new(0);

/// Where [`post_each`] posts to.
pub fn send_each_to(api: SocketAddr) {
    let _ = API.set(api);
}

/// How many of its posts are without an answer.
pub fn are_being_sent() -> usize {
    SENDING.load(Ordering::SeqCst)
}

async fn message<const BODIES: bool>(request: Request, next: Next) -> (Value, Response) {
    let (head, mut body) = request.into_parts();
    let mut message = json!({
        "unique_identifier": "0197f3a2-5c1e-7b7a-9c55-3f0d2c1b9a80",
        "request": {
            "method": head.method.as_str(),
            "url": head.uri.to_string(),
            "headers": fields(&head.headers),
        },
    });
    if BODIES {
        let bytes = whole(body).await;
        message["request"]["body"] = String::from_utf8_lossy(&bytes).into();
        body = Body::from(bytes);
    }
    let response = next.run(Request::from_parts(head, body)).await;
    let (head, mut body) = response.into_parts();
    message["response"] = json!({
        "status": head.status.as_u16(),
        "headers": fields(&head.headers),
    });
    if BODIES {
        let bytes = whole(body).await;
        message["response"]["body"] = String::from_utf8_lossy(&bytes).into();
        body = Body::from(bytes);
    }
    (message, Response::from_parts(head, body))
}

async fn whole(body: Body) -> Bytes {
    to_bytes(body, usize::MAX).await.expect("a body")
}

fn fields(headers: &HeaderMap) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = headers.iter();
    fields
        .map(|(name, value)| (name.to_string(), Value::from(text(value))))
        .collect()
}
