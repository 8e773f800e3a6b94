//! Searches, and the live tail.

use crate::ids;
use crate::support::{Server, message};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_search_pages_and_counts() {
    let server = Server::start().await;
    let messages: Vec<_> = (0..7)
        .map(|at| message(&at.to_string(), if at == 3 { 500 } else { 200 }))
        .collect();
    server.post_messages(&json!(messages)).await;
    let first = server
        .get("/api/v1/buckets/default/search?q=answer%20status:2xx&limit=4")
        .await;
    assert_eq!(ids(&first), ["6", "5", "4", "2"]);
    assert_eq!(
        (&first["meta"]["count"], &first["meta"]["count_is_exact"]),
        (&json!(6), &json!(true))
    );
    let next = first["meta"]["next"].as_i64().unwrap();
    let second = server
        .get(&format!(
            "/api/v1/buckets/default/search?q=answer%20status:2xx&cursor={next}&bodies=true"
        ))
        .await;
    assert_eq!(ids(&second), ["1", "0"]);
    assert_eq!(second["meta"]["next"], Value::Null);
    assert_eq!(second["data"][0]["response"]["body"], "an answer");
    let facets = server.get("/api/v1/buckets/default/facets").await;
    assert_eq!(
        facets["data"]["status"],
        json!([{ "value": "200", "count": 6 }, { "value": "500", "count": 1 }])
    );
    let histogram = server
        .get("/api/v1/buckets/default/histogram?step=3600")
        .await;
    assert_eq!(
        (&histogram["data"][0]["2xx"], &histogram["data"][0]["5xx"]),
        (&json!(6), &json!(1))
    );
    let summary = server
        .get("/api/v1/buckets/default/summary?q=time:%3E100ms")
        .await;
    assert_eq!(summary["data"][0]["errors"], 1);
    let p50 = summary["data"][0]["p50"].as_f64().unwrap();
    assert!((p50 / 0.25 - 1.0).abs() < 1.0 / 16.0, "{p50}");
    assert_eq!(server.get("/api/v1/stats").await["data"]["exchanges"], 7);
}

#[tokio::test]
async fn the_live_tail_shows_what_matches_and_comes_back_where_it_was() {
    let server = Server::start().await;
    server.post_messages(&message("before", 500)).await;
    let path = "/api/v1/buckets/default/tail?q=status:5xx";
    let mut tail = Events::new(server.request(Method::GET, path).send().await.unwrap());
    assert_eq!(tail.next().await.0, "ready");
    server
        .post_messages(&json!([
            message("a", 500),
            message("b", 200),
            message("c", 503)
        ]))
        .await;
    let (event, id, data) = tail.next().await;
    assert_eq!(
        (event.as_str(), &data["unique_identifier"]),
        ("exchange", &json!("a"))
    );
    assert_eq!(tail.next().await.2["unique_identifier"], "c");
    let mut again = Events::new(
        server
            .request(Method::GET, path)
            .header("last-event-id", id)
            .send()
            .await
            .unwrap(),
    );
    assert_eq!(again.next().await.0, "ready");
    assert_eq!(again.next().await.2["unique_identifier"], "c");
    let half = json!({ "unique_identifier": "half", "request": { "method": "GET", "url": "/" } });
    let other = json!({ "unique_identifier": "half", "response": { "status": 500 } });
    server.post_messages(&half).await;
    server.post_messages(&message("d", 500)).await;
    assert_eq!(again.next().await.2["unique_identifier"], "d");
    server.post_messages(&other).await;
    let (event, _, data) = again.next().await;
    assert_eq!(
        (event.as_str(), &data["response"]["status"]),
        ("update", &json!(500))
    );
    server.state.close();
    assert!(tail.ended().await && again.ended().await);
    server.stop().await;
}

#[tokio::test]
async fn a_search_tells_where_its_words_stand_if_it_is_asked() {
    let server = Server::start().await;
    let mut tagged = message("a", 200);
    tagged["context"] = json!({ "tags": { "region": "eu" } });
    server
        .post_messages(&json!([tagged, message("b", 500)]))
        .await;
    let search = async |query: &str| {
        let path = format!("/api/v1/buckets/default/search?{query}");
        server.get(&path).await["data"].take()
    };
    let found = search("q=tag:eu+answer&highlight=true").await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        found[0]["highlights"],
        json!([
            { "slot": "tag.region", "text": "region eu", "ranges": [[7, 9]], "offset": 0, "more": false },
            { "slot": "response.body", "text": "an answer", "ranges": [[3, 9]], "offset": 0, "more": false },
        ])
    );
    assert!(found[0]["response"].get("body").is_none(), "{found}");
    let found = search("q=status:500&highlight=true&bodies=true").await;
    assert_eq!(found[0]["highlights"], json!([]));
    assert_eq!(found[0]["response"]["body"], "an answer");
    assert!(search("q=tag:eu").await[0].get("highlights").is_none());
    assert_eq!(search("q=tag:e*").await.as_array().unwrap().len(), 1);
    assert_eq!(search("q=tag:/u/").await.as_array().unwrap().len(), 1);
    assert_eq!(search("q=tag:us").await, json!([]));
}

/// Server-sent events, one after the other.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    fn new(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event's name, id and data.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let found = event
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_default().to_owned()
                };
                let data = serde_json::from_str(&field("data")).unwrap();
                let event = (field("event"), field("id"), data);
                self.text = rest.to_owned();
                return event;
            }
            let chunk = self.response.chunk().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Whether the stream ends once all that was sent is read.
    async fn ended(&mut self) -> bool {
        let rest = async { while self.response.chunk().await.unwrap().is_some() {} };
        tokio::time::timeout(Duration::from_secs(10), rest)
            .await
            .is_ok()
    }
}
