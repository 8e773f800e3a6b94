//! What does not come, or comes too slowly.

use crate::support::Server;
use crate::{raw, still_answers};
use runscope_inspector::serve::Bounds;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server =
        Server::start_with(|config| config.limits.body_time = std::time::Duration::from_millis(50))
            .await;
    let token = &server.token;
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 10\r\n\r\n["
    );
    assert!(raw(&server, &head).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for_to_the_end() {
    let mut bounds = Bounds::default();
    bounds.head_time = Duration::from_millis(300);
    let server = Server::start_within(bounds, |_| {}).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let (mut reader, mut writer) = slow.split();
    let drip = async {
        // The head never ends; the server has to.
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
            .iter()
            .chain(std::iter::repeat(&b'a'))
        {
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let closed = async {
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
    };
    tokio::select! {
        () = drip => {}
        () = closed => {}
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn connections_that_say_nothing_make_room_for_others() {
    let mut bounds = Bounds::default();
    bounds.head_time = Duration::from_millis(300);
    bounds.connections = 4;
    let server = Server::start_within(bounds, |_| {}).await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    still_answers(&server).await;
}
