//! The app of the suite, for actix-web.

use super::bodies::{Endless, Feed, Scripted, Step};
use super::pair::Hooks;
use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::error::ErrorUnauthorized;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::web::{Bytes, Data, Path, Payload, ServiceConfig, get, post, route};
use actix_web::{Error, HttpRequest, HttpResponse};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub fn routes(hooks: Hooks) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(Data::new(hooks))
            .route("/hello", get().to(async || "hello world"))
            .route("/hello", post().to(async |body: String| body))
            .route("/length/{length}", route().to(length))
            .route("/chunks", route().to(chunks))
            .route("/announced-chunks", route().to(announced_chunks))
            .route("/status/{status}", route().to(status))
            .route("/headers", route().to(headers))
            .route("/broken", get().to(broken))
            .route("/broken-promise", get().to(broken_promise))
            .route("/panic", route().to(panic))
            .route("/refuse", post().to(refuse))
            .route("/view", route().to(view))
            .route("/nested/{id}/view", route().to(view))
            .route("/echo", post().to(echo))
            .route("/discard", post().to(discard))
            .route("/watch", post().to(watch))
            .route("/feed", get().to(feed))
            .route("/endless", get().to(endless))
            .route("/ws", route().to(web_socket));
    }
}

async fn length(length: Path<usize>) -> HttpResponse {
    HttpResponse::Ok().body(vec![b'x'; *length])
}

async fn chunks() -> HttpResponse {
    let steps = vec![Step::Data("one"), Step::Data("two"), Step::Data("three")];
    HttpResponse::Ok().streaming(Scripted::new(steps, None))
}

async fn announced_chunks() -> HttpResponse {
    let steps = vec![Step::Data("hello "), Step::Data("world")];
    HttpResponse::Ok().body(SizedStream::new(11, Scripted::new(steps, None)))
}

async fn status(status: Path<u16>) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(*status).expect("a status"));
    if *status == 304 {
        response.insert_header(("etag", "\"a\""));
    }
    response.finish()
}

async fn headers() -> HttpResponse {
    let binary = HeaderValue::from_bytes(b"caf\xe9 \xff").expect("a value");
    HttpResponse::Ok()
        .append_header(("set-cookie", "a=1"))
        .append_header(("set-cookie", "b=2"))
        .append_header(("set-cookie", "c=3"))
        .append_header(("x-binary", binary))
        .body("sorted")
}

async fn broken() -> HttpResponse {
    HttpResponse::Ok().streaming(Scripted::new(
        vec![Step::Data("begun"), Step::Failure],
        None,
    ))
}

/// Fewer bytes than its length says.
async fn broken_promise() -> HttpResponse {
    let steps = vec![Step::Data("begun")];
    HttpResponse::Ok().body(SizedStream::new(11, Scripted::new(steps, None)))
}

async fn panic() -> HttpResponse {
    panic!("as it should")
}

async fn refuse() -> Result<HttpResponse, Error> {
    Err(ErrorUnauthorized("who are you"))
}

/// Everything that a handler can see of a request.
async fn view(request: HttpRequest, payload: Payload) -> String {
    let mut seen = format!(
        "{} {} {:?}\nroute: {:?}, matched: {:?}, peer: {}\n",
        request.method(),
        request.uri(),
        request.version(),
        request.match_pattern(),
        request.match_info().iter().collect::<Vec<_>>(),
        request.peer_addr().is_some(),
    );
    // The order of names is a hash map's, which is another one in every map.
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {value:?}\n"))
        .collect();
    headers.sort();
    seen += &headers.concat();
    seen + &read(payload).await
}

/// Everything that a handler can see of a body, but for where its chunks were cut.
async fn read(payload: Payload) -> String {
    let mut payload = payload.into_inner();
    let (mut seen, mut data) = (String::new(), Vec::new());
    while let Some(chunk) = next(&mut payload).await {
        match chunk {
            Ok(chunk) => data.extend(chunk),
            Err(error) => {
                seen = format!("failed: {error} {error:?}\n");
                break;
            }
        }
    }
    seen + &format!("{}\n", data.escape_ascii())
}

async fn next(
    payload: &mut actix_web::dev::Payload,
) -> Option<Result<Bytes, actix_web::error::PayloadError>> {
    use futures_core::Stream as _;
    poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx)).await
}

/// Keeps a known length.
async fn echo(request: HttpRequest, payload: Payload) -> HttpResponse {
    let length = request.headers().get("content-length");
    let size = match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => BodySize::Sized(length),
        None => BodySize::Stream,
    };
    HttpResponse::Ok().body(BoxBody::new(Echo(payload.into_inner(), size)))
}

struct Echo(actix_web::dev::Payload, BodySize);

impl MessageBody for Echo {
    type Error = actix_web::error::PayloadError;

    fn size(&self) -> BodySize {
        self.1
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            match ready!(futures_core::Stream::poll_next(Pin::new(&mut self.0), cx)) {
                // An empty chunk is never sent: actix-web's HTTP/2 waits for room for it for ever.
                Some(Ok(chunk)) if chunk.is_empty() => {}
                chunk => return Poll::Ready(chunk),
            }
        }
    }
}

/// Reads all and keeps nothing.
async fn discard(payload: Payload) -> &'static str {
    let mut payload = payload.into_inner();
    while let Some(chunk) = next(&mut payload).await {
        drop(chunk.expect("a whole body"));
    }
    "done"
}

/// Tells the test that it begins, and what became of the body, also where the client has left.
async fn watch(hooks: Data<Hooks>, payload: Payload) -> HttpResponse {
    let reader = actix_web::rt::spawn(async move {
        let _ = hooks.seen.send("begun".into());
        let seen = read(payload).await;
        let _ = hooks.seen.send(seen);
    });
    let _ = reader.await;
    HttpResponse::Ok().finish()
}

async fn feed(hooks: Data<Hooks>) -> HttpResponse {
    let feed = Feed(hooks.take_feed());
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(feed)
}

async fn endless(hooks: Data<Hooks>) -> HttpResponse {
    let pulled = hooks.pulled.clone();
    HttpResponse::Ok().streaming(Endless {
        pulled,
        frame: vec![b'e'; 1024].into(),
    })
}

async fn web_socket(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, payload)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            let sent = match message {
                actix_ws::Message::Text(text) => session.text(text).await,
                actix_ws::Message::Binary(data) => session.binary(data).await,
                actix_ws::Message::Close(reason) => {
                    let _ = session.close(reason).await;
                    return;
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}
