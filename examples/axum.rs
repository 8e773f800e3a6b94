//! An axum app whose exchanges are captured: `cargo run --example axum`.
//!
//! Set `RUNSCOPE_ACCESS_TOKEN` and `RUNSCOPE_BUCKET_KEY`, or `RUNSCOPE_NDJSON_FILE` to write the
//! exchanges to a file instead.

use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use runscope::{Config, Recorder, RunscopeLayer, current_exchange};
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (recorder, _guard) = Recorder::start(Config::from_env()?)?;

    let app = axum::Router::new()
        .route("/users/{id}", get(user))
        // Layers that are added later are further out. An auth layer outside of ours can leave an
        // extension that says who calls; see `consumer` below.
        .layer(
            RunscopeLayer::new(&recorder)
                .service("users")
                .consumer(|parts| {
                    parts
                        .extensions
                        .get::<Caller>()
                        .map(|caller| caller.0.clone())
                }),
        )
        .layer(from_fn(authenticate));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/users/1", listener.local_addr()?);
    // Connect info lets the exchange show the client's address.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await?;
    println!("{:?}", recorder.stats());
    Ok(())
}

async fn user(Path(id): Path<u32>) -> String {
    // The exchange in flight takes fields of the app's own, and has a name for the app's logs.
    if let Some(exchange) = current_exchange() {
        exchange.tag("user_id", id);
        println!("captured as {}", exchange.unique_identifier());
    }
    format!("user {id}\n")
}

#[derive(Clone)]
struct Caller(String);

async fn authenticate(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Caller("acme".to_owned()));
    next.run(request).await
}

/// Ctrl-C, or what a container is stopped by. `main` returns after it, and with that the guard
/// delivers what is queued.
async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
