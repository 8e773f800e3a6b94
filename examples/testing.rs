//! How to assert on captured exchanges in your own tests: `cargo run --example testing`.
//!
//! A `MemorySink` takes the API's place: the same encoder, the same redaction, no account.

use axum::Json;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use runscope::{Config, MemorySink, Recorder, RunscopeLayer};
use serde_json::Value;
use std::error::Error;
use std::time::Duration;
use tower::ServiceExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sink = MemorySink::new();
    let config = Config::builder()
        .log_body(true)
        .sink(sink.clone())
        .build()?;
    let (recorder, _guard) = Recorder::start(config)?;
    let app = axum::Router::new()
        .route(
            "/login",
            post(async |_: Json<Value>| StatusCode::UNAUTHORIZED),
        )
        .layer(RunscopeLayer::new(&recorder));

    let request = Request::post("/login?attempt=1")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"user":"ada","password":"hunter2"}"#))?;
    let response = app.oneshot(request).await?;
    // An exchange ends with the response's body: here it is dropped unread.
    drop(response);

    // Nothing has to be slept for: a flush returns when everything so far is in the sink.
    recorder.flush(Duration::from_secs(5)).await?;

    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    let request = messages[0].request.as_ref().ok_or("a request")?;
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "http://localhost/login?attempt=1");
    let response = messages[0].response.as_ref().ok_or("a response")?;
    assert_eq!(response.status, 401);
    // What went to the sink went through redaction, so a test can show that no secret leaves.
    let sent = serde_json::to_string(&messages[0])?;
    assert!(!sent.contains("hunter2"));
    println!("{}", serde_json::to_string_pretty(&messages[0])?);
    Ok(())
}
