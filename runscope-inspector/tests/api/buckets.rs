//! Buckets, shared messages and tokens.

use crate::support::{Server, error, message, success};
use crate::{ids, nothing};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_bucket_is_made_cleared_and_deleted() {
    let server = Server::start().await;
    let made = server
        .post("/buckets", &json!({ "name": "Shop", "team_id": "t-1" }))
        .await;
    let key = made["data"]["key"].as_str().unwrap();
    assert_eq!(made["data"]["team"], json!({ "id": "t-1", "name": "t-1" }));
    assert_eq!(made["data"]["default"], false);
    assert_eq!(
        server.get(&format!("/buckets/{key}")).await["data"],
        made["data"]
    );
    assert_eq!(
        server.get("/buckets").await["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    server
        .post(&format!("/buckets/{key}/messages"), &message("a", 200))
        .await;
    server.post_messages(&message("a", 200)).await;
    let path = format!("/buckets/{key}/messages");
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    assert_eq!(server.get(&path).await["data"], json!([]));
    assert_eq!(ids(&server.get("/buckets/default/messages").await), ["a"]);
    nothing(
        &server
            .request(Method::DELETE, &format!("/buckets/{key}"))
            .send()
            .await
            .unwrap(),
    );
    error(
        server.request(Method::GET, &path).send().await.unwrap(),
        404,
    )
    .await;
    let default = server
        .request(Method::DELETE, "/buckets/default")
        .send()
        .await
        .unwrap();
    assert!(error(default, 400).await.contains("default bucket"));
    let account = server.get("/account").await;
    assert!(account["data"]["teams"].is_array());
}

#[tokio::test]
async fn a_shared_message_is_read_without_a_token_until_it_is_not() {
    let server =
        Server::start_with(|config| config.base_url = "https://inspector.example".to_owned()).await;
    let uuids = server
        .post_messages(&json!([message("a", 200), message("b", 200)]))
        .await;
    let path = format!("/buckets/default/shared/{}", uuids[0]);
    let shared = success(server.request(Method::PUT, &path).send().await.unwrap()).await;
    let link = |name: &str| {
        let link = shared["data"][name].as_str().unwrap();
        link.strip_prefix("https://inspector.example").unwrap()
    };
    let page = link("public_url");
    let page = server.bare(Method::GET, page).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("a request a"));
    let link = link("public_api_url");
    let read = success(server.bare(Method::GET, link).send().await.unwrap()).await;
    assert_eq!(read["data"]["request"]["body"], "a request a");
    assert_eq!(ids(&server.get("/buckets/default/shared").await), ["a"]);
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    error(server.bare(Method::GET, link).send().await.unwrap(), 404).await;
    let other = "/buckets/default/shared/00000000-0000-8000-8000-000000000000";
    error(
        server.request(Method::PUT, other).send().await.unwrap(),
        404,
    )
    .await;
}

#[tokio::test]
async fn tokens_open_what_they_are_for_and_nothing_else() {
    let server = Server::start().await;
    let other = server.post("/buckets", &json!({ "name": "other" })).await;
    let other = other["data"]["key"].as_str().unwrap().to_owned();
    let tokens = "/api/v1/buckets/default/tokens";
    let read = server.post(tokens, &json!({ "scope": "read" })).await["data"].clone();
    let write = json!({ "scope": "write", "name": " check-out " });
    let write = server.post(tokens, &write).await["data"].clone();
    let listed = server.get(tokens).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let names = [&listed["data"][0]["name"], &listed["data"][1]["name"]];
    assert_eq!(names, [&Value::Null, &json!("check-out")]);
    for name in ["", "  ", &"x".repeat(201)] {
        let refused = server.request(Method::POST, tokens);
        let refused = refused.json(&json!({ "scope": "read", "name": name }));
        let message = error(refused.send().await.unwrap(), 400).await;
        assert!(message.contains("name must have 1 to 200"), "{message}");
    }
    assert!(!listed.to_string().contains(read["token"].as_str().unwrap()));
    let body = message("a", 200);
    for (method, path, reader, writer) in [
        (Method::GET, "/buckets/default/messages", 200, 403),
        (Method::POST, "/buckets/default/messages", 403, 200),
        (Method::DELETE, "/buckets/default/messages", 403, 403),
        (Method::GET, "/buckets/default", 200, 403),
        (Method::DELETE, "/buckets/default", 403, 403),
        (Method::GET, "/buckets", 403, 403),
        (Method::POST, "/buckets", 403, 403),
        (Method::GET, "/account", 403, 403),
        (Method::GET, "/api/v1/stats", 403, 403),
        (Method::GET, tokens, 403, 403),
        (Method::POST, tokens, 403, 403),
        (Method::GET, "/api/v1/buckets/default/search", 200, 403),
        (Method::GET, "/api/v1/buckets/default/export", 200, 403),
        (Method::POST, "/api/v1/buckets/default/import", 403, 200),
        (Method::GET, &format!("/buckets/{other}/messages"), 403, 403),
        (
            Method::POST,
            &format!("/buckets/{other}/messages"),
            403,
            403,
        ),
        (Method::GET, "/buckets/nope/messages", 403, 403),
    ] {
        for (token, expected) in [(&read, reader), (&write, writer)] {
            let request = server
                .bare(method.clone(), path)
                .bearer_auth(token["token"].as_str().unwrap());
            let status = request.json(&body).send().await.unwrap().status();
            assert_eq!(
                status.as_u16(),
                expected,
                "{method} {path} {}",
                token["scope"]
            );
        }
        for request in [
            server.bare(method.clone(), path),
            server.bare(method.clone(), path).bearer_auth("wrong"),
        ] {
            error(request.json(&body).send().await.unwrap(), 401).await;
        }
    }
    let path = format!("{tokens}/{}", read["id"]);
    nothing(&server.request(Method::DELETE, &path).send().await.unwrap());
    let request = server
        .bare(Method::GET, "/buckets/default/messages")
        .bearer_auth(read["token"].as_str().unwrap());
    error(request.send().await.unwrap(), 401).await;
}
