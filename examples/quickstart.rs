//! See the traffic of a small axum app, with no account: `cargo run --example quickstart`.
//!
//! It serves the app and an inspector on this machine, sends the app a few calls, and prints both
//! URLs: open the inspector's in a browser. Every exchange that arrives there is also a line here, and
//! the one that fails fires an alert there.
//! Send more with curl; Ctrl-C ends it.
//!
//! With `RUNSCOPE_ACCESS_TOKEN` and `RUNSCOPE_BUCKET_KEY` set, it ships to the messages API instead.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use runscope::{Config, Recorder, RunscopeLayer};
use runscope_inspector::api::{self, AppState, Token};
use runscope_inspector::exchange::Exchange;
use runscope_inspector::serve::serve;
use runscope_inspector::store::{NewToken, Scope, Settings, Sqlite, Store};
use serde_json::{Value, json};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // With an account in the environment, exchanges go to the API; without, to an inspector of our
    // own, which is gone with its directory when the program ends.
    let directory = tempfile::tempdir()?;
    let inspector = match std::env::var_os("RUNSCOPE_ACCESS_TOKEN") {
        Some(_) => None,
        None => Some(Inspector::start(directory.path()).await?),
    };
    let config = match &inspector {
        Some(inspector) => inspector.config()?,
        None => Config::from_env()?,
    };
    let (recorder, guard) = Recorder::start(config)?;

    // This line is all that an app needs: one layer round its routes.
    let app = app().layer(RunscopeLayer::new(&recorder).service("quickstart"));

    let listener = TcpListener::bind(listen_address()?).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("The app:       {url}");
    match &inspector {
        Some(inspector) => {
            inspector.add_alert_rule().await?;
            println!("The inspector: {}", inspector.link());
            println!("Its alerts:    {}/alerts\n", inspector.url);
        }
        None => println!("Its exchanges are shipped to the messages API.\n"),
    }
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    // Only a failure, or a signal, ends what follows.
    let calls = async {
        send_some_calls(&url).await?;
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        failed = calls => failed?,
        failed = show_arrivals(inspector.as_ref()) => failed?,
        stopped = stopped() => stopped?,
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
    let hello = async |Path(name): Path<String>| format!("hello, {name}\n");
    let order = async |Json(order): Json<Value>| {
        let order = json!({ "id": 1, "item": order["item"] });
        (StatusCode::CREATED, Json(order))
    };
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "sorry for the wait\n"
    };
    axum::Router::new()
        .route("/hello/{name}", get(hello))
        .route("/orders", post(order))
        .route("/slow", get(slow))
        .route(
            "/broken",
            get(async || (StatusCode::INTERNAL_SERVER_ERROR, "out of tea\n")),
        )
}

/// `127.0.0.1` and any free port, or what `QUICKSTART_LISTEN` says.
fn listen_address() -> Result<SocketAddr> {
    let address = std::env::var("QUICKSTART_LISTEN");
    Ok(address.as_deref().unwrap_or("127.0.0.1:0").parse()?)
}

async fn send_some_calls(url: &str) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let get = |path: &str| client.get(format!("{url}{path}")).send();
    get("/hello/world?token=s3cr3t").await?;
    let order = r#"{"item":"tea","card_number":"4111111111111111"}"#;
    let order = client.post(format!("{url}/orders")).body(order);
    order
        .header("content-type", "application/json")
        .bearer_auth("s3cr3t")
        .send()
        .await?;
    get("/nowhere").await?;
    get("/broken").await?;
    get("/slow").await?;
    println!("\nSend more, and see it here and in the inspector:");
    println!("  curl {url}/hello/you");
    println!("  curl {url}/orders --json '{{\"item\":\"tea\",\"password\":\"hunter2\"}}'");
    println!("Ctrl-C ends it.\n");
    Ok(())
}

/// The inspector as a part of this program. Most run it beside theirs: `runscope-inspector`.
struct Inspector {
    store: Arc<dyn Store>,
    url: String,
    owner: Token,
    /// May only send messages to the one bucket: all that an app's token should allow.
    writer: Token,
}

const BUCKET: &str = "default";

impl Inspector {
    async fn start(directory: &std::path::Path) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(Settings::new(directory))?);
        let bucket = store.bucket(BUCKET)?.ok_or("a new store has a bucket")?;
        let (owner, writer) = (Token::random(), Token::random());
        store.add_token(bucket.id, &NewToken::new(Scope::Write, writer.digest()))?;

        // The inspector's own port, or any other where that is taken.
        let listener = match TcpListener::bind("127.0.0.1:4880").await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("127.0.0.1:0").await?,
        };
        let url = format!("http://{}", listener.local_addr()?);
        let mut config = api::Config::new(owner.clone());
        config.base_url.clone_from(&url);
        let state = AppState::new(config, Arc::clone(&store));
        tokio::spawn(serve(listener, api::app(state), std::future::pending()));
        Ok(Self {
            store,
            url,
            owner,
            writer,
        })
    }

    /// What makes a recorder ship here, as it would to any endpoint of the messages API.
    fn config(&self) -> Result<Config> {
        Ok(Config::builder()
            .api_endpoint(&self.url)
            .access_token(self.writer.reveal())
            .bucket_key(BUCKET)
            .log_body(true)
            .max_coalescing_delay(Duration::from_millis(100))
            .build()?)
    }

    /// A rule that fires when the app fails, as it does at `/broken`. It tells no channel: the page of
    /// alerts shows it.
    async fn add_alert_rule(&self) -> Result<()> {
        let rule = json!({ "id": "failures", "name": "The app failed", "filter": "status:5xx", "severity": "error" });
        let client = reqwest::Client::builder().no_proxy().build()?;
        let added = client
            .post(format!("{}/api/v1/alerts/rules", self.url))
            .bearer_auth(self.owner.reveal())
            .header("content-type", "application/json")
            .body(rule.to_string());
        added.send().await?.error_for_status()?;
        Ok(())
    }

    fn link(&self) -> String {
        format!("{}/open?token={}", self.url, self.owner.reveal())
    }
}

/// Prints each exchange that arrives at the inspector, and does not end.
async fn show_arrivals(inspector: Option<&Inspector>) -> Result<()> {
    let Some(Inspector { store, .. }) = inspector else {
        return std::future::pending().await;
    };
    let mut changes = store.changes();
    let bucket = store.bucket(BUCKET)?.ok_or("the bucket is gone")?.id;
    let mut seen = 0;
    loop {
        let arrived = {
            let store = Arc::clone(store);
            tokio::task::spawn_blocking(move || store.arrived_after(bucket, seen, 100)).await??
        };
        match arrived.last() {
            Some(last) => seen = last.sequence,
            None => changes.newest.changed().await?,
        }
        arrived
            .iter()
            .filter_map(line)
            .for_each(|line| println!("{line}"));
    }
}

fn line(exchange: &Exchange) -> Option<String> {
    let request = exchange.message.request.as_ref()?;
    let status = exchange.attributes.status?;
    let time = exchange.attributes.duration.unwrap_or_default();
    let milliseconds = time.as_secs_f64() * 1e3;
    Some(format!(
        "{} {} → {status} in {milliseconds:.1} ms",
        request.method, request.url
    ))
}

/// Waits for Ctrl-C, or SIGTERM where there is one.
async fn stopped() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}
