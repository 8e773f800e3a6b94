//! The same app in both frameworks, and a client that sends what a test says, byte by byte.

use crate::plan::Case;
use actix_web::{HttpRequest, HttpResponse, web};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use runscope::{Recorder, Runscope, RunscopeLayer, current_exchange};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Sends all cases to an axum app that is captured.
pub fn axum(recorder: &Recorder, cases: &Arc<Vec<Case>>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    let script = Arc::clone(cases);
    let app = axum::Router::new()
        .fallback(async move |request: axum::extract::Request| {
            let case = &script[number(request.headers().get("x-case").map(AsRef::as_ref))];
            let _body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
            say(case);
            let mut response = Response::new(Body::from(case.response.body.clone()));
            for (name, value) in &case.response.headers {
                let name: http::HeaderName = name.parse().expect("a header's name");
                response
                    .headers_mut()
                    .append(name, value.parse().expect("a header's value"));
            }
            response
        })
        .layer(RunscopeLayer::new(recorder).service("shop"));
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, app).await
    });
    send_all(address, cases);
    runtime.shutdown_timeout(Duration::from_secs(10));
}

/// Sends all cases to an actix-web app that is captured.
pub fn actix(recorder: &Recorder, cases: &Arc<Vec<Case>>) {
    let listener = listener();
    let address = listener.local_addr().expect("an address");
    let (send, receive) = mpsc::channel();
    let (recorder, script) = (recorder.clone(), Arc::clone(cases));
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix_web::HttpServer::new(move || {
                actix_web::App::new()
                    .app_data(web::PayloadConfig::new(usize::MAX))
                    .app_data(web::Data::from(Arc::clone(&script)))
                    .default_service(web::to(answer))
                    .wrap(Runscope::new(&recorder).service("shop"))
            });
            let server = server
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("a listener")
                .run();
            send.send(server.handle()).expect("somebody waits");
            server.await
        })
    });
    let handle = receive.recv().expect("the server's handle");
    send_all(address, cases);
    futures_block_on(handle.stop(true));
    server
        .join()
        .expect("the server's thread")
        .expect("the server");
}

async fn answer(request: HttpRequest, script: web::Data<Vec<Case>>, _body: Bytes) -> HttpResponse {
    let case = &script[number(request.headers().get("x-case").map(AsRef::as_ref))];
    say(case);
    let mut response = HttpResponse::Ok();
    for (name, value) in &case.response.headers {
        response.append_header((name.as_str(), value.as_str()));
    }
    response.body(case.response.body.clone())
}

fn futures_block_on(stop: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(stop);
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener
        .set_nonblocking(true)
        .expect("a socket that does not block");
    listener
}

fn number(header: Option<&[u8]>) -> usize {
    let text = header.and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok())
        .expect("the number of the case")
}

fn say(case: &Case) {
    if let (Some((consumer, name, value)), Some(exchange)) = (&case.said, current_exchange()) {
        exchange.set_consumer(consumer);
        exchange.tag(name, value);
    }
}

fn send_all(address: SocketAddr, cases: &[Case]) {
    for (at, case) in cases.iter().enumerate() {
        let answer = send(address, at, case);
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{case:?}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// Sends one request on a connection of its own, and reads to its end.
fn send(address: SocketAddr, number: usize, case: &Case) -> Vec<u8> {
    let Case {
        method,
        target,
        request,
        ..
    } = case;
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-Case: {number}\r\n"
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !request.body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    stream.write_all(&request.body).expect("the body is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer
}
