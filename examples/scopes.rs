//! Different rules for different traffic, by route, service and consumer:
//! `cargo run --example scopes`.
//!
//! Exactly one scope applies to an exchange, the most specific one, and it applies whole. Here the
//! result is shown in memory, so no account is needed.

use axum::body::Body;
use axum::http::Request;
use axum::routing::{get, post};
use runscope::{Config, MemorySink, Recorder, RunscopeLayer, Scope};
use std::error::Error;
use std::time::Duration;
use tower::ServiceExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sink = MemorySink::new();
    let config = Config::builder()
        .access_token("token-of-all")
        .bucket_key("all")
        // Checkout keeps its bodies, in a bucket of its own.
        .scope(
            Scope::new()
                .route("/checkout")
                .bucket_key("checkout")
                .log_body(true),
        )
        // Calls of this partner go to a bucket that the partner can read.
        .scope(
            Scope::new()
                .consumer("acme")
                .bucket_key("acme")
                .access_token("token-of-acme"),
        )
        // Nobody wants to see these.
        .scope(Scope::new().route("/metrics").capture(false))
        .sink(sink.clone())
        .build()?;
    let (recorder, _guard) = Recorder::start(config)?;

    let app = axum::Router::new()
        .route("/checkout", post(async |body: String| body))
        .route("/items", get(async || "[]"))
        .route("/metrics", get(async || "up 1\n"))
        .layer(
            RunscopeLayer::new(&recorder)
                .consumer(|parts| Some(parts.headers.get("x-consumer")?.to_str().ok()?.to_owned())),
        );

    for (method, path, consumer) in [
        ("POST", "/checkout", "globex"),
        ("POST", "/checkout", "acme"),
        ("GET", "/items", "globex"),
        ("GET", "/items", "acme"),
        ("GET", "/metrics", "globex"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-consumer", consumer);
        let request = request
            .header("content-type", "text/plain")
            .body(Body::from("tea"))?;
        app.clone().oneshot(request).await?;
    }
    recorder.flush(Duration::from_secs(5)).await?;

    for bucket in ["all", "checkout", "acme"] {
        println!("bucket {bucket}:");
        for message in sink.messages_for(bucket) {
            let request = message.request.unwrap_or_default();
            println!(
                "  {} {} body: {:?}",
                request.method, request.url, request.body
            );
        }
    }
    Ok(())
}
