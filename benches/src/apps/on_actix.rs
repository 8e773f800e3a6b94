//! The actix-web app, and one exchange with it as its server goes about it.

use crate::exchange::{CHUNK, CHUNKS, Exchange, SMALL, answer_headers};
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;

/// Does something with the app of a variant. Each has a type of its own, which can't be named.
macro_rules! with_app {
    ($variant:expr, $ours:expr, |$app:ident| $body:expr) => {{
        use actix_web::App;
        use $crate::apps::{Variant, nothing::Nothing, on_actix::routes};
        match ($variant, $ours) {
            (Variant::Nothing, _) => {
                let $app = || App::new().configure(routes).wrap(Nothing::default());
                $body
            }
            (Variant::Ours { .. } | Variant::OursRound { .. }, Some(ours)) => {
                let middleware = runscope::Runscope::new(&ours.recorder);
                let $app = move || App::new().configure(routes).wrap(middleware.clone());
                $body
            }
            #[cfg(feature = "peers")]
            (Variant::Peer(peer), _) => {
                $crate::apps::peers::log_into_a_sink(peer);
                let logger = actix_web::middleware::Logger::default;
                let $app = move || App::new().configure(routes).wrap(logger());
                $body
            }
            _ => {
                let $app = || App::new().configure(routes);
                $body
            }
        }
    }};
}
pub(crate) use with_app;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/items/{id}", web::get().to(item))
        .route("/echo", web::post().to(echo))
        .route("/download", web::get().to(download));
}

async fn item() -> HttpResponse {
    answer().body(SMALL.clone())
}

async fn echo(body: Bytes) -> HttpResponse {
    answer().body(body)
}

async fn download() -> HttpResponse {
    let chunks = (0..CHUNKS).map(|_| Ok::<_, Infallible>(CHUNK.clone()));
    answer().streaming(stream::iter(chunks))
}

fn answer() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    for header in answer_headers!(header, header::HeaderValue) {
        answer.insert_header(header);
    }
    answer
}

pub fn request(exchange: Exchange) -> TestRequest {
    let method = match exchange {
        Exchange::Post => Method::POST,
        Exchange::Get | Exchange::Stream => Method::GET,
    };
    let mut request = TestRequest::default().method(method).uri(exchange.target());
    for header in exchange.request_headers() {
        request = request.insert_header(header);
    }
    match exchange.request_body() {
        Some(body) => request.set_payload(body),
        None => request,
    }
}

/// One exchange as the server goes about it: a body that has a size is asked for chunks until there is
/// none. How many bytes were answered.
pub async fn exchange<S, R, B>(service: &S, request: R) -> usize
where
    S: Service<R, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let response = service.call(request).await.expect("an answer");
    let (request, response) = response.into_parts();
    drop(request);
    let (head, body) = response.into_parts();
    black_box(head);
    if matches!(body.size(), BodySize::None | BodySize::Sized(0)) {
        return 0;
    }
    let mut body = pin!(body);
    let mut bytes = 0;
    while let Some(Ok(chunk)) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        bytes += black_box(chunk).len();
    }
    bytes
}
