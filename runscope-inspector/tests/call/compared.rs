//! Two calls beside each other.

use crate::page;
use crate::support::{Server, message};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn two_calls_are_compared_by_structure_in_the_api_and_on_the_page() {
    let server = Server::start().await;
    let json_call = |id: &str, body: Value| {
        let mut message = message(id, 200);
        message["response"]["headers"] = json!({ "Content-Type": "application/json" });
        message["response"]["body"] = json!(body.to_string());
        message["request"]["body"] = json!("same");
        message
    };
    let uuids = server
        .post_messages(&json!([
            json_call("a", json!({ "id": 1, "tags": ["x", "y"] })),
            json_call("b", json!({ "tags": ["new", "x", "y"], "id": 2 })),
        ]))
        .await;
    let query = format!("a={}&b={}", uuids[0], uuids[1]);
    let answer = server
        .get(&format!("/api/v1/buckets/default/compare?{query}"))
        .await;
    assert_eq!(answer["meta"]["same"], false);
    assert_eq!(answer["data"]["request_headers"], json!([]));
    assert_eq!(answer["data"]["request_body"], json!({ "as": "same" }));
    assert_eq!(
        answer["data"]["response_body"],
        json!({
            "as": "json",
            "changes": [
                { "name": "$.id", "kind": "changed", "a": ["1"], "b": ["2"] },
                { "name": "$.tags[0]", "kind": "added", "a": [], "b": ["\"new\""] },
            ],
            "more": false,
        })
    );
    let same = server
        .get(&format!(
            "/api/v1/buckets/default/compare?a={0}&b={0}",
            uuids[0]
        ))
        .await;
    assert_eq!(same["meta"]["same"], true);
    let page = page(&server, &format!("/b/default/compare?{query}")).await;
    assert!(
        page.contains("$.tags[0]") && page.contains("<ins>&quot;new&quot;</ins>"),
        "{page}"
    );
    for bad in ["a=x&b=y", &format!("a={}", uuids[0])] {
        let answer = server
            .request(
                Method::GET,
                &format!("/api/v1/buckets/default/compare?{bad}"),
            )
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_client_error(), "{bad}");
    }
}
