//! The same app twice: bare, and with the layer.

use super::{actix_app, axum_app};
use crate::wire::{PATIENCE, Wire, text, with_sorted_heads, without_date};
use axum::ServiceExt;
use bytes::Bytes;
use runscope::{Config, MemorySink, Message, Recorder, RunscopeLayer, Stats};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tower::Layer as _;

/// What serves the app, and where the layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// `Router::layer`.
    Axum,
    /// Round the whole router.
    AxumOutside,
    /// `App::wrap`.
    Actix,
}

pub const STACKS: [Stack; 3] = [Stack::Axum, Stack::AxumOutside, Stack::Actix];

/// The moment at which everything is answered, so that answers can be compared whole.
pub const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The app's ends of what it tells the test, and of what the test tells it.
#[derive(Clone)]
pub struct Hooks {
    pub seen: Sender<String>,
    pub pulled: Arc<AtomicUsize>,
    feed: Arc<Mutex<Option<UnboundedReceiver<Bytes>>>>,
}

impl Hooks {
    pub fn take_feed(&self) -> UnboundedReceiver<Bytes> {
        self.feed
            .lock()
            .expect("a lock")
            .take()
            .expect("one call of the feed")
    }

    /// The hooks and the test's ends of them.
    pub fn new() -> (Self, Ends) {
        let (seen, seen_by_test) = std::sync::mpsc::channel();
        let (feed, feed_of_app) = tokio::sync::mpsc::unbounded_channel();
        let pulled = Arc::new(AtomicUsize::new(0));
        let ends = Ends {
            seen: seen_by_test,
            feed: Some(feed),
            pulled: pulled.clone(),
        };
        (
            Self {
                seen,
                pulled,
                feed: Arc::new(Mutex::new(Some(feed_of_app))),
            },
            ends,
        )
    }
}

pub struct Ends {
    seen: Receiver<String>,
    /// Dropped, it ends the feed.
    pub feed: Option<UnboundedSender<Bytes>>,
    pub pulled: Arc<AtomicUsize>,
}

/// One of the two servers.
pub struct Side {
    stack: Stack,
    pub address: SocketAddr,
    pub ends: Ends,
    _running: Running,
}

impl Side {
    /// Starts a server, with the layer where there is a recorder.
    pub fn start(stack: Stack, recorder: Option<&Recorder>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (hooks, ends) = Hooks::new();
        let running = match stack {
            Stack::Actix => serve_actix(listener, hooks, recorder.cloned()),
            _ => serve_axum(listener, hooks, recorder, stack),
        };
        Self {
            stack,
            address,
            ends,
            _running: running,
        }
    }

    /// What the handler tells next.
    pub fn seen(&self) -> String {
        self.ends
            .seen
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("{:?}: the handler tells nothing", self.stack))
    }

    /// Sends bytes on a connection of their own and reads to its end.
    pub fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut wire = Wire::connect(self.address);
        wire.send(request);
        self.comparable(&wire.read_to_end())
    }

    /// Answers without what differs between two of the same server's: the `Date` of those that the
    /// server gives by itself, and the order of names in actix-web's header map, which is another
    /// one in every map.
    pub fn comparable(&self, answers: &[u8]) -> Vec<u8> {
        let answers = without_date(answers);
        match self.stack {
            Stack::Actix => with_sorted_heads(&answers),
            _ => answers,
        }
    }
}

enum Running {
    Axum(Option<tokio::runtime::Runtime>),
    Actix(actix_web::dev::ServerHandle),
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Axum(runtime) => {
                runtime.take().expect("one drop").shutdown_background();
            }
            // The stop is ordered by the call; its future only waits for it.
            Self::Actix(handle) => drop(handle.stop(false)),
        }
    }
}

fn serve_axum(
    listener: TcpListener,
    hooks: Hooks,
    recorder: Option<&Recorder>,
    stack: Stack,
) -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let layer = recorder.map(RunscopeLayer::new);
    runtime.spawn(async move {
        listener.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let app = axum_app::app(hooks);
        match (layer, stack) {
            (None, _) => {
                let app = app.into_make_service_with_connect_info::<SocketAddr>();
                axum::serve(listener, app).await
            }
            (Some(layer), Stack::AxumOutside) => {
                let app = tower::util::MapResponse::new(
                    layer.layer(app),
                    |response: http::Response<_>| response.map(axum::body::Body::new),
                );
                let app = ServiceExt::<axum::extract::Request>::into_make_service_with_connect_info::<SocketAddr>(app);
                axum::serve(listener, app).await
            }
            (Some(layer), _) => {
                let app = app.layer(layer).into_make_service_with_connect_info::<SocketAddr>();
                axum::serve(listener, app).await
            }
        }
    });
    Running::Axum(Some(runtime))
}

fn serve_actix(listener: TcpListener, hooks: Hooks, recorder: Option<Recorder>) -> Running {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = match recorder {
                Some(recorder) => actix_web::HttpServer::new(move || {
                    actix_web::App::new()
                        .configure(actix_app::routes(hooks.clone()))
                        .wrap(dated())
                        .wrap(runscope::Runscope::new(&recorder))
                })
                .workers(1)
                .disable_signals()
                .listen_auto_h2c(listener)
                .expect("a listener")
                .run(),
                None => actix_web::HttpServer::new(move || {
                    actix_web::App::new()
                        .configure(actix_app::routes(hooks.clone()))
                        .wrap(dated())
                })
                .workers(1)
                .disable_signals()
                .listen_auto_h2c(listener)
                .expect("a listener")
                .run(),
            };
            send.send(server.handle()).expect("a test that waits");
            server.await.expect("a server");
        });
    });
    Running::Actix(receive.recv().expect("a server"))
}

fn dated() -> actix_web::middleware::DefaultHeaders {
    actix_web::middleware::DefaultHeaders::new().add(("date", DATE))
}

/// The two servers, and what the layer records.
pub struct Pair {
    pub stack: Stack,
    pub bare: Side,
    pub layered: Side,
    pub recorder: Recorder,
    sink: MemorySink,
    _guard: runscope::Guard,
}

impl Pair {
    /// With all bodies recorded.
    pub fn start(stack: Stack) -> Self {
        Self::start_with(
            stack,
            Config::builder().log_body(true).body_content_types(["*/*"]),
        )
    }

    pub fn start_with(stack: Stack, config: runscope::ConfigBuilder) -> Self {
        let sink = MemorySink::new();
        let config = config.sink(sink.clone()).build().expect("a config");
        let (recorder, guard) = Recorder::start(config).expect("a recorder");
        Self {
            stack,
            bare: Side::start(stack, None),
            layered: Side::start(stack, Some(&recorder)),
            recorder,
            sink,
            _guard: guard,
        }
    }

    pub fn sides(&mut self) -> [&mut Side; 2] {
        [&mut self.bare, &mut self.layered]
    }

    /// Plays the same scene with both servers, expects the same of both, and gives it back.
    #[track_caller]
    pub fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        mut scene: impl FnMut(&mut Side) -> T,
    ) -> T {
        let bare = scene(&mut self.bare);
        let layered = scene(&mut self.layered);
        assert_eq!(layered, bare, "{:?}: layered ≠ bare", self.stack);
        bare
    }

    /// Sends the same bytes to both, expects the same answer to the byte, and gives it back. The
    /// request has to end the connection.
    #[track_caller]
    pub fn same_answer(&mut self, request: impl AsRef<[u8]>) -> String {
        let bare = text(&self.bare.exchange(request.as_ref()));
        let layered = text(&self.layered.exchange(request.as_ref()));
        let request = text(request.as_ref());
        assert_eq!(
            layered, bare,
            "{:?}: layered ≠ bare for\n{request}",
            self.stack
        );
        bare
    }

    /// What was recorded, once that many exchanges have ended.
    #[track_caller]
    pub fn recorded(&self, count: usize) -> Vec<Message> {
        // The last frame is on the wire before the exchange is told of it, so the client may be
        // faster than the count.
        let started = std::time::Instant::now();
        while self.stats().captured < count as u64 && started.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
        self.recorder
            .flush_blocking(PATIENCE)
            .expect("a sink that takes all");
        let messages = self.sink.messages();
        assert_eq!(messages.len(), count, "{:?}", self.stats());
        messages
    }

    pub fn stats(&self) -> Stats {
        self.recorder.stats()
    }
}
