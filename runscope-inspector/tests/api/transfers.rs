//! Exports and imports.

use crate::support::{Server, message, success};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_exported_can_be_imported() {
    for format in ["ndjson", "har"] {
        let server = Server::start().await;
        let mut binary = message("binary", 200);
        binary["response"]["body"] = json!("/wA=");
        binary["response"]["body_encoding"] = json!("base64");
        let half = json!({ "unique_identifier": "half", "request": { "method": "GET", "url": "http://h/", "timestamp": 7.0 } });
        let form = json!({ "unique_identifier": "form", "request": { "method": "POST", "url": "http://h/", "timestamp": 8.0, "form": { "a": ["1", "2"] } }, "response": { "status": 204 } });
        let tagged = json!({ "unique_identifier": "tagged", "response": { "status": 200, "timestamp": 9.5, "size_bytes": 12 }, "context": { "tags": { "k": "v" }, "outcome": "complete" } });
        server
            .post_messages(&json!([message("a", 200), binary, half, form, tagged]))
            .await;
        let path = format!("/api/v1/buckets/default/export?format={format}");
        let export = server.request(Method::GET, &path).send().await.unwrap();
        assert!(
            export.headers()["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("attachment")
        );
        let export = export.text().await.unwrap();
        let other = Server::start().await;
        let path = format!("/api/v1/buckets/default/import?format={format}");
        let imported = success(
            other
                .request(Method::POST, &path)
                .body(export.clone())
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(imported["meta"]["success_count"], 5, "{imported}");
        let again = success(
            other
                .request(Method::POST, &path)
                .body(export)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(again["meta"]["success_count"], 5);
        let original = comparable(
            &server
                .get("/api/v1/buckets/default/search?bodies=true")
                .await,
        );
        let copy = comparable(
            &other
                .get("/api/v1/buckets/default/search?bodies=true")
                .await,
        );
        assert_eq!(copy.len(), 5);
        assert_eq!(copy, original, "{format}");
    }
}

#[tokio::test]
async fn what_comes_back_to_where_it_is_from_or_comes_twice_is_stored_once() {
    for format in ["ndjson", "har"] {
        let server = Server::start().await;
        let call = |path: &str| json!({ "request": { "method": "GET", "url": path, "timestamp": 7.0 }, "response": { "status": 200 } });
        let mut named = call("http://h/named");
        named["unique_identifier"] = json!("named");
        // The same call twice is two calls.
        let messages = json!([call("http://h/a"), call("http://h/a"), named]);
        server.post_messages(&messages).await;
        let path = format!("/api/v1/buckets/default/export?format={format}");
        let export = server.request(Method::GET, &path).send().await.unwrap();
        let export = export.text().await.unwrap();
        let import = async |server: &Server, key: &str| {
            let path = format!("/api/v1/buckets/{key}/import?format={format}");
            let request = server.request(Method::POST, &path).body(export.clone());
            let meta = success(request.send().await.unwrap()).await["meta"].take();
            let stored = server.get(&format!("/api/v1/buckets/{key}/search")).await;
            let count = |value: &Value| value.as_u64().unwrap();
            (
                count(&meta["success_count"]),
                count(&meta["duplicate_count"]),
                stored["meta"]["count"].as_u64().unwrap(),
            )
        };
        assert_eq!(import(&server, "default").await, (3, 3, 3), "{format}");
        let other = server.post("/buckets", &json!({ "name": "Other" })).await;
        let other = other["data"]["key"].as_str().unwrap();
        assert_eq!(import(&server, other).await, (3, 0, 3), "{format}");
        assert_eq!(import(&server, other).await, (3, 3, 3), "{format}");
        let elsewhere = Server::start().await;
        assert_eq!(import(&elsewhere, "default").await, (3, 0, 3), "{format}");
        assert_eq!(import(&elsewhere, "default").await, (3, 3, 3), "{format}");
        // What was cleared is not there, and comes back.
        let cleared = server.request(Method::DELETE, "/buckets/default/messages");
        assert!(cleared.send().await.unwrap().status().is_success());
        assert_eq!(import(&server, "default").await, (3, 0, 3), "{format}");
    }
}

/// Messages without what a second store gives anew, in the order of their identifiers.
fn comparable(answer: &Value) -> Vec<Value> {
    let mut messages = answer["data"].as_array().unwrap().clone();
    for message in &mut messages {
        message.as_object_mut().unwrap().remove("uuid");
    }
    messages.sort_by_key(|message| message["unique_identifier"].to_string());
    messages
}
