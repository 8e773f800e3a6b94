//! The axum app, and one exchange with it as hyper goes about it.

use super::{Ours, Variant, nothing::Nothing};
use crate::exchange::{CHUNK, CHUNKS, Exchange, SMALL, answer_headers};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Body as _;
use runscope::RunscopeLayer;
use std::convert::Infallible;
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use tower::{Layer as _, Service, ServiceExt as _};

/// The app with what is put round each of its routes.
pub fn app(variant: Variant, ours: Option<&Ours>) -> Router {
    match (variant, ours) {
        (Variant::Nothing, _) => bare().layer(Nothing::default()),
        (Variant::Ours { .. }, Some(ours)) => bare().layer(RunscopeLayer::new(&ours.recorder)),
        #[cfg(feature = "peers")]
        (Variant::Peer(peer), _) => super::peers::layered(bare(), peer),
        _ => bare(),
    }
}

/// The app with ours round the whole of it.
pub fn round(
    ours: &Ours,
) -> impl Service<
    Request<Body>,
    Response = Response<impl http_body::Body<Data = Bytes> + use<>>,
    Error = Infallible,
> + Clone
+ use<> {
    RunscopeLayer::new(&ours.recorder).layer(bare())
}

fn bare() -> Router {
    Router::new()
        .route("/items/{id}", get(item))
        .route("/echo", post(echo))
        .route("/download", get(download))
}

async fn item() -> impl IntoResponse {
    (headers(), SMALL.clone())
}

async fn echo(body: Bytes) -> impl IntoResponse {
    (headers(), body)
}

async fn download() -> impl IntoResponse {
    let chunks = (0..CHUNKS).map(|_| Ok::<_, Infallible>(CHUNK.clone()));
    (headers(), Body::from_stream(stream::iter(chunks)))
}

fn headers() -> [(HeaderName, HeaderValue); 4] {
    answer_headers!(header, HeaderValue)
}

pub fn request(exchange: Exchange) -> Request<Body> {
    let mut request = Request::builder()
        .method(exchange.method())
        .uri(exchange.target());
    for (name, value) in exchange.request_headers() {
        request = request.header(name, value);
    }
    let body = exchange.request_body().map(Body::from);
    request.body(body.unwrap_or_default()).expect("a request")
}

/// One exchange as hyper goes about it for a service of axum: a clone of the service for each request,
/// and a body that is asked for frames until it says that it is at its end. How many bytes were answered.
pub async fn exchange<S, B>(service: &S, request: Request<Body>) -> usize
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes>,
{
    let Ok(response) = service.clone().oneshot(request).await;
    let (head, body) = response.into_parts();
    black_box(head);
    let mut body = pin!(body);
    let mut bytes = 0;
    while !body.is_end_stream() {
        match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            Some(Ok(frame)) => bytes += black_box(frame).data_ref().map_or(0, Bytes::len),
            _ => break,
        }
    }
    bytes
}
