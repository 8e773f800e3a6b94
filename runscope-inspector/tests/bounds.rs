//! What one client can make the server spend, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(target_os = "linux")]
#[path = "support/program.rs"]
mod program;
mod support;

use reqwest::{Method, StatusCode};
use runscope_inspector::serve::Bounds;
use serde_json::{Value, json};
use std::time::Duration;
use support::{Server, message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const IMPORT: &str = "/api/v1/buckets/default/import";

/// A repeated text, compressed.
fn gzip(text: &str, times: usize) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    }
    gzip.finish().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_import_of_many_mistakes_takes_little_memory_and_a_short_answer() {
    let directory = tempfile::tempdir().unwrap();
    let program = program::Program::start(program::inspector(directory.path()));
    let before = program.peak();
    let client = reqwest::Client::new();
    for (format, body) in [
        ("ndjson", gzip("{}\n", 350_000)),
        (
            "har",
            [
                gzip(r#"{"log":{"entries":[{}"#, 1),
                gzip(",{}", 350_000),
                gzip("]}}", 1),
            ]
            .concat(),
        ),
    ] {
        let request = client
            .post(program.url(&format!("{IMPORT}?format={format}")))
            .bearer_auth(&program.token)
            .header("content-encoding", "gzip");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = answer.text().await.unwrap();
        assert!(answer.len() < 1 << 20, "{} bytes", answer.len());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let errors = answer["meta"]["error_count"].as_u64().unwrap();
        assert!(errors >= 350_000, "{errors}");
        assert_eq!(answer["data"].as_array().unwrap().len(), 1000);
        assert_eq!(answer["meta"]["unlisted_count"], errors - 1000);
    }
    let grown = program.peak() - before;
    assert!(grown < 64 << 10, "{grown} KiB");
}

#[tokio::test]
async fn an_import_stores_what_is_right_among_what_is_wrong() {
    let server = Server::start().await;
    let long = "x".repeat(5000);
    let har = json!({ "log": { "entries": [
        { "request": { "method": "GET", "url": "http://h/" }, "response": { "status": 200 } },
        { "request": long },
    ] } });
    let ndjson = format!(
        "{{\"response\":{{\"status\":204}}}}\n\n{}\n",
        json!({ "unique_identifier": long, "response": { "status": 204 } })
    );
    for (format, body) in [("har", har.to_string()), ("ndjson", ndjson)] {
        let path = format!("{IMPORT}?format={format}");
        let answer = server.request(Method::POST, &path).body(body).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer["meta"]["success_count"], 1, "{answer}");
        assert_eq!(answer["data"][0]["status"], "success");
        assert_eq!(answer["data"][1]["status"], "error");
        assert!(answer.to_string().len() < 1500, "{answer}");
    }
}

/// Reads an answer to its end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that was reset may have said why before.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_form_that_does_not_come_is_not_waited_for() {
    let server = Server::start_with(|config| {
        config.limits.body_time = Duration::from_millis(50);
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nt";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// The whole of 127.0.0.0/8 is this machine on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_can_not_take_all_connections() {
    let server = Server::start().await;
    let mut stalled = Vec::new();
    for _ in 0..1024 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // Some are closed at once.
        let _ = stream.write_all(b"POST /sign-in HTTP/1.1\r\n").await;
        stalled.push(stream);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    let healthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    other.write_all(healthz.as_bytes()).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(10), rest(&mut other)).await;
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let turned_away = rest(&mut stalled[1023]).await;
    assert!(
        turned_away.is_empty() || turned_away.starts_with("HTTP/1.1 503"),
        "{turned_away}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up_but_a_slow_reader_gets_all_of_it() {
    let mut bounds = Bounds::default();
    bounds.write_time = Duration::from_millis(500);
    bounds.head_time = Duration::from_millis(500);
    bounds.connections = 1;
    let server = Server::start_within(bounds, |_| {}).await;
    let mut large = message("large", 200);
    large["response"]["body"] = json!("x".repeat(12 << 20));
    let uuid = server.post_messages(&large).await.remove(0);
    let get = format!(
        "GET /buckets/default/messages/{uuid} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n\r\n",
        server.token
    );
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(get.as_bytes()).await.unwrap();
    // There is room for one connection: this one is served when the other was given up.
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(get.as_bytes()).await.unwrap();
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    let mut pauses = 0;
    loop {
        match slow.read(&mut buffer).await.unwrap() {
            0 => break,
            read => taken += read,
        }
        if pauses < 8 && taken > pauses << 20 {
            pauses += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert!(taken > 12 << 20, "{taken}");
    assert!(rest(&mut idle).await.len() < 12 << 20);
}

async fn token(server: &Server, scope: &str) -> String {
    let path = "/api/v1/buckets/default/tokens";
    let token = server.post(path, &json!({ "scope": scope })).await;
    token["data"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_that_sends_slowly_takes_half_of_the_room_and_others_go_on() {
    let server = Server::start_with(|config| {
        config.limits.body = 1 << 20;
        config.limits.bodies = 4 << 20;
        config.limits.wait = Duration::from_millis(200);
    })
    .await;
    let token = token(&server, "write").await;
    let part = format!("e0000\r\n{}\r\n", " ".repeat(0xe0000));
    let mut slow = Vec::new();
    for _ in 0..8 {
        let (address, token, part) = (server.address, token.clone(), part.clone());
        slow.push(Box::pin(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                 Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            // It is turned away, or waits for a rest that never comes.
            let _ = stream.write_all(part.as_bytes()).await;
            let mut answer = [0; 512];
            let read = stream.read(&mut answer).await.unwrap_or(0);
            String::from_utf8_lossy(&answer[..read]).to_lowercase()
        }));
    }
    let (turned_away, _, _rest) = futures_util::future::select_all(slow).await;
    assert!(turned_away.starts_with("http/1.1 503"), "{turned_away}");
    assert!(turned_away.contains("retry-after: 2"), "{turned_away}");
    let messages = json!([message("quick", 200)]);
    let quick = server.post_messages(&messages);
    let quick = tokio::time::timeout(Duration::from_secs(10), quick).await;
    assert_eq!(quick.unwrap().len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn many_bodies_that_grow_when_they_are_decoded_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let program = program::Program::start(program::inspector(directory.path()));
    let before = program.peak();
    let client = reqwest::Client::new();
    let body = [gzip(&" ".repeat(1 << 20), 15), gzip("{}", 1)].concat();
    let posts = (0..48).map(|_| {
        let request = client
            .post(program.url("/buckets/default/messages"))
            .bearer_auth(&program.token)
            .header("content-encoding", "gzip");
        let request = request.body(body.clone());
        async move { request.send().await.unwrap().status() }
    });
    for status in futures_util::future::join_all(posts).await {
        assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE);
    }
    let grown = program.peak() - before;
    assert!(grown < 400 << 10, "{grown} KiB");
}

#[tokio::test]
async fn a_tail_ends_with_its_token() {
    let server = Server::start().await;
    let path = "/api/v1/buckets/default/tokens";
    let token = server.post(path, &json!({ "scope": "read" })).await;
    let (id, token) = (&token["data"]["id"], token["data"]["token"].as_str());
    let tail = server
        .bare(Method::GET, "/api/v1/buckets/default/tail")
        .bearer_auth(token.unwrap());
    let tail = tail.send().await.unwrap();
    assert_eq!(tail.status(), StatusCode::OK);
    let removed = server.request(Method::DELETE, &format!("{path}/{id}"));
    assert!(removed.send().await.unwrap().status().is_success());
    server.post_messages(&message("secret", 200)).await;
    let text = tokio::time::timeout(Duration::from_secs(10), tail.text()).await;
    let text = text.unwrap().unwrap();
    assert!(text.contains("event: ready"), "{text}");
    assert!(!text.contains("event: exchange"), "{text}");
}

#[tokio::test]
async fn one_token_can_not_have_all_tails_or_downloads() {
    let server = Server::start_with(|config| {
        config.limits.tails = 4;
        config.limits.exports = 4;
    })
    .await;
    let mut large = message("large", 200);
    large["response"]["body"] = json!("x".repeat(12 << 20));
    server.post_messages(&large).await;
    let token = token(&server, "read").await;
    for what in ["tail", "export"] {
        let path = format!("/api/v1/buckets/default/{what}");
        let mut open = Vec::new();
        for status in [200, 200, 503] {
            let request = server.bare(Method::GET, &path).bearer_auth(&token);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{what}");
            open.push(answer);
        }
        let owner = server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(owner.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_histogram_has_a_bounded_number_of_bars() {
    let server = Server::start().await;
    let at = |place: usize| json!({ "request": { "method": "GET", "url": "http://h/", "timestamp": 1_795_341_600 + place * 7 } });
    for thousand in 0..11 {
        let messages: Vec<_> = (0..1000).map(|place| at(thousand * 1000 + place)).collect();
        server.post_messages(&json!(messages)).await;
    }
    let path = "/api/v1/buckets/default/histogram?deadline=30";
    let refused = server.request(Method::GET, &format!("{path}&step=1"));
    let refused = support::error(refused.send().await.unwrap(), 400).await;
    assert!(refused.contains("at least 8 here"), "{refused}");
    for (step, length) in [("&step=8", 8), ("", 60)] {
        let histogram = server.get(&format!("{path}{step}")).await;
        assert_eq!(histogram["meta"]["step"], length);
        assert!(histogram["data"].as_array().unwrap().len() <= 10_000);
    }
}

#[tokio::test]
async fn a_list_of_shared_messages_ends_before_it_is_too_large() {
    let server = Server::start().await;
    let mut large = message("0", 200);
    large["request"]["url"] = json!(format!("http://h/{}", "u".repeat(900 << 10)));
    for id in 0..22 {
        large["unique_identifier"] = json!(id.to_string());
        let uuid = server.post_messages(&large).await.remove(0);
        let path = format!("/buckets/default/shared/{uuid}");
        let shared = server.request(Method::PUT, &path).send().await.unwrap();
        assert!(shared.status().is_success());
    }
    let listed = server.get("/buckets/default/shared").await;
    // The first over 16 MiB is the last.
    assert_eq!(listed["data"].as_array().unwrap().len(), 19);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_stops_it_twice_does_not_wait_for_what_runs() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = program::Program::start(program::inspector(directory.path()));
    let mut stalled = TcpStream::connect(&program.address).await.unwrap();
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {}\r\nContent-Length: 10\r\n\r\n",
        program.token
    );
    stalled.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    stalled.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100");
    program.signal("-INT");
    while TcpStream::connect(&program.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let told = std::time::Instant::now();
    program.signal("-INT");
    let ended = tokio::task::spawn_blocking(move || program.child.wait().map(|_| program));
    ended.await.unwrap().unwrap();
    assert!(
        told.elapsed() < Duration::from_secs(8),
        "{:?}",
        told.elapsed()
    );
}
