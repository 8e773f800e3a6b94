//! What a hostile page or client may try, over raw sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(target_os = "linux")]
#[path = "../support/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;

mod hosts;
mod sessions;
mod sizes;
mod slow;

use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and reads the answer to its end.
async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses early may reset the connection; what it said before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Server, headers: &str) -> String {
    let token = &server.token;
    let headers = headers.replace("TOKEN", token);
    format!("GET /buckets HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

/// Every other reader is served while something unkind goes on.
async fn still_answers(server: &Server) {
    let answer = raw(
        server,
        &get(server, "Host: localhost\r\nAuthorization: Bearer TOKEN\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
