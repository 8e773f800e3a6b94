//! The app on axum.

use super::replies::{self, Failure, Fault, Reply};
use super::{Gate, Placement, SERVICE, Server, Setup};
use axum::body::{Body, Bytes};
use axum::error_handling::HandleErrorLayer;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router, ServiceExt};
use http_body_util::{BodyExt as _, Full};
use runscope::{RunscopeLayer, current_exchange};
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use tokio::sync::oneshot;
use tower::ServiceBuilder;

pub(super) fn serve(listener: TcpListener, address: SocketAddr, setup: Setup) -> Server {
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async {
            tokio::select! {
                () = run(listener, setup) => {}
                _ = stopped => {}
            }
        });
    });
    // It has ended already where the server failed.
    let stop = || stop.send(()).unwrap_or_default();
    Server::new(address, stop, thread)
}

async fn run(listener: TcpListener, setup: Setup) {
    listener
        .set_nonblocking(true)
        .expect("a listener of tokio's");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener of tokio's");
    let layer = RunscopeLayer::new(&setup.recorder)
        .service(SERVICE)
        .consumer(|parts| Some(parts.headers.get("x-consumer")?.to_str().ok()?.to_owned()));
    let mut nested = Router::new().route("/items/{id}", any(item));
    if setup.placement == Placement::OnNested {
        nested = nested.layer(layer.clone());
    }
    let mut app = routes(setup.gate).nest("/api", nested);
    if setup.accepts_all {
        app = app.fallback(async || StatusCode::OK);
    }
    let served = match setup.placement {
        Placement::OnRoutes => {
            let layers = ServiceBuilder::new()
                .layer(HandleErrorLayer::new(async |fault: Fault| fault))
                .layer(layer)
                .and_then(async |response: Response| {
                    match response.headers().contains_key("x-fault") {
                        true => Err(Fault("the inner layer gave up")),
                        false => Ok(response),
                    }
                });
            let app = app
                .layer(layers)
                .into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, app).await
        }
        Placement::AroundApp => {
            let app = ServiceBuilder::new()
                .map_response(|response: http::Response<_>| response.map(Body::new))
                .layer(layer)
                .service(app);
            let app = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(app);
            axum::serve(listener, app).await
        }
        Placement::OnNested => {
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, app).await
        }
    };
    served.expect("a server that runs until it is stopped");
}

fn routes(gate: Gate) -> Router {
    Router::new()
        .route("/hello", any(async || "hello"))
        .route("/echo", any(echo))
        .route("/items/{id}", any(item))
        .route(
            "/json",
            any(async || Json(serde_json::json!({"answer": 42}))),
        )
        .route("/reply/{name}", any(reply))
        .route("/stream/{name}", any(stream))
        .route("/fail/{kind}", any(fail))
        .route("/fault", any(async || [("x-fault", "yes")]))
        .route("/panic", any(panic))
        .route("/wait", any(wait))
        .route("/ignore", any(async |_: Request| "ignored"))
        .route("/half", any(half))
        .route("/upload", any(upload))
        .route("/fields", any(fields))
        .route("/identify", any(identify))
        .route("/trailers", any(trailers))
        .route("/socket", any(socket))
        .route(
            "/refuse",
            any(async |_: Request| (StatusCode::FORBIDDEN, "not here")),
        )
        .with_state(gate)
}

async fn item() -> &'static str {
    "an item"
}

async fn echo(headers: HeaderMap, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

async fn reply(Path(name): Path<String>) -> Response {
    let Reply {
        status,
        headers,
        body,
    } = replies::reply(&name);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).expect("a value");
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    response
}

async fn stream(State(gate): State<Gate>, Path(name): Path<String>) -> Response {
    let (content_type, steps) = replies::stream(&name, &gate);
    (
        [(header::CONTENT_TYPE, content_type)],
        Body::from_stream(steps),
    )
        .into_response()
}

async fn fail(Path(kind): Path<String>) -> Result<&'static str, Failure> {
    Err(Failure::new(&kind))
}

async fn panic() -> &'static str {
    replies::panic_quietly()
}

async fn wait(State(gate): State<Gate>) -> &'static str {
    gate.enter();
    gate.pass().await;
    "after all"
}

async fn half(request: Request) -> String {
    let frame = request
        .into_body()
        .frame()
        .await
        .expect("a frame")
        .expect("no error");
    format!("{} bytes", frame.into_data().map_or(0, |data| data.len()))
}

async fn upload(State(gate): State<Gate>, request: Request) -> Response {
    let mut body = request.into_body();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => size += frame.into_data().map_or(0, |data| data.len()),
            Err(_) => return (StatusCode::BAD_REQUEST, "cut off").into_response(),
        }
        gate.enter();
    }
    format!("{size} bytes").into_response()
}

async fn fields() -> &'static str {
    let exchange = current_exchange().expect("an exchange in flight");
    exchange.set_consumer("acme");
    exchange.tag("order", 4711);
    exchange.tag("colour", "red");
    exchange.tag("colour", "green");
    "noted"
}

async fn identify() -> String {
    current_exchange().map_or_else(String::new, |exchange| exchange.unique_identifier())
}

async fn trailers() -> Response {
    let trailers = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(Bytes::from("with trailers"))
        .with_trailers(std::future::ready(Some(Ok::<_, Infallible>(trailers))));
    ([(header::CONTENT_TYPE, "text/plain")], Body::new(body)).into_response()
}

async fn socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(Self::STATUS).expect("a status");
        (status, self.to_string()).into_response()
    }
}

/// What `and_then` asks for: a router has no errors of its own.
impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).expect("a status");
        (status, self.to_string()).into_response()
    }
}
