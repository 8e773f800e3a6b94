use super::patient::Patient;
use super::peer::Told;
use super::peers::Peers;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::net::IpAddr;
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
    /// Connections at one time from one address, or from one /64 of IPv6 addresses; more are answered
    /// with 503 and closed. Behind a proxy all come from its address. Default: 256.
    pub connections_each: usize,
    /// How long a connection may take to send the head of a request, also the next one on a
    /// connection that is kept; then it is closed. Default: 15 s.
    pub head_time: Duration,
    /// How long nothing may be taken of an answer that is being sent; then the connection is closed.
    /// An answer that is taken slowly, or a tail that has no news, may last. Default: 30 s.
    pub write_time: Duration,
    /// The bytes of a request's head, and of what is read ahead of a body. It is at least 8 KiB.
    /// Default: 128 KiB.
    pub head_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_each: 256,
            head_time: Duration::from_secs(15),
            write_time: Duration::from_secs(30),
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
    let peers = Peers::new(bounds.connections_each.max(1));
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
        let Some((stream, peer, permit)) = accepted else {
            continue;
        };
        let Some(share) = peers.admit(peer) else {
            turn_away(&stream);
            continue;
        };
        let service = Told::new(app.clone(), peer);
        let stream = TokioIo::new(Patient::new(stream, bounds.write_time));
        let connection = http.serve_connection(stream, service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _room = (permit, share);
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
) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are written whole; waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            Some((stream, peer.ip(), permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Says why, as far as one write goes: who has this many connections is not waited for.
fn turn_away(stream: &TcpStream) {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = stream.try_write(answer);
}
