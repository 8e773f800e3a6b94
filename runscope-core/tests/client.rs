//! The client of the messages API over real sockets, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use runscope_core::AccessToken;
use runscope_core::client::{Bucket, Client, ClientOptions, Error, ItemStatus, ListOptions, Stage};
use runscope_core::{Message, Request};
use serde_json::{Value, json};
use std::error::Error as _;
use std::net::TcpListener;
use std::time::{Duration, Instant, UNIX_EPOCH};
use support::{FakeServer, Received, Reply};

const TOKEN: &str = "s3cr3t-t0ken";

fn options(url: &str) -> ClientOptions {
    let mut options = ClientOptions::new(url.parse().unwrap(), TOKEN, "my bucket");
    // Long enough for a slow machine; the tests of time set their own.
    options.timeout = Duration::from_secs(30);
    options
}

fn client(server: &FakeServer) -> Client {
    Client::new(&options(&server.url())).unwrap()
}

fn answering(status: u16, body: &'static str) -> FakeServer {
    FakeServer::start(move |_, _| Reply::json(status, body))
}

fn message(id: &str) -> Message {
    Message::new()
        .unique_identifier(id)
        .request(Request::new("GET", "https://shop.example/"))
}

fn ids(request: &Received) -> Vec<String> {
    let body = request.json();
    let one = std::slice::from_ref(&body);
    let messages = body.as_array().map_or(one, Vec::as_slice);
    let id = |message: &Value| message["unique_identifier"].as_str().unwrap().to_owned();
    messages.iter().map(id).collect()
}

/// An answer that stores each message of a request under the uuid `stored-<id>`.
fn stored(request: &Received) -> Reply {
    let item = |id: String| json!({"status": "success", "unique_identifier": id, "uuid": format!("stored-{id}")});
    let items: Vec<_> = ids(request).into_iter().map(item).collect();
    let count = items.len();
    Reply::json(
        200,
        &json!({"data": items, "meta": {"succcess_count": count}}).to_string(),
    )
}

/// No text of the error, nor of anything that caused it, holds the token.
fn assert_no_secret(error: &(dyn std::error::Error + 'static)) {
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(TOKEN), "{text}");
        }
    }
}

async fn post_one(client: &Client) -> Error {
    let error = client.create_messages(&[message("a")]).await.unwrap_err();
    assert_no_secret(&error);
    error
}

#[tokio::test]
async fn a_message_is_posted_bare_with_token_mark_and_agent() {
    let server = FakeServer::start(|_, request| stored(request));
    let client = client(&server);
    let receipt = client.create_messages(&[message("a")]).await.unwrap();
    assert_eq!(receipt.success_count, 1);
    assert_eq!(receipt.items[0].status, ItemStatus::Success);
    assert_eq!(receipt.items[0].uuid.as_deref(), Some("stored-a"));

    let request = server.received().pop().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/buckets/my%20bucket/messages");
    assert_eq!(request.header("authorization"), Some("Bearer s3cr3t-t0ken"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("runscope/"), "{agent}");
    assert_eq!(request.header("runscope-recorder").unwrap().len(), 32);
    assert_eq!(request.json()["request"]["url"], "https://shop.example/");
}

#[tokio::test]
async fn several_messages_are_posted_as_an_array_and_none_not_at_all() {
    let server = FakeServer::start(|_, request| stored(request));
    let client = client(&server);
    let receipt = client
        .create_messages(&[message("a"), message("b")])
        .await
        .unwrap();
    assert_eq!(receipt.items[1].uuid.as_deref(), Some("stored-b"));
    assert!(server.received()[0].json().is_array());
    let receipt = client.create_messages(&[]).await.unwrap();
    assert!(receipt.items.is_empty());
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn many_messages_are_posted_a_hundred_at_a_time_in_order() {
    let server = FakeServer::start(|_, request| stored(request));
    let messages: Vec<_> = (0..250)
        .map(|number| message(&number.to_string()))
        .collect();
    let receipt = client(&server).create_messages(&messages).await.unwrap();
    let sizes: Vec<_> = server
        .received()
        .iter()
        .map(|request| ids(request).len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(receipt.success_count, 250);
    for (number, item) in receipt.items.iter().enumerate() {
        assert_eq!(item.uuid, Some(format!("stored-{number}")));
    }
}

#[tokio::test]
async fn a_message_without_an_identifier_is_given_one_that_a_fallback_keeps() {
    let server = FakeServer::start(|number, request| match number {
        0 => Reply::json(400, r#"{"error":"one message, please"}"#),
        _ => stored(request),
    });
    let messages = [
        Message::new(),
        message("b"),
        Message::new().unique_identifier(""),
    ];
    let receipt = client(&server).create_messages(&messages).await.unwrap();
    let received = server.received();
    let first = ids(&received[0]);
    let again: Vec<_> = received[1..].iter().flat_map(ids).collect();
    assert_eq!(first, again);
    assert_eq!(first[1], "b");
    assert_ne!(first[0], first[2]);
    assert!(first[0].len() == 36 && first[2].len() == 36, "{first:?}");
    let results: Vec<_> = receipt
        .items
        .into_iter()
        .flat_map(|item| item.unique_identifier)
        .collect();
    assert_eq!(results, first);
}

#[tokio::test]
async fn where_an_array_is_refused_only_the_poisoned_message_fails() {
    let server = FakeServer::start(|_, request| match ids(request).as_slice() {
        [one] if one != "b" => stored(request),
        _ => Reply::json(400, r#"{"code":17,"message":"no good"}"#),
    });
    let messages = ["a", "b", "c"].map(message);
    let receipt = client(&server).create_messages(&messages).await.unwrap();
    let statuses: Vec<_> = receipt.items.iter().map(|item| item.status).collect();
    assert_eq!(
        statuses,
        [ItemStatus::Success, ItemStatus::Error, ItemStatus::Success]
    );
    assert_eq!((receipt.success_count, receipt.error_count), (2, 1));
    let error = receipt.items[1].error.as_ref().unwrap();
    assert_eq!(
        (error.code, error.message.as_deref()),
        (Some(17), Some("no good"))
    );
}

#[tokio::test]
async fn an_error_midway_tells_which_messages_were_taken() {
    let server = FakeServer::start(|number, request| match number {
        0 => Reply::json(400, "{}"),
        1 => stored(request),
        _ => Reply::json(503, "{}"),
    });
    let messages = ["a", "b", "c"].map(message);
    let error = client(&server)
        .create_messages(&messages)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(503));
    let items = &error.receipt().unwrap().items;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].uuid.as_deref(), Some("stored-a"));
    assert!(
        post_one(&client(&answering(503, "{}")))
            .await
            .receipt()
            .is_none()
    );
}

#[tokio::test]
async fn messages_are_listed_and_read() {
    let server = FakeServer::start(|_, request| match request.target.as_str() {
        target if target.contains("/messages?") || target.ends_with("/errors") => Reply::json(
            200,
            r#"{"data":[{"uuid":"1","request":{"method":"GET","url":"u","headers":{"a":["1"]}}},{"uuid":2}],"meta":{"status":"success"},"error":null}"#,
        ),
        _ => Reply::json(
            200,
            r#"{"data":{"uuid":"1","response":{"status":"200","body":"hi"}}}"#,
        ),
    });
    let client = client(&server);
    let since = UNIX_EPOCH + Duration::from_millis(1_500);
    let listed = client
        .list_messages(ListOptions::new().count(2).since(since))
        .await
        .unwrap();
    let uuids: Vec<_> = listed
        .iter()
        .map(|message| message.uuid.as_deref())
        .collect();
    assert_eq!(uuids, [Some("1"), Some("2")]);
    assert_eq!(
        client.list_errors(ListOptions::new()).await.unwrap().len(),
        2
    );
    let message = client.for_bucket("other").message("../1?x").await.unwrap();
    assert_eq!(message.response.unwrap().body.as_deref(), Some("hi"));
    let targets: Vec<_> = server
        .received()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(
        targets,
        [
            "/buckets/my%20bucket/messages?count=2&since=1.5",
            "/buckets/my%20bucket/errors",
            "/buckets/other/messages/..%2F1%3Fx",
        ]
    );
}

#[tokio::test]
async fn deletes_are_done_with_an_empty_answer() {
    let server = FakeServer::start(|_, _| Reply::Bytes(b"HTTP/1.1 204 x\r\n\r\n".to_vec()));
    let client = client(&server);
    client.clear_messages().await.unwrap();
    client.delete_bucket("old").await.unwrap();
    let sent: Vec<_> = server
        .received()
        .into_iter()
        .map(|request| format!("{} {}", request.method, request.target))
        .collect();
    assert_eq!(
        sent,
        [
            "DELETE /buckets/my%20bucket/messages",
            "DELETE /buckets/old"
        ]
    );
}

#[tokio::test]
async fn a_key_that_would_name_something_else_is_never_sent() {
    let server = answering(204, "");
    let client = client(&server);
    for key in ["", ".", ".."] {
        let error = client.delete_bucket(key).await.unwrap_err();
        assert!(error.to_string().contains("RUNSCOPE_BUCKET_KEY"), "{error}");
        client.for_bucket(key).clear_messages().await.unwrap_err();
        client.message(key).await.unwrap_err();
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn buckets_are_listed_made_and_read_and_their_tokens_stay_hidden() {
    const BUCKET: &str = r#"{"auth_token":"s3cr3t-of-bucket","default":"true","key":"k","name":null,"team":{"id":7,"name":"t"},"verify_ssl":1,"messages_url":"m","extra":[1]}"#;
    let server =
        FakeServer::start(
            |_, request| match (request.method.as_str(), request.target.as_str()) {
                ("GET", "/buckets") => Reply::json(
                    200,
                    &format!(r#"{{"data":[{BUCKET},{{"key":"l","team":null}}]}}"#),
                ),
                _ => Reply::json(201, &format!(r#"{{"data":{BUCKET}}}"#)),
            },
        );
    let client = client(&server);
    let check = |bucket: &Bucket| {
        assert_eq!((bucket.key.as_str(), bucket.name.as_deref()), ("k", None));
        assert_eq!(
            (bucket.default, bucket.verify_ssl),
            (Some(true), Some(true))
        );
        assert_eq!(bucket.team.id.as_deref(), Some("7"));
        assert_eq!(bucket.messages_url.as_deref(), Some("m"));
        assert_eq!(
            bucket.auth_token.as_ref().map(AccessToken::expose),
            Some("s3cr3t-of-bucket")
        );
        assert!(!format!("{bucket:?}").contains("s3cr3t"));
    };
    let buckets = client.buckets().await.unwrap();
    check(&buckets[0]);
    assert_eq!(buckets[1].key, "l");
    check(&client.create_bucket("n", "7").await.unwrap());
    check(&client.bucket("k").await.unwrap());
    let received = server.received();
    assert_eq!(received[1].json(), json!({"name": "n", "team_id": "7"}));
    assert_eq!(received[2].target, "/buckets/k");
}

#[tokio::test]
async fn an_account_keeps_what_it_does_not_know() {
    let body = r#"{"data":{"name":"Ada","email":"ada@x.example","teams":[{"uuid":"u","name":"t"},{"id":"i","uuid":"u"}],"created_at":5}}"#;
    let account = client(&answering(200, body)).account().await.unwrap();
    assert_eq!(account.name.as_deref(), Some("Ada"));
    assert_eq!(account.teams[0].id.as_deref(), Some("u"));
    assert_eq!(account.teams[1].id.as_deref(), Some("i"));
    assert_eq!(account.other["created_at"], 5);
}

#[tokio::test]
async fn every_status_has_its_predicate() {
    // unauthorized, not found, rate limited, rejected
    for (status, expected) in [
        (302, [false, false, false, false]),
        (400, [false, false, false, true]),
        (401, [true, false, false, false]),
        (403, [true, false, false, false]),
        (404, [false, true, false, false]),
        (413, [false, false, false, true]),
        (422, [false, false, false, true]),
        (429, [false, false, true, false]),
        (500, [false, false, false, false]),
    ] {
        let server = answering(status, r#"{"error":{"message":"because s3cr3t-t0ken"}}"#);
        let error = post_one(&client(&server)).await;
        let found = [
            error.is_unauthorized(),
            error.is_not_found(),
            error.is_rate_limited(),
            error.is_rejected(),
        ];
        assert_eq!(found, expected, "{status}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.api_message(), Some("because [redacted]"));
        assert!(!error.is_decode() && !error.is_timeout() && !error.is_connect());
        assert!(client(&server).buckets().await.unwrap_err().status() == Some(status));
    }
}

#[tokio::test]
async fn a_wait_that_the_api_asks_for_is_told() {
    for (value, expected) in [
        ("7", Some(7)),
        ("-7", None),
        ("soon", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
    ] {
        let server = FakeServer::start(move |_, _| {
            Reply::with_headers(429, &format!("retry-after: {value}\r\n"), "{}")
        });
        let error = post_one(&client(&server)).await;
        assert_eq!(
            error.retry_after(),
            expected.map(Duration::from_secs),
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_success_that_is_not_the_apis_is_a_decode_error() {
    for body in ["<html>hello</html>", "", "{}", r#"{"data":"x"}"#] {
        let server = answering(200, body);
        let client = client(&server);
        assert!(post_one(&client).await.is_decode(), "{body}");
        let error = client.buckets().await.unwrap_err();
        assert!(error.is_decode(), "{body}");
        assert_eq!(error.status(), Some(200));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_sees_nothing() {
    for status in [301, 302, 307, 308] {
        let target = answering(200, "{}");
        let location = format!("location: {}/x?token=s3cr3t-t0ken\r\n", target.url());
        let server = FakeServer::start(move |_, _| Reply::with_headers(status, &location, ""));
        let error = post_one(&client(&server)).await;
        assert_eq!(error.status(), Some(status));
        let text = error.to_string();
        assert!(
            text.contains(&target.url()) && text.contains("redirect"),
            "{text}"
        );
        assert!(client(&server).account().await.is_err());
        assert!(target.received().is_empty());
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    let head = b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\n{";
    for mid_answer in [false, true] {
        let server = FakeServer::start(move |_, _| match mid_answer {
            false => Reply::Silence,
            true => Reply::Bytes(head.to_vec()),
        });
        let mut options = options(&server.url());
        options.timeout = Duration::from_millis(200);
        let start = Instant::now();
        let error = post_one(&Client::new(&options).unwrap()).await;
        assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
        assert!(error.to_string().contains("RUNSCOPE_TIMEOUT"), "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn an_answer_is_read_to_its_bound_and_the_connection_dropped() {
    for head in [
        "HTTP/1.1 200 x\r\n\r\n",
        "HTTP/1.1 200 x\r\ncontent-length: 10000000000\r\n\r\n",
        "HTTP/1.1 401 x\r\ncontent-length: 10000000000\r\n\r\n",
    ] {
        let server = FakeServer::start(move |_, _| Reply::Endless(head.as_bytes().to_vec()));
        let error = post_one(&client(&server)).await;
        assert_eq!(error.is_unauthorized(), head.contains("401"));
        assert_eq!(error.is_decode(), head.contains("200"));
        // The runtime has to go on meanwhile: it is what closes the connection.
        let hung_up = tokio::task::spawn_blocking(|| server.finish()).await;
        assert_eq!(hung_up.unwrap(), 1, "the server could write all of it");
    }
}

#[tokio::test]
async fn a_chunked_answer_is_put_together() {
    let server = FakeServer::start(|_, _| {
        let parts = [r#"{"data":[{"status":"suc"#, r#"cess","uuid":"1"}]}"#];
        let mut bytes = "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
        for part in parts {
            bytes += &format!("{:x}\r\n{part}\r\n", part.len());
        }
        Reply::Bytes((bytes + "0\r\n\r\n").into_bytes())
    });
    let receipt = client(&server)
        .create_messages(&[message("a")])
        .await
        .unwrap();
    assert_eq!(receipt.items[0].uuid.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_connection_that_breaks_mid_answer_is_an_error_unless_the_status_tells_all() {
    for (status, told) in [(200, None), (503, Some(503)), (401, Some(401))] {
        let server = FakeServer::start(move |_, _| {
            let bytes = format!("HTTP/1.1 {status} x\r\ncontent-length: 100\r\n\r\n{{");
            Reply::BytesThenClose(bytes.into_bytes())
        });
        let error = post_one(&client(&server)).await;
        assert_eq!(error.status(), told);
        assert!(
            !error.is_timeout() && !error.is_connect() && !error.is_decode(),
            "{error:?}"
        );
        assert_eq!(
            server.received().len(),
            1,
            "nothing is sent twice by itself"
        );
    }
    let server = FakeServer::start(|_, _| Reply::BytesThenClose(Vec::new()));
    let error = post_one(&client(&server)).await;
    assert!(error.to_string().contains("try again"), "{error}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(&options(&url)).unwrap();
    let error = post_one(&client).await;
    assert!(error.is_connect() && !error.is_timeout() && !error.is_dns());
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(error.source().is_some());
    assert_eq!(client.check().await.unwrap_err().stage(), Stage::Connect);
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_a_dns_error() {
    // A label longer than DNS allows is refused by the resolver itself, with or without a network.
    let mut options = options(&format!("http://{}.invalid", "x".repeat(70)));
    options.allow_plain_http = true;
    let client = Client::new(&options).unwrap();
    let error = post_one(&client).await;
    assert!(error.is_dns() && !error.is_connect(), "{error:?}");
    assert_eq!(client.check().await.unwrap_err().stage(), Stage::Dns);
}

#[test]
fn options_that_would_leak_or_not_work_are_refused() {
    let built = |url: &str, token: &str, bucket: &str| {
        Client::new(&ClientOptions::new(url.parse().unwrap(), token, bucket))
    };
    let error = built("http://api.example", TOKEN, "b").unwrap_err();
    assert!(error.is_plain_http());
    for (url, token, bucket) in [
        ("http://u:s3cr3t-t0ken@localhost", TOKEN, "b"),
        ("http://localhost/?t=s3cr3t-t0ken", TOKEN, "b"),
        ("ftp://localhost", TOKEN, "b"),
        ("http://localhost", "", "b"),
        ("http://localhost", "s3cr3t-t0ken\n", "b"),
        ("http://localhost", TOKEN, ".."),
        ("http://localhost", TOKEN, ""),
    ] {
        assert_no_secret(&built(url, token, bucket).unwrap_err());
    }
    built("http://localhost:1/prefix/", TOKEN, "b").unwrap();
}

#[test]
fn no_text_of_client_or_options_holds_the_token() {
    let options = options("http://u:s3cr3t-t0ken@localhost/?t=s3cr3t-t0ken");
    let text = format!("{options:?}");
    assert!(
        !text.contains(TOKEN) && text.contains("localhost"),
        "{text}"
    );
    let client = Client::new(&self::options("http://localhost")).unwrap();
    let text = format!("{client:?}");
    assert!(
        !text.contains(TOKEN) && text.contains("my bucket"),
        "{text}"
    );
}

#[tokio::test]
async fn a_check_sends_a_marked_message_and_reports_what_the_api_said() {
    let server = FakeServer::start(|_, request| stored(request));
    let report = client(&server).check().await.unwrap();
    assert_eq!(
        report.uuid,
        Some(format!("stored-{}", report.unique_identifier))
    );
    let body = server.received()[0].json();
    assert_eq!(
        body["request"]["url"],
        "https://runscope.example/connection-check"
    );
    assert_eq!(body["context"]["tags"]["runscope"], "connection-check");
}

#[tokio::test]
async fn a_check_names_the_stage_and_the_fix() {
    for (status, headers, body, stage, says) in [
        (
            401,
            "",
            r#"{"error":"no"}"#,
            Stage::Token,
            "RUNSCOPE_ACCESS_TOKEN",
        ),
        (403, "", "", Stage::Token, "RUNSCOPE_ACCESS_TOKEN"),
        (
            404,
            "",
            r#"{"error":"no"}"#,
            Stage::Bucket,
            "RUNSCOPE_BUCKET_KEY",
        ),
        (404, "", "<html>", Stage::Answer, "RUNSCOPE_API_ENDPOINT"),
        (200, "", "<html>", Stage::Answer, "a web page"),
        (200, "", "", Stage::Answer, "RUNSCOPE_API_ENDPOINT"),
        (200, "", r#"{"data":[]}"#, Stage::Answer, "no result"),
        (
            200,
            "",
            r#"{"data":{},"error":{"status":403}}"#,
            Stage::Token,
            "refused the token",
        ),
        (
            200,
            "",
            r#"{"data":[{"status":"error","error":"too odd"}]}"#,
            Stage::Item,
            "too odd",
        ),
        (
            302,
            "location: https://x.example/login?t=s3cr3t-t0ken\r\n",
            "",
            Stage::Answer,
            "https://x.example/login",
        ),
        (503, "", "", Stage::Answer, "try again later"),
        (405, "", "", Stage::Answer, "RUNSCOPE_API_ENDPOINT"),
    ] {
        let server = FakeServer::start(move |_, _| Reply::with_headers(status, headers, body));
        let error = client(&server).check().await.unwrap_err();
        assert_no_secret(&error);
        assert_eq!(error.stage(), stage, "{status} {body}: {error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_check_covers_the_building_of_the_client() {
    async fn check(options: ClientOptions) -> Result<(), runscope_core::client::CheckError> {
        Client::new(&options)?.check().await?;
        Ok(())
    }
    let error = check(options("http://api.example")).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Endpoint);
    assert!(error.to_string().contains("allow_plain_http"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_tls_an_https_endpoint_is_refused() {
    let error = Client::new(&options("https://localhost")).unwrap_err();
    assert!(error.is_tls(), "{error}");
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use std::path::Path;
    use support::certificates::Authority;

    fn client(server: &FakeServer, ca_file: &Path) -> Client {
        let mut options = options(&format!("https://localhost:{}", server.port()));
        options.ca_file = Some(ca_file.to_owned());
        Client::new(&options).unwrap()
    }

    #[tokio::test]
    async fn a_server_of_an_authority_in_ca_file_is_trusted() {
        let authority = Authority::new("trusted");
        let tls = authority.server("localhost", 2100);
        let server = FakeServer::start_tls(tls, |_, request| stored(request));
        let client = client(&server, authority.file());
        let receipt = client.create_messages(&[message("a")]).await.unwrap();
        assert_eq!(receipt.success_count, 1);
        client.check().await.unwrap();
        // It belongs to the host program, and nothing of ours has set it on the way.
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_right_is_refused_and_the_token_not_sent() {
        let known = Authority::new("known");
        let stranger = Authority::new("stranger");
        for (tls, says) in [
            (known.server("other.example", 2100), "for another host"),
            (known.server("localhost", 2001), "expired"),
            (stranger.server("localhost", 2100), "issuer is unknown"),
        ] {
            let server = FakeServer::start_tls(tls, |_, request| stored(request));
            let client = client(&server, known.file());
            let error = post_one(&client).await;
            assert!(error.is_tls() && !error.is_connect(), "{error:?}");
            assert!(error.to_string().contains(says), "{error}");
            let error = client.check().await.unwrap_err();
            assert_eq!(error.stage(), Stage::Tls);
            assert!(error.to_string().contains(says), "{error}");
            assert!(server.received().is_empty());
        }
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_is_told_as_such() {
        let authority = Authority::new("plain");
        let server = FakeServer::start(|_, _| Reply::json(200, "{}"));
        let garbage = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = garbage.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            use std::io::Write as _;
            let (mut socket, _) = garbage.accept().unwrap();
            socket
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .unwrap();
        });
        let mut options = options(&format!("https://127.0.0.1:{port}"));
        options.ca_file = Some(authority.file().to_owned());
        let error = post_one(&Client::new(&options).unwrap()).await;
        thread.join().unwrap();
        assert!(error.is_tls(), "{error:?}");
        assert!(server.received().is_empty());
    }

    #[test]
    fn a_ca_file_that_is_none_is_refused_by_name() {
        let empty = std::env::temp_dir().join(format!("runscope-{}-empty.pem", std::process::id()));
        std::fs::write(&empty, "no certificate in here").unwrap();
        for path in [Path::new("/does/not/exist.pem"), &empty] {
            let mut options = options("https://localhost");
            options.ca_file = Some(path.to_owned());
            let error = Client::new(&options).unwrap_err();
            assert!(error.is_tls());
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
        std::fs::remove_file(&empty).unwrap();
    }
}
