#[path = "../../tests/support/mod.rs"]
mod support;

use super::*;
use crate::client::mark::{MARK_HEADER, process_mark};
use crate::client::transport_error::TransportErrorKind;
use std::time::Duration;
use support::{FakeServer, Reply};

fn client(server: &FakeServer) -> Client {
    let mut options = ClientOptions::new(server.url().parse().unwrap(), "of-the-client", "own");
    options.timeout = Duration::from_secs(30);
    Client::new(&options).unwrap()
}

async fn post(server: &FakeServer) -> RawAnswer {
    let token = AccessToken::from("of-the-lane");
    let body = Posted::Plain(Bytes::from_static(b"[1]"));
    client(server)
        .post_raw(&token, "other", body)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_raw_post_sends_the_bytes_as_they_are_with_the_token_and_bucket_given() {
    let server = FakeServer::start(|_, _| Reply::json(200, "{}"));
    post(&server).await;
    let request = server.received().pop().unwrap();
    assert_eq!(request.target, "/buckets/other/messages");
    assert_eq!(request.body, b"[1]");
    assert_eq!(request.header("authorization"), Some("Bearer of-the-lane"));
    assert_eq!(request.header(MARK_HEADER), Some(process_mark()));
}

#[tokio::test]
async fn a_raw_answer_is_handed_back_whatever_its_status() {
    for status in [200, 302, 401, 429, 503] {
        let server = FakeServer::start(move |_, _| {
            Reply::with_headers(status, "retry-after: in a while\r\n", "not of-the-lane")
        });
        let answer = post(&server).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.retry_after.as_deref(), Some(&b"in a while"[..]));
        assert_eq!(answer.body, b"not [redacted]");
        assert!(!answer.truncated);
    }
}

#[tokio::test]
async fn a_raw_answer_is_cut_only_past_its_bound() {
    for (length, truncated) in [
        (ANSWER_LIMIT - 1, false),
        (ANSWER_LIMIT, false),
        (ANSWER_LIMIT + 1, true),
        (ANSWER_LIMIT * 4, true),
    ] {
        let server = FakeServer::start(move |_, _| Reply::json(200, &"x".repeat(length)));
        let answer = post(&server).await;
        assert_eq!(answer.body.len(), length.min(ANSWER_LIMIT));
        assert_eq!(answer.truncated, truncated, "{length}");
    }
}

#[tokio::test]
async fn what_can_not_be_sent_is_a_request_error_and_nothing_is_sent() {
    let server = FakeServer::start(|_, _| Reply::json(200, "{}"));
    let client = client(&server);
    for (token, bucket) in [("", "b"), ("line\nbreak", "b"), ("t", ".."), ("t", "")] {
        let token = AccessToken::from(token);
        let error = client
            .post_raw(&token, bucket, Posted::Plain(Bytes::new()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request);
        assert!(!error.to_string().contains("break"), "{error}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn connections_are_kept_while_they_are_wanted() {
    let server = FakeServer::start(|_, _| Reply::json(200, "{}"));
    let mut options = ClientOptions::new(server.url().parse().unwrap(), "t", "b");
    options.keepalive = Duration::from_secs(60);
    let client = Client::new(&options).unwrap();
    for _ in 0..3 {
        client
            .post_raw(client.token(), "b", Posted::Plain(Bytes::new()))
            .await
            .unwrap();
    }
    assert_eq!(server.connections(), 1);
}
