//! What is refused, and in which form.

use crate::gzip;
use crate::support::{Server, error, message};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_415_names_the_codings_where_it_is_about_them_and_nowhere_else() {
    let server = Server::start().await;
    for (header, value, named) in [
        ("content-encoding", "br", Some("gzip, zstd")),
        ("content-encoding", "gzip, gzip", Some("gzip, zstd")),
        ("content-type", "text/plain", None),
    ] {
        let request = server.request(Method::POST, "/buckets/default/messages");
        let request = request.header(header, value).body("[]");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 415, "{value}");
        let codings = answer.headers().get("accept-encoding");
        let codings = codings.map(|codings| codings.to_str().unwrap());
        assert_eq!(codings, named, "{value}");
    }
}

#[tokio::test]
async fn every_error_wears_the_envelope() {
    let server = Server::start().await;
    let messages = "/buckets/default/messages";
    let post = || server.request(Method::POST, messages);
    for (request, status, part) in [
        (
            server.request(Method::GET, "/nothing"),
            404,
            "nothing at this path",
        ),
        (
            server.request(Method::GET, "/buckets/nope/messages"),
            404,
            "no bucket",
        ),
        (
            server.request(Method::GET, "/buckets/default/messages/nope"),
            404,
            "no message",
        ),
        (
            server.request(Method::GET, "/buckets/default/messages/..%2f..%2ftoken"),
            404,
            "no message",
        ),
        (server.request(Method::PATCH, messages), 405, "method"),
        (
            post().header("content-type", "text/plain").body("{}"),
            415,
            "application/json",
        ),
        (
            post().header("content-encoding", "br").json(&json!({})),
            415,
            "gzip, zstd",
        ),
        (post().body("{\"request\":"), 400, "not valid JSON"),
        (post().body(""), 400, "not valid JSON"),
        // In what is no field of a message, too.
        (
            post().body(b"[{\"response\":{\"status\":204},\"x\":\"\xff\"}]".to_vec()),
            400,
            "not valid JSON: invalid utf-8",
        ),
        (post().body("[{}, {}"), 400, "not valid JSON"),
        (post().body("[{}, {}]x"), 400, "not valid JSON"),
        // One coding upon another.
        (
            post()
                .header("content-encoding", "identity")
                .header("content-encoding", "gzip")
                .body("[]"),
            415,
            "gzip, zstd",
        ),
        (
            post().header("content-encoding", "gzip\u{e9}").body("[]"),
            415,
            "gzip, zstd",
        ),
        (
            post().header("content-encoding", "gzip").body("not gzip"),
            400,
            "can't be decoded",
        ),
        (
            server.request(Method::POST, "/buckets").body("{}"),
            400,
            "not a bucket: name is missing",
        ),
        (
            server
                .request(Method::POST, "/buckets")
                .body(r#"{"name":" "}"#),
            400,
            "name and team_id",
        ),
        (
            server.request(Method::GET, "/api/v1/buckets/default/search?q=a%20staus:5"),
            400,
            "at character 3",
        ),
        (
            server.request(Method::GET, "/api/v1/buckets/default/search?deadline=31"),
            400,
            "deadline",
        ),
    ] {
        let message = error(request.send().await.unwrap(), status).await;
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_message_that_can_not_be_read_is_told_which_field_is_wrong() {
    let server = Server::start().await;
    let sent = json!([
        { "request": 5 },
        { "response": { "status": "x" } },
        { "request": { "method": "GET", "url": "/", "headers": { "Accept": { "a": 1 } } } },
        { "request": { "method": "GET", "url": "/" } },
    ]);
    let answer = server.post("/buckets/default/messages", &sent).await;
    assert_eq!(answer["meta"]["success_count"], 1);
    for (at, expected) in [
        "not a message: request must be an object, not the number 5",
        "not a message: response.status must be a whole number, not the string \"x\"",
        "not a message: request.headers.Accept must be a string or an array of strings, not an object",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(answer["data"][at]["error"]["message"], expected);
    }
}

#[tokio::test]
async fn a_parameter_that_is_mistyped_is_not_left_out_in_silence() {
    let server = Server::start().await;
    server.post_messages(&json!([message("a", 200)])).await;
    let search = "/api/v1/buckets/default/search";
    for (method, path, parts) in [
        (
            Method::GET,
            format!("{search}?serach=status:500"),
            &[
                "no parameter \"serach\" here",
                "this path takes q, deadline, cursor, limit",
            ][..],
        ),
        (
            Method::GET,
            format!("{search}?q=&limt=1"),
            &["did you mean limit?"],
        ),
        (
            Method::GET,
            "/api/v1/stats?q=a".to_owned(),
            &["this path takes none"],
        ),
        (
            Method::POST,
            "/api/v1/buckets/default/import?fromat=har".to_owned(),
            &["did you mean format?"],
        ),
        (
            Method::GET,
            "/api/v1/alerts?severity=critical".to_owned(),
            &["no parameter \"severity\""],
        ),
        (
            Method::GET,
            "/buckets/default/messages?count=abc".to_owned(),
            &["count must be a whole number from 1 to 1000"],
        ),
        (
            Method::GET,
            format!("{search}?limit=many"),
            &["limit must be a whole number from 0 to 1000"],
        ),
    ] {
        let refused = server.request(method.clone(), &path).send().await.unwrap();
        let message = error(refused, 400).await;
        for part in parts {
            assert!(message.contains(part), "{path}: {message}");
        }
        // Who may not ask at all learns that, and nothing else.
        let bare = server.bare(method, &path).send().await.unwrap();
        error(bare, 401).await;
    }
    // Clients of the original may send what this server has no use for.
    for path in [
        "/buckets?page=2",
        "/buckets/default/messages?count=1&verbose=1",
        "/account?x",
    ] {
        server.get(path).await;
    }
}

#[tokio::test]
async fn sizes_over_a_limit_are_refused_by_its_name() {
    let server = Server::start_with(|config| {
        config.limits.body = 20_000;
        config.limits.messages = 3;
        config.limits.headers = 5;
    })
    .await;
    let path = "/buckets/default/messages";
    let large = message(&"x".repeat(100), 200).to_string() + &" ".repeat(20_000);
    let refused = server
        .request(Method::POST, path)
        .body(large.clone())
        .send()
        .await
        .unwrap();
    assert!(error(refused, 413).await.contains("20000 bytes"));
    let chunks = large
        .clone()
        .into_bytes()
        .chunks(1000)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let refused = server
        .request(Method::POST, path)
        .body(streamed)
        .send()
        .await
        .unwrap();
    assert!(error(refused, 413).await.contains("20000 bytes"));
    for (encoding, bomb) in [
        ("gzip", gzip(&[b' '; 2_000_000])),
        ("zstd", zstd::encode_all(&[b' '; 2_000_000][..], 3).unwrap()),
    ] {
        assert!(bomb.len() < 20_000);
        let refused = server
            .request(Method::POST, path)
            .header("content-encoding", encoding)
            .body(bomb)
            .send()
            .await
            .unwrap();
        assert!(
            error(refused, 413).await.contains("20000 bytes"),
            "{encoding}"
        );
    }
    let array = json!(vec![message("a", 200); 4]);
    let refused = server
        .request(Method::POST, path)
        .json(&array)
        .send()
        .await
        .unwrap();
    assert!(error(refused, 400).await.contains("limit of 3 messages"));
    let mut headers = message("a", 200);
    headers["request"]["headers"] = (0..6)
        .map(|at| (format!("x-{at}"), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let answer = server.post(path, &headers).await;
    assert_eq!(
        answer["data"][0]["error"]["message"],
        "request.headers are over the limit of 5"
    );
}
