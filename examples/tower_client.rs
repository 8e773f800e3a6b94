//! Outgoing calls: the layer round an HTTP client that is a tower service:
//! `cargo run --example tower_client`.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use runscope::{Config, MemorySink, Recorder, RunscopeLayer};
use std::error::Error;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::{Service as _, ServiceBuilder, ServiceExt as _};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sink = MemorySink::new();
    let config = Config::builder()
        .log_body(true)
        .sink(sink.clone())
        .build()?;
    let (recorder, _guard) = Recorder::start(config)?;

    // The client, with the layer round it. `outgoing` says which side of the call we are on.
    let mut client = ServiceBuilder::new()
        .layer(RunscopeLayer::new(&recorder).service("shop").outgoing())
        .service(Client::builder(TokioExecutor::new()).build_http());

    let url = serve_something().await?;
    let request = Request::post(format!("{url}/echo"))
        .header("content-type", "text/plain")
        .body(Full::new(Bytes::from_static(b"hello")))?;
    let response: Response<_> = client.ready().await?.call(request).await?;
    let body = response.into_body().collect().await?.to_bytes();
    assert_eq!(body, "hello");

    // A call that gets no answer is recorded too.
    let nowhere = Request::get("http://127.0.0.1:1/").body(Full::default())?;
    client
        .ready()
        .await?
        .call(nowhere)
        .await
        .expect_err("nobody listens on port 1");

    recorder.flush(Duration::from_secs(5)).await?;
    for message in sink.messages() {
        println!("{}", serde_json::to_string_pretty(&message)?);
    }
    Ok(())
}

/// The other side of the call.
async fn serve_something() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = axum::Router::new().route("/echo", axum::routing::post(async |body: String| body));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}
