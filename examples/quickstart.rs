//! See the traffic of a small axum app, with no account: `cargo run --example quickstart`.
//!
//! It prints its URL, sends itself a few calls, and shows every exchange as it is captured. Send
//! more with curl; end it with Ctrl-C, or give `-- --once` to end it after the first calls.
//!
//! With `RUNSCOPE_ACCESS_TOKEN` and `RUNSCOPE_BUCKET_KEY` set, it ships to the messages API instead.

use axum::Json;
use axum::http::StatusCode;
use axum::routing::{get, post};
use runscope::{Config, Message, Recorder, RunscopeLayer, Sink};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // With an account in the environment, exchanges go to the API; without, to the terminal.
    let has_account = std::env::var_os("RUNSCOPE_ACCESS_TOKEN").is_some();
    let config = match has_account {
        true => Config::from_env()?,
        false => Config::builder().log_body(true).sink(Terminal).build()?,
    };
    // The guard delivers what is left when it goes out of scope.
    let (recorder, guard) = Recorder::start(config)?;

    // This line is all that an app needs: one layer round its routes.
    let app = app().layer(RunscopeLayer::new(&recorder).service("quickstart"));

    let listener = TcpListener::bind(listen_address()?).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("The app listens on {url}");
    if has_account {
        println!("Its exchanges are shipped to the messages API.");
    }
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    send_some_calls(&url).await?;
    recorder.flush(Duration::from_secs(5)).await?;

    if !std::env::args().any(|argument| argument == "--once") {
        println!("\nSend more, and see it here:");
        println!("  curl {url}/hello/you");
        println!(
            "  curl {url}/orders -H 'content-type: application/json' -d '{{\"item\":\"tea\",\"card_number\":\"4111111111111111\"}}'"
        );
        println!("Ctrl-C ends it.");
        tokio::signal::ctrl_c().await?;
    }
    server.abort();
    guard.shutdown(Duration::from_secs(2)).await?;
    println!(
        "\n{} exchanges were captured and delivered.",
        recorder.stats().delivered
    );
    Ok(())
}

/// An app like any other.
fn app() -> axum::Router {
    axum::Router::new()
        .route(
            "/hello/{name}",
            get(
                async |axum::extract::Path(name): axum::extract::Path<String>| {
                    format!("hello, {name}\n")
                },
            ),
        )
        .route(
            "/orders",
            post(async |Json(order): Json<Value>| {
                (
                    StatusCode::CREATED,
                    Json(json!({"id": 1, "item": order["item"]})),
                )
            }),
        )
        .route(
            "/broken",
            get(async || (StatusCode::INTERNAL_SERVER_ERROR, "out of tea\n")),
        )
}

/// `127.0.0.1` and any free port, or what `QUICKSTART_LISTEN` says.
fn listen_address() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(std::env::var("QUICKSTART_LISTEN")
        .as_deref()
        .unwrap_or("127.0.0.1:0")
        .parse()?)
}

async fn send_some_calls(url: &str) -> Result<(), reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    client
        .get(format!("{url}/hello/world?token=s3cr3t"))
        .send()
        .await?;
    let order = r#"{"item":"tea","card_number":"4111111111111111"}"#;
    let order = client.post(format!("{url}/orders")).body(order);
    order
        .header("content-type", "application/json")
        .bearer_auth("s3cr3t")
        .send()
        .await?;
    client.get(format!("{url}/broken")).send().await?;
    client.get(format!("{url}/nowhere")).send().await?;
    Ok(())
}

/// Shows each exchange on the terminal, as the API would have got it.
struct Terminal;

impl Sink for Terminal {
    fn write(&mut self, _bucket_key: &str, message: &[u8]) -> io::Result<()> {
        let message: Message = serde_json::from_slice(message)?;
        let mut out = io::stdout().lock();
        let (Some(request), Some(response)) = (&message.request, &message.response) else {
            return Ok(());
        };
        let milliseconds = response.response_time.unwrap_or_default() * 1e3;
        writeln!(
            out,
            "\n{} {} → {} in {milliseconds:.1} ms",
            request.method, request.url, response.status
        )?;
        for (name, values) in request.headers.iter() {
            writeln!(out, "  > {name}: {}", values.join(", "))?;
        }
        for (arrow, body) in [('>', &request.body), ('<', &response.body)] {
            if let Some(body) = body
                .as_deref()
                .map(str::trim_end)
                .filter(|body| !body.is_empty())
            {
                writeln!(out, "  {arrow} {body}")?;
            }
        }
        Ok(())
    }
}
