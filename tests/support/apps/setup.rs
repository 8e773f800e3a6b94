//! What an app is made of, and how long it is served.

use super::{Gate, on_actix, on_axum};
use runscope::Recorder;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

/// The name that both apps give to the layer.
pub const SERVICE: &str = "parity";

/// Which of the two frameworks serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    Axum,
    Actix,
}

impl Framework {
    pub const BOTH: [Self; 2] = [Self::Axum, Self::Actix];

    /// Serves the app until the answer is dropped.
    pub fn serve(self, setup: Setup) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        match self {
            Self::Axum => on_axum::serve(listener, address, setup),
            Self::Actix => on_actix::serve(listener, address, setup),
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axum => "axum",
            Self::Actix => "actix-web",
        })
    }
}

/// Where the layer, or the middleware, is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// `Router::layer`, `App::wrap`.
    OnRoutes,
    /// Round the whole `Router`; in actix-web that is `App::wrap` again.
    AroundApp,
    /// On the nested router, on the scope, and nowhere else.
    OnNested,
}

/// What an app is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    pub recorder: Recorder,
    pub placement: Placement,
    pub gate: Gate,
    /// Whether what no route matches is answered with 200: so a `CONNECT` is accepted.
    pub accepts_all: bool,
}

/// A served app. Dropped, it stops at once: what is in flight is dropped with it.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<Box<dyn FnOnce() + Send>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn new(
        address: SocketAddr,
        stop: impl FnOnce() + Send + 'static,
        thread: JoinHandle<()>,
    ) -> Self {
        Self {
            address,
            stop: Some(Box::new(stop)),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
        let panicked = self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err());
        if panicked && !std::thread::panicking() {
            panic!("the server's thread panicked");
        }
    }
}
