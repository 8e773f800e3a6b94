//! Messages that are posted, read back and listed.

use crate::support::{Server, error, message, success};
use crate::{gzip, ids};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn one_message_and_an_array_are_answered_in_order() {
    let server = Server::start().await;
    let one = server
        .post("/buckets/default/messages", &message("a", 200))
        .await;
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    let bad = json!({ "unique_identifier": "bad", "request": { "method": "GET", "url": "" } });
    let many = server
        .post(
            "/buckets/default/messages",
            &json!([message("b", 500), bad, 7, message("a", 200)]),
        )
        .await;
    let data = many["data"].as_array().unwrap();
    let statuses: Vec<_> = data
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["success", "error", "error", "success"]);
    assert_eq!(data[1]["unique_identifier"], "bad");
    assert_eq!(data[1]["error"]["message"], "request.url must not be empty");
    assert_eq!(data[3]["uuid"], one["data"][0]["uuid"]);
    let meta = &many["meta"];
    assert_eq!(
        (
            &meta["success_count"],
            &meta["succcess_count"],
            &meta["error_count"]
        ),
        (&json!(2), &json!(2), &json!(2))
    );
    let listed = server.get("/buckets/default/messages").await;
    assert_eq!(ids(&listed), ["b", "a"]);
}

#[tokio::test]
async fn a_message_is_read_back_in_the_documented_form() {
    let server = Server::start().await;
    let uuid = &server.post_messages(&message("a", 404)).await[0];
    let whole = server
        .get(&format!("/buckets/default/messages/{uuid}"))
        .await;
    assert_eq!(
        whole["data"],
        json!({
            "uuid": uuid,
            "unique_identifier": "a",
            "request": {
                "method": "POST",
                "url": "https://shop.example/items?page=2&q=two+words",
                "scheme": "https",
                "host": "shop.example",
                "path": "/items",
                "params": { "page": ["2"], "q": ["two words"] },
                "headers": { "Accept": ["application/json"], "X-Many": ["1", "2"] },
                "form": {},
                "body": "a request a",
                "body_encoding": "plaintext",
                "timestamp": 1_795_341_600.5,
            },
            "response": {
                "status": 404,
                "reason": "Not Found",
                "headers": { "Content-Type": ["text/plain"] },
                "body": "an answer",
                "body_encoding": "plaintext",
                "response_time": 0.25,
                "timestamp": 1_795_341_600.75,
                "size_bytes": 9,
            },
        })
    );
    let listed = server.get("/buckets/default/messages").await;
    assert_eq!(listed["data"][0]["request"].get("body"), None);
    assert_eq!(listed["data"][0]["response"].get("body"), None);
    assert_eq!(listed["data"][0]["response"]["size_bytes"], 9);
}

#[tokio::test]
async fn lists_are_bounded_by_count_and_time() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..5)
        .map(|at| {
            let mut message = message(&at.to_string(), if at % 2 == 0 { 200 } else { 503 });
            message["request"]["timestamp"] = json!(1000.0 + f64::from(at));
            message
        })
        .collect();
    server.post_messages(&json!(messages)).await;
    for (path, expected) in [
        ("/buckets/default/messages?count=2", "4 3"),
        ("/buckets/default/messages?since=1003", "4 3"),
        ("/buckets/default/messages?before=1002", "1 0"),
        ("/buckets/default/messages?since=1001&before=1003", "2 1"),
        ("/buckets/default/errors", "3 1"),
        ("/buckets/default/errors?count=1", "3"),
    ] {
        assert_eq!(ids(&server.get(path).await).join(" "), expected, "{path}");
    }
    for query in ["count=0", "count=1001", "count=x", "since=x", "since=1e300"] {
        let path = format!("/buckets/default/messages?{query}");
        error(
            server.request(Method::GET, &path).send().await.unwrap(),
            400,
        )
        .await;
    }
}

/// Clients that send late, or in another order: messages are listed by arrival and bounded by their own
/// times, also where they arrived in one request or in several.
#[tokio::test]
async fn lists_are_in_the_order_of_arrival_whatever_the_times_of_messages() {
    let server = Server::start().await;
    let timed = |id: &str, at: f64| json!({ "unique_identifier": id, "request": { "method": "GET", "url": "/", "timestamp": at }, "response": { "status": 500, "timestamp": 9000.0 } });
    let first = json!([timed("late", 5000.0), timed("early", 1000.0)]);
    server.post_messages(&first).await;
    server.post_messages(&timed("middle", 3000.0)).await;
    let answer = json!({ "unique_identifier": "answer", "response": { "status": 500, "timestamp": 2000.0 } });
    server.post_messages(&answer).await;
    let timeless = json!({ "unique_identifier": "timeless", "response": { "status": 500 } });
    server.post_messages(&timeless).await;
    for (query, expected) in [
        ("", "timeless answer middle early late"),
        ("?count=1", "timeless"),
        ("?before=6000&count=1", "answer"),
        ("?before=6000", "answer middle early late"),
        ("?before=5000", "answer middle early"),
        ("?since=3000", "timeless middle late"),
        ("?since=3000&before=5000.5&count=1", "middle"),
        ("?since=1000&before=1000", ""),
        ("?since=8999&before=9001", ""),
        // What a client misses that goes on from the time of the last one that it has.
        ("?count=3&before=5000.5", "answer middle early"),
        ("?count=3&before=1000", ""),
    ] {
        for list in ["messages", "errors"] {
            let listed = server.get(&format!("/buckets/default/{list}{query}")).await;
            assert_eq!(ids(&listed).join(" "), expected, "{list}{query}");
        }
    }
    let described = server.get_json("/api/v1/openapi.json").await;
    let operation = &described["paths"]["/buckets/{key}/messages"]["get"];
    let told = operation.to_string();
    for part in [
        "arrived last",
        "in the order of arrival all the same",
        "else the response's",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn compressed_bodies_are_taken() {
    let server = Server::start().await;
    for (encoding, id) in [("gzip", "a"), ("zstd", "b"), ("identity", "c")] {
        let plain = message(id, 200).to_string().into_bytes();
        let body = match encoding {
            "gzip" => gzip(&plain),
            "zstd" => zstd::encode_all(plain.as_slice(), 3).unwrap(),
            _ => plain,
        };
        let request = server
            .request(Method::POST, "/buckets/default/messages")
            .header("content-encoding", encoding);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.headers()["accept-encoding"], "gzip, zstd");
        success(answer).await;
    }
    assert_eq!(
        ids(&server.get("/buckets/default/messages").await),
        ["c", "b", "a"]
    );
}
