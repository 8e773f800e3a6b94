//! A server on a port of its own, and a client for it.

// Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]

pub mod browser;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use runscope_inspector::api::{AppState, Config, Token, app};
use runscope_inspector::serve::{Bounds, serve_within};
use runscope_inspector::store::{Settings, Sqlite};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub struct Server {
    pub address: SocketAddr,
    pub token: String,
    pub state: AppState,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    _directory: TempDir,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_within(Bounds::default(), change).await
    }

    pub async fn start_within(bounds: Bounds, change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(Settings::new(directory.path())).unwrap();
        let token = Token::random();
        let mut config = Config::new(token.clone());
        change(&mut config);
        let state = AppState::new(config, Arc::new(store));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = serve_within(listener, app(state.clone()), bounds, async {
            let _ = stopped.await;
        });
        Self {
            address,
            token: token.reveal().to_owned(),
            state,
            client: reqwest::Client::new(),
            stop: Some(stop),
            task: tokio::spawn(served),
            _directory: directory,
        }
    }

    /// A request without a token.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    /// A request of the owner.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    /// Signs in by the printed link and gives the cookie as a browser would send it.
    pub async fn sign_in(&self) -> String {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let link = format!("http://{}/open?token={}", self.address, self.token);
        let answer = client.get(link).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split_once(';').unwrap().0.to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        success(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// What is JSON without the API's envelope.
    pub async fn get_json(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// What Prometheus is given.
    pub async fn metrics(&self) -> String {
        let answer = self.request(Method::GET, "/metrics").send().await.unwrap();
        answer.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        success(
            self.request(Method::POST, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Posts messages to the default bucket and gives their uuids.
    pub async fn post_messages(&self, messages: &Value) -> Vec<String> {
        let answer = self.post("/buckets/default/messages", messages).await;
        let results = answer["data"].as_array().unwrap();
        results
            .iter()
            .map(|result| result["uuid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Stops the server and waits for its end.
    pub async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub async fn success(response: Response) -> Value {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["meta"]["status"], "success");
    assert_eq!(body["error"], Value::Null);
    body
}

/// Checks that every posted message was stored.
pub async fn success_of_messages(response: Response) {
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["meta"]["error_count"], 0, "{body}");
}

/// Checks that an answer is an error in the API's own form, and gives its message.
pub async fn error(response: Response, status: u16) -> String {
    assert_eq!(response.headers()["content-type"], "application/json");
    let found = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(found.as_u16(), status, "{body}");
    assert_eq!(body["meta"], json!({ "status": "error" }));
    assert_eq!(body["data"], json!({}));
    assert_eq!(body["error"]["status"], status);
    body["error"]["message"].as_str().unwrap().to_owned()
}

/// A whole exchange with an identifier.
pub fn message(id: &str, status: u16) -> Value {
    json!({
        "unique_identifier": id,
        "request": {
            "method": "POST",
            "url": "https://shop.example/items?page=2&q=two+words",
            "headers": { "Accept": "application/json", "X-Many": ["1", "2"] },
            "body": format!("a request {id}"),
            "timestamp": 1_795_341_600.5,
        },
        "response": {
            "status": status,
            "headers": { "Content-Type": "text/plain" },
            "body": "an answer",
            "response_time": 0.25,
            "timestamp": 1_795_341_600.75,
        },
    })
}
