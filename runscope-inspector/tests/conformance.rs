//! The documented messages API, path by path over a real socket, and this project's own client of it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::{Method, StatusCode};
use runscope_core::client::{Client, ClientOptions, ItemStatus, ListOptions};
use runscope_core::{Message, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};
use support::{Server, error, message};

const MESSAGES: &str = "/buckets/default/messages";

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Checks an answer's envelope and gives its data.
async fn data(server: &Server, method: Method, path: &str, body: Option<Value>) -> Value {
    let request = server.request(method, path);
    let request = match &body {
        Some(body) => request.json(body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let mut answer: Value = answer.json().await.unwrap();
    assert_eq!(
        keys(&answer),
        BTreeSet::from(["data", "error", "meta"]),
        "{path}"
    );
    assert_eq!(answer["meta"]["status"], "success");
    assert_eq!(answer["error"], Value::Null);
    answer["data"].take()
}

#[tokio::test]
async fn every_documented_path_answers_in_its_documented_form() {
    let server = Server::start().await;
    let get = async |path: &str| data(&server, Method::GET, path, None).await;

    let account = get("/account").await;
    assert!(keys(&account).is_superset(&BTreeSet::from(["email", "name", "teams", "uuid"])));
    let team = account["teams"][0]["id"].as_str().unwrap();

    let made = json!({ "name": "Shop", "team_id": team });
    let made = data(&server, Method::POST, "/buckets", Some(made)).await;
    let fields = [
        "auth_token",
        "default",
        "key",
        "name",
        "team",
        "verify_ssl",
        "trigger_url",
        "tests_url",
        "collections_url",
        "messages_url",
    ];
    assert_eq!(keys(&made), BTreeSet::from(fields));
    assert_eq!(
        (&made["name"], &made["default"]),
        (&json!("Shop"), &json!(false))
    );
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["messages_url"], format!("/buckets/{key}/messages"));
    assert_eq!(get("/buckets").await.as_array().unwrap().len(), 2);
    assert_eq!(get(&format!("/buckets/{key}")).await, made);

    let path = format!("/buckets/{key}/messages");
    let sent = json!([message("a", 200), message("b", 503), {}]);
    let answer = server
        .request(Method::POST, &path)
        .json(&sent)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    let meta = json!({ "status": "success", "success_count": 2, "succcess_count": 2, "warning_count": 0, "error_count": 1 });
    assert_eq!(answer["meta"], meta);
    for (result, (status, id)) in answer["data"].as_array().unwrap().iter().zip([
        ("success", json!("a")),
        ("success", json!("b")),
        ("error", Value::Null),
    ]) {
        assert_eq!(
            keys(result),
            BTreeSet::from(["error", "status", "unique_identifier", "uuid", "warning"])
        );
        assert_eq!(
            (&result["status"], &result["unique_identifier"]),
            (&json!(status), &id)
        );
        assert_eq!(result["uuid"].is_string(), status == "success");
    }
    let notice = &answer["data"][2]["error"];
    assert!(
        notice["code"].is_i64() && notice["message"].is_string(),
        "{notice}"
    );

    let listed = get(&format!(
        "{path}?count=10&since=1795341600&before=1795341601"
    ))
    .await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let request = [
        "form",
        "headers",
        "host",
        "method",
        "params",
        "path",
        "scheme",
        "timestamp",
        "url",
    ];
    assert_eq!(keys(&listed[0]["request"]), BTreeSet::from(request));
    let response = [
        "headers",
        "reason",
        "response_time",
        "size_bytes",
        "status",
        "timestamp",
    ];
    assert_eq!(keys(&listed[0]["response"]), BTreeSet::from(response));
    assert_eq!(listed[0]["unique_identifier"], "b");
    assert_eq!(
        listed[0]["request"]["params"],
        json!({ "page": ["2"], "q": ["two words"] })
    );
    assert_eq!(
        listed[0]["request"]["headers"]["Accept"],
        json!(["application/json"])
    );

    let failed = get(&format!("/buckets/{key}/errors?count=10")).await;
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert_eq!(failed[0]["response"]["status"], 503);

    let uuid = listed[0]["uuid"].as_str().unwrap();
    let whole = get(&format!("{path}/{uuid}")).await;
    assert_eq!(whole["response"]["body"], "an answer");
    assert_eq!(whole["response"]["size_bytes"], 9);

    let link = data(
        &server,
        Method::PUT,
        &format!("/buckets/{key}/shared/{uuid}"),
        None,
    )
    .await;
    assert!(link["public_url"].is_string(), "{link}");
    assert_eq!(
        get(&format!("/buckets/{key}/shared")).await[0]["uuid"],
        uuid
    );

    for path in [path.clone(), format!("/buckets/{key}")] {
        let answer = server.request(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.bytes().await.unwrap().len(), 0);
    }
    let gone = server.request(Method::GET, &path).send().await.unwrap();
    error(gone, 404).await;
    let default = server
        .request(Method::DELETE, "/buckets/default")
        .send()
        .await
        .unwrap();
    assert!(error(default, 400).await.contains("can't be deleted"));
}

#[tokio::test]
async fn every_documented_path_refuses_in_its_documented_form() {
    let server = Server::start().await;
    for (method, path, status) in [
        (Method::GET, "/buckets/none", 404),
        (Method::GET, "/buckets/none/messages", 404),
        (Method::GET, "/buckets/default/messages/none", 404),
        (Method::GET, "/buckets/default/messages?count=0", 400),
        (Method::GET, "/buckets/default/messages?count=1001", 400),
        (Method::GET, "/buckets/default/errors?since=yesterday", 400),
        (Method::GET, "/buckets/default/messages?since=1e300", 400),
        (Method::PUT, "/buckets/default/shared/none", 404),
        (Method::PATCH, "/account", 405),
        (Method::GET, "/buckets/%FF/messages", 400),
        (Method::GET, "/teams", 404),
    ] {
        let answer = server.request(method.clone(), path).send().await.unwrap();
        assert!(!error(answer, status).await.is_empty(), "{method} {path}");
        let bare = server.bare(method.clone(), path).send().await.unwrap();
        let expected = if matches!(path, "/teams") || method == Method::PATCH {
            status
        } else {
            401
        };
        assert_eq!(bare.status(), expected, "{method} {path}");
    }
    for (content_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "", 400),
        ("text/plain", "{}", 415),
    ] {
        let request = server
            .request(Method::POST, MESSAGES)
            .header("content-type", content_type);
        error(request.body(body).send().await.unwrap(), status).await;
    }
}

#[tokio::test]
async fn the_projects_own_client_works_with_only_the_base_url_changed() {
    let server = Server::start().await;
    let endpoint = format!("http://{}", server.address).parse().unwrap();
    let client = Client::new(&ClientOptions::new(
        endpoint,
        server.token.as_str(),
        "default",
    ))
    .unwrap();

    client.check().await.unwrap();
    let team = client.account().await.unwrap().teams[0].id.clone().unwrap();
    let bucket = client.create_bucket("Shop", &team).await.unwrap();
    assert_eq!(
        client.bucket(&bucket.key).await.unwrap().name.as_deref(),
        Some("Shop")
    );
    assert_eq!(client.buckets().await.unwrap().len(), 2);

    let client = client.for_bucket(&bucket.key);
    let at = |seconds: u32| {
        let time = 1_795_341_600.0 + f64::from(seconds);
        Message::new()
            .unique_identifier(format!("m{seconds}"))
            .request(
                Request::new("POST", "https://shop.example/items?page=2")
                    .header("accept", "*/*")
                    .body([0xff, 0])
                    .timestamp(time),
            )
            .response(
                Response::new(if seconds == 2 { 500 } else { 200 })
                    .body("[]")
                    .response_time(0.5),
            )
    };
    let receipt = client
        .create_messages(&(0..4).map(at).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!((receipt.success_count, receipt.error_count), (4, 0));
    assert!(
        receipt
            .items
            .iter()
            .all(|item| item.status == ItemStatus::Success)
    );
    let broken = client
        .create_messages(&[at(9), Message::new()])
        .await
        .unwrap();
    assert_eq!((broken.success_count, broken.error_count), (1, 1));

    let listed = client
        .list_messages(ListOptions::new().count(2))
        .await
        .unwrap();
    let ids: Vec<_> = listed
        .iter()
        .filter_map(|message| message.unique_identifier.as_deref())
        .collect();
    assert_eq!(ids, ["m9", "m3"]);
    let since = UNIX_EPOCH + Duration::from_secs(1_795_341_601);
    let between = ListOptions::new()
        .since(since)
        .before(since + Duration::from_secs(2));
    assert_eq!(client.list_messages(between).await.unwrap().len(), 2);
    let failed = client.list_errors(ListOptions::new()).await.unwrap();
    assert_eq!(failed[0].response.as_ref().unwrap().status, 500);

    let uuid = failed[0].uuid.as_deref().unwrap();
    let whole = client.message(uuid).await.unwrap();
    assert_eq!(
        whole.request.unwrap().body_bytes().unwrap().unwrap(),
        [0xff, 0]
    );
    assert!(client.message("none").await.unwrap_err().is_not_found());

    client.clear_messages().await.unwrap();
    assert!(
        client
            .list_messages(ListOptions::new())
            .await
            .unwrap()
            .is_empty()
    );
    client.delete_bucket(&bucket.key).await.unwrap();
    assert!(client.bucket(&bucket.key).await.unwrap_err().is_not_found());

    let endpoint = format!("http://{}", server.address).parse().unwrap();
    let stranger = Client::new(&ClientOptions::new(
        endpoint,
        "a-token-of-nobody",
        "default",
    ))
    .unwrap();
    assert!(stranger.account().await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn every_described_operation_is_there_and_asks_for_the_token_it_says() {
    let server = Server::start().await;
    let answer = server
        .bare(Method::GET, "/api/v1/openapi.json")
        .send()
        .await
        .unwrap();
    let description: Value = answer.json().await.unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    for (template, operations) in description["paths"].as_object().unwrap() {
        let path = template.replace("{key}", "default").replace(['{', '}'], "");
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = server.bare(method.clone(), &path).send().await.unwrap();
            let status = answer.status().as_u16().to_string();
            assert!(
                operation["responses"].get(&status).is_some(),
                "{method} {path}: {status}"
            );
            let asks = operation["security"] != json!([]);
            assert_eq!(asks && status == "401", asks, "{method} {path}: {status}");
            if operation["responses"].get("404").is_none() {
                assert!(!matches!(status.as_str(), "404" | "405"), "{method} {path}");
            }
            let strange = server.request(Method::PATCH, &path).send().await.unwrap();
            error(strange, 405).await;
        }
    }
}
