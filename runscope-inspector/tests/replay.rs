//! Requests that are sent again, to real servers on loopback.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Server, error, success};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that answers every connection with the same bytes and keeps what it was sent.
struct Target {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Target {
    async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = answer.into();
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = String::new();
                let mut chunk = [0; 4096];
                while !is_whole(&request) {
                    let read = stream.read(&mut chunk).await.unwrap();
                    assert_ne!(read, 0, "the request broke off: {request}");
                    request.push_str(&String::from_utf8_lossy(&chunk[..read]));
                }
                kept.lock().unwrap().push(request);
                // Who has enough may leave before all is written.
                let _ = stream.write_all(&answer).await;
                if answer.ends_with("…".as_bytes()) {
                    std::future::pending::<()>().await;
                }
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a request has come to its end: its head, and as much body as the head says.
fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    body.len() >= length
}

async fn inspector(to: &[String]) -> Server {
    let to: Vec<_> = to.iter().map(|host| host.parse().unwrap()).collect();
    Server::start_with(|config| {
        config.replay.to = to;
        config.replay.time = Duration::from_secs(5);
        config.replay.bytes = 10_000;
    })
    .await
}

fn captured(method: &str, url: &str) -> Value {
    json!({
        "request": {
            "method": method, "url": url,
            "headers": { "X-One": ["1", "2"], "Connection": "X-Gone", "X-Gone": "1", "Host": "other", "Authorization": "Bearer [redacted]" },
            "body": if method == "GET" { Value::Null } else { json!("{\"a\":1}") },
        },
        "response": { "status": 200 },
    })
}

async fn replay(server: &Server, uuid: &str, edit: &Value) -> reqwest::Response {
    let path = format!("/api/v1/buckets/default/exchanges/{uuid}/replay");
    server
        .request(Method::POST, &path)
        .json(edit)
        .send()
        .await
        .unwrap()
}

async fn stored(server: &Server, answer: &Value) -> Value {
    let uuid = answer["data"]["uuid"].as_str().unwrap();
    server
        .get(&format!("/buckets/default/messages/{uuid}"))
        .await["data"]
        .clone()
}

#[tokio::test]
async fn replay_is_off_unless_it_is_switched_on_and_then_for_the_owner_only() {
    let target = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let off = Server::start().await;
    let uuid = &off.post_messages(&captured("GET", &target.url("/"))).await[0];
    let words = error(replay(&off, uuid, &json!({})).await, 403).await;
    assert!(words.contains("--replay-to"), "{words}");

    let on = inspector(&[target.address.to_string()]).await;
    let uuid = &on.post_messages(&captured("GET", &target.url("/"))).await[0];
    for scope in ["read", "write"] {
        let made = on
            .post("/api/v1/buckets/default/tokens", &json!({ "scope": scope }))
            .await;
        let token = made["data"]["token"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/buckets/default/exchanges/{uuid}/replay");
        let answer = on
            .bare(Method::POST, &path)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{scope}");
    }
    assert_eq!(target.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_is_sent_again_marked_and_kept_as_a_call_of_its_own() {
    let answer = "HTTP/1.1 201 Made\r\nContent-Type: application/json\r\nSet-Cookie: session=abcdef123456\r\nSet-Cookie: b=2\r\nContent-Length: 9\r\n\r\n{\"b\": 2 }";
    let target = Target::start(answer).await;
    let server = inspector(&[target.address.to_string()]).await;
    let uuid = server
        .post_messages(&captured("POST", &target.url("/a/../x?q=1")))
        .await[0]
        .clone();
    let edit = json!({ "headers": { "X-One": ["1", "2"], "Authorization": "Bearer s3cr3t-t0ken-value", "Content-Type": "application/json" } });
    let answer = success(replay(&server, &uuid, &edit).await).await;
    assert_eq!(answer["data"]["replay_of"], uuid.as_str());
    let seen = target.seen().remove(0);
    assert!(seen.starts_with("POST /x?q=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"a\":1}"), "{seen}");
    for line in [
        format!("host: {}", target.address),
        format!("x-runscope-replay: {uuid}"),
        "authorization: Bearer s3cr3t-t0ken-value".to_owned(),
        "x-one: 1\r\nx-one: 2".to_owned(),
    ] {
        assert!(
            seen.contains(&format!("\r\n{line}\r\n")),
            "{line} in {seen}"
        );
    }
    let kept = stored(&server, &answer).await;
    assert_eq!(kept["response"]["status"], 201);
    assert_eq!(kept["response"]["reason"], "Made");
    assert_eq!(kept["response"]["body"], "{\"b\": 2 }");
    assert_eq!(kept["context"]["tags"]["replay_of"], uuid.as_str());
    assert_eq!(kept["context"]["direction"], "outgoing");
    assert_eq!(kept["context"]["outcome"], "complete");
    // What was filled in, and what came back, is cleaned as any captured call is.
    let text = kept.to_string();
    assert!(
        !text.contains("s3cr3t-t0ken-value") && !text.contains("abcdef123456"),
        "{text}"
    );
    let found = server
        .get(&format!(
            "/api/v1/buckets/default/search?q=tag.replay_of:{uuid}"
        ))
        .await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn headers_of_the_one_connection_are_left_out() {
    let target = Target::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let server = inspector(&[target.address.to_string()]).await;
    let uuid = &server
        .post_messages(&captured("GET", &target.url("/")))
        .await[0];
    success(replay(&server, uuid, &json!({})).await).await;
    let seen = target.seen().remove(0).to_ascii_lowercase();
    assert!(
        !seen.contains("x-gone") && !seen.contains("host: other"),
        "{seen}"
    );
    assert!(seen.contains("authorization: bearer [redacted]"), "{seen}");
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_refused_before_a_connection() {
    let target = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let other = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno").await;
    let server = inspector(&[target.address.to_string()]).await;
    let uuid = &server
        .post_messages(&captured("GET", &target.url("/")))
        .await[0];
    let port = target.address.port();
    for (url, status) in [
        (other.url("/"), 403),
        (format!("http://localhost:{port}/"), 403),
        (format!("http://127.0.0.2:{port}/"), 403),
        (format!("http://{}@{}/", target.address, other.address), 403),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), 403),
        ("file:///etc/passwd".to_owned(), 400),
        ("gopher://127.0.0.1/".to_owned(), 400),
    ] {
        error(replay(&server, uuid, &json!({ "url": url })).await, status).await;
    }
    for edit in [
        json!({ "method": "G T" }),
        json!({ "nonsense": 1 }),
        json!({ "body": "%", "body_encoding": "base64" }),
    ] {
        error(replay(&server, uuid, &edit).await, 400).await;
    }
    assert_eq!((target.seen().len(), other.seen().len()), (0, 0));
    // Another spelling of the very address that is listed is that address.
    success(
        replay(
            &server,
            uuid,
            &json!({ "url": format!("http://0x7f.1:{port}/") }),
        )
        .await,
    )
    .await;
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let forbidden = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        forbidden.url("/")
    );
    let target = Target::start(answer).await;
    let server = inspector(&[target.address.to_string()]).await;
    let uuid = &server
        .post_messages(&captured("GET", &target.url("/")))
        .await[0];
    let answer = success(replay(&server, uuid, &json!({})).await).await;
    assert_eq!(stored(&server, &answer).await["response"]["status"], 302);
    assert_eq!(forbidden.seen().len(), 0);
}

#[tokio::test]
async fn a_huge_answer_is_cut_and_a_broken_one_is_kept_as_such() {
    let huge = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50000000\r\n\r\n".to_vec(),
        vec![b'a'; 1 << 20],
    ]
    .concat();
    let target = Target::start(huge).await;
    let broken = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart").await;
    let nonsense = Target::start("this is no HTTP at all\r\n\r\n").await;
    let hosts = [&target, &broken, &nonsense].map(|target| target.address.to_string());
    let server = inspector(&hosts).await;
    let uuid = &server
        .post_messages(&captured("GET", &target.url("/")))
        .await[0];
    let answer = success(replay(&server, uuid, &json!({})).await).await;
    let kept = stored(&server, &answer).await;
    assert_eq!(kept["response"]["body"].as_str().unwrap().len(), 10_000);
    assert_eq!(kept["context"]["response_body"]["state"], "truncated");
    for (target, status) in [(&broken, json!(200)), (&nonsense, Value::Null)] {
        let answer = success(replay(&server, uuid, &json!({ "url": target.url("/") })).await).await;
        let kept = stored(&server, &answer).await;
        assert_eq!(kept["response"]["status"], status);
        assert_eq!(kept["context"]["outcome"], "error");
        assert!(kept["context"]["error"].is_string());
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let target = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart…").await;
    let server = Server::start_with(|config| {
        config.replay.to = vec![target.address.to_string().parse().unwrap()];
        config.replay.time = Duration::from_millis(300);
    })
    .await;
    let uuid = &server
        .post_messages(&captured("GET", &target.url("/")))
        .await[0];
    let answer = success(replay(&server, uuid, &json!({})).await).await;
    let kept = stored(&server, &answer).await;
    assert_eq!(kept["context"]["outcome"], "error");
    assert!(
        kept["context"]["error"]
            .as_str()
            .unwrap()
            .contains("longer than")
    );
    assert_eq!(kept["response"]["body"], "part…");
}

#[tokio::test]
async fn the_form_of_the_page_leads_to_the_comparison() {
    let target = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let server = inspector(&[target.address.to_string()]).await;
    let uuid = &server
        .post_messages(&captured("PUT", &target.url("/")))
        .await[0];
    let form = |pairs: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        server
            .request(Method::POST, &format!("/b/default/c/{uuid}/retry"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
    };
    let url = target.url("/edited");
    let edited = [
        ("method", "PUT"),
        ("url", &url),
        ("headers", "X-New: 1\r\n"),
        ("body", "line\r\ntwo"),
    ];
    let page = form(&edited).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.url().path().ends_with("/compare"), "{}", page.url());
    assert!(page.text().await.unwrap().contains("sent again from here"));
    let seen = target.seen().remove(0);
    assert!(
        seen.starts_with("PUT /edited HTTP/1.1\r\n") && seen.ends_with("\r\n\r\nline\ntwo"),
        "{seen}"
    );
    assert!(
        seen.contains("x-new: 1") && !seen.contains("x-one"),
        "{seen}"
    );
    let refused = form(&[
        ("method", "PUT"),
        ("url", "http://evil.example/"),
        ("headers", ""),
    ])
    .await
    .unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}
