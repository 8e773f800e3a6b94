//! Serving a router with bounds on what a connection may cost.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Bounds {
    /// Connections at one time; who comes later waits to be accepted. Default: 1,024.
    pub connections: usize,
    /// How long a connection may take to send the head of a request, also the next one on a
    /// connection that is kept; then it is closed. Default: 15 s.
    pub head_time: Duration,
    /// The bytes of a request's head, and of what is read ahead of a body. It is at least 8 KiB.
    /// Default: 128 KiB.
    pub head_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            head_time: Duration::from_secs(15),
            head_bytes: 128 << 10,
        }
    }
}

/// The fewest bytes that the HTTP implementation takes for a buffer.
const LEAST_HEAD_BYTES: usize = 8 << 10;

/// How long requests that run may go on after the shutdown began.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Serves HTTP/1.1 until `shutdown` is done, then lets what runs finish for up to 10 seconds.
pub async fn serve(listener: TcpListener, app: Router, shutdown: impl Future<Output = ()>) {
    serve_within(listener, app, Bounds::default(), shutdown).await;
}

/// The same with bounds other than the default ones.
pub async fn serve_within(
    listener: TcpListener,
    app: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections.max(1)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.head_time)
        .max_buf_size(bounds.head_bytes.max(LEAST_HEAD_BYTES));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, permit)) = accepted else {
            continue;
        };
        let service = TowerToHyperService::new(app.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time");
    }
}

/// A connection and its share of the room for them. An accept that fails (a client that has left, no
/// file descriptors) is not the end of the server; the pause keeps it from spinning.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are written whole; waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
