//! The app on actix-web.

use super::replies::{self, Failure, Fault, Reply};
use super::{Gate, Placement, SERVICE, Server, Setup};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Condition;
use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, Responder, ResponseError, rt, web,
};
use bytes::Bytes;
use futures_core::Stream as _;
use runscope::{Runscope, current_exchange};
use std::future::poll_fn;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::mpsc::channel;

pub(super) fn serve(listener: TcpListener, address: SocketAddr, setup: Setup) -> Server {
    let (tell, told) = channel();
    let thread = std::thread::spawn(move || {
        rt::System::new().block_on(async {
            let server = HttpServer::new(move || app(setup.clone()))
                .workers(1)
                .disable_signals()
                .shutdown_timeout(0)
                .listen_auto_h2c(listener)
                .expect("a listener of actix's")
                .run();
            // The test may have failed already.
            let _ = tell.send(server.handle());
            server
                .await
                .expect("a server that runs until it is stopped");
        });
    });
    let handle = told.recv().expect("a server that starts");
    // Only the sending of the command is wanted; the thread's end is waited for.
    Server::new(address, move || drop(handle.stop(false)), thread)
}

fn app(
    setup: Setup,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let on_nested = setup.placement == Placement::OnNested;
    let middleware = Runscope::new(&setup.recorder)
        .service(SERVICE)
        .consumer(|request| {
            Some(
                request
                    .headers()
                    .get("x-consumer")?
                    .to_str()
                    .ok()?
                    .to_owned(),
            )
        });
    let nested = web::scope("/api")
        .route("/items/{id}", web::to(item))
        .wrap(Condition::new(on_nested, middleware.clone()));
    let gate = web::Data::new(setup.gate);
    let mut app = App::new()
        .configure(move |config| routes(config, gate))
        .service(nested);
    if setup.accepts_all {
        app = app.default_service(web::to(HttpResponse::Ok));
    }
    app.wrap_fn(|request, service| {
        let response = service.call(request);
        async move {
            let response = response.await?;
            match response.headers().contains_key("x-fault") {
                true => Err(Fault("the inner layer gave up").into()),
                false => Ok(response),
            }
        }
    })
    .wrap(Condition::new(!on_nested, middleware))
}

fn routes(config: &mut web::ServiceConfig, gate: web::Data<Gate>) {
    config
        .app_data(gate)
        .route("/hello", web::to(async || "hello"))
        .route("/echo", web::to(echo))
        .route("/items/{id}", web::to(item))
        .route(
            "/json",
            web::to(async || web::Json(serde_json::json!({"answer": 42}))),
        )
        .route("/reply/{name}", web::to(reply))
        .route("/stream/{name}", web::to(stream))
        .route("/fail/{kind}", web::to(fail))
        .route(
            "/fault",
            web::to(async || {
                HttpResponse::Ok()
                    .insert_header(("x-fault", "yes"))
                    .finish()
            }),
        )
        .route("/panic", web::to(panic))
        .route("/wait", web::to(wait))
        .route("/ignore", web::to(async || "ignored"))
        .route("/half", web::to(half))
        .route("/upload", web::to(upload))
        .route("/fields", web::to(fields))
        .route("/identify", web::to(identify))
        .route("/trailers", web::to(trailers))
        .route("/socket", web::to(socket))
        .route(
            "/refuse",
            web::to(async || ("not here", StatusCode::FORBIDDEN)),
        );
}

async fn item() -> &'static str {
    "an item"
}

async fn echo(request: HttpRequest, body: Bytes) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
        if let Some(value) = request.headers().get(&name) {
            response.insert_header((name, value.clone()));
        }
    }
    plain(response.finish(), body)
}

async fn reply(name: web::Path<String>) -> HttpResponse {
    let Reply {
        status,
        headers,
        body,
    } = replies::reply(&name);
    let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).expect("a value");
        response.append_header((HeaderName::from_static(name), value));
    }
    plain(response.finish(), body.into())
}

/// Sets a body and no content type: `HttpResponseBuilder::body` sets one of its own.
fn plain(response: HttpResponse, body: Bytes) -> HttpResponse {
    response.set_body(BoxBody::new(body))
}

async fn stream(gate: web::Data<Gate>, name: web::Path<String>) -> HttpResponse {
    let (content_type, steps) = replies::stream(&name, &gate);
    HttpResponse::Ok()
        .content_type(content_type)
        .streaming(steps)
}

async fn fail(kind: web::Path<String>) -> Result<&'static str, Failure> {
    Err(Failure::new(&kind))
}

async fn panic() -> &'static str {
    replies::panic_quietly()
}

async fn wait(gate: web::Data<Gate>) -> &'static str {
    gate.enter();
    gate.pass().await;
    "after all"
}

async fn half(mut payload: web::Payload) -> String {
    let chunk = next(&mut payload)
        .await
        .expect("a chunk")
        .expect("no error");
    format!("{} bytes", chunk.len())
}

async fn upload(gate: web::Data<Gate>, mut payload: web::Payload) -> impl Responder {
    let mut size = 0;
    while let Some(chunk) = next(&mut payload).await {
        match chunk {
            Ok(chunk) => size += chunk.len(),
            Err(_) => return ("cut off".to_owned(), StatusCode::BAD_REQUEST),
        }
        gate.enter();
    }
    (format!("{size} bytes"), StatusCode::OK)
}

async fn next(payload: &mut web::Payload) -> Option<Result<Bytes, actix_web::error::PayloadError>> {
    poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx)).await
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

/// actix-web has no trailers.
async fn trailers() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain")
        .body("with trailers")
}

async fn socket(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, payload)?;
    rt::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| Pin::new(&mut messages).poll_next(cx)).await {
            let sent = match message {
                actix_ws::Message::Text(text) => session.text(text).await,
                actix_ws::Message::Close(reason) => return drop(session.close(reason).await),
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(Self::STATUS).expect("a status")
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).expect("a status")
    }
}
