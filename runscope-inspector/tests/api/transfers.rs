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

/// Messages without what a second store gives anew, in the order of their identifiers.
fn comparable(answer: &Value) -> Vec<Value> {
    let mut messages = answer["data"].as_array().unwrap().clone();
    for message in &mut messages {
        message.as_object_mut().unwrap().remove("uuid");
    }
    messages.sort_by_key(|message| message["unique_identifier"].to_string());
    messages
}
