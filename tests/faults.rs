//! Whatever is wrong with the API, or on the way to it: the app under the layer answers as ever, flush and
//! shutdown keep their deadlines, every exchange is counted, and what can still arrive does, once.

mod support;

#[path = "../runscope-core/tests/support/certificates.rs"]
mod certificates;
#[path = "support/raw.rs"]
#[allow(dead_code, unreachable_pub)]
mod raw;

use axum::routing::get;
use certificates::Authority;
use raw::Connection;
use runscope::{Config, ConfigBuilder, Guard, Recorder, RunscopeLayer};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use support::api::{FakeApi, RefusingApi, Reply};
use support::exchanges::{PATIENCE, assert_adds_up, record, wait_until};
use support::watchdog::Watchdog;

/// What a wait of half a second takes at most on a machine that has other things to do.
const GENEROUS: Duration = Duration::from_secs(10);

/// How long one try of the delivery takes at most.
const TIMEOUT: Duration = Duration::from_millis(300);

const CALLS: usize = 30;

fn config(url: &str) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken-of-the-test")
        .bucket_key("bucket")
        .api_endpoint(url)
        .timeout(TIMEOUT)
        .keepalive(Duration::from_secs(3600))
        .max_coalescing_delay(Duration::ZERO)
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(20))
        .log_body(true)
        .body_content_types(["*/*"])
}

fn start(config: ConfigBuilder) -> (Recorder, Guard) {
    Recorder::start(config.build().expect("a config")).expect("a recorder")
}

/// An app with the layer, and a connection to it.
struct App {
    user: Connection,
    _runtime: tokio::runtime::Runtime,
}

impl App {
    fn serve(recorder: &Recorder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let app = axum::Router::new()
            .route("/hello", get(async || "hello"))
            .layer(RunscopeLayer::new(recorder));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            user: Connection::open(address),
            _runtime: runtime,
        }
    }

    /// A user's call, that is answered as if there were no layer.
    fn call(&mut self) {
        self.user
            .send("GET /hello HTTP/1.1\r\nhost: a.example\r\n\r\n");
        let answer = self.user.response("GET");
        assert_eq!((answer.head.status, &answer.body[..]), (200, &b"hello"[..]));
    }
}

/// What has to hold while the fault lasts.
#[track_caller]
fn assert_unharmed(fault: &str, config: ConfigBuilder) {
    let _watchdog = Watchdog::over(fault);
    let (recorder, guard) = start(config);
    let mut app = App::serve(&recorder);
    let begun = Instant::now();
    for _ in 0..CALLS {
        app.call();
        assert_adds_up(&recorder.stats());
    }
    let took = begun.elapsed();
    assert!(took < GENEROUS, "{fault}: the app took {took:?}");

    let begun = Instant::now();
    let left = recorder.flush_blocking(Duration::from_millis(200));
    assert!(begun.elapsed() < GENEROUS, "{fault}: a flush is on time");
    let left = left.expect_err(fault).remaining();
    assert_eq!(left, CALLS as u64, "{fault}: nothing is lost meanwhile");
    // It is tried again, and not only once.
    let stats = wait_until(&recorder, |stats| stats.retries >= 2);
    assert_eq!(stats.dropped.total(), 0, "{fault}: {stats:?}");

    let begun = Instant::now();
    let left = guard.shutdown_blocking(Duration::from_millis(500));
    assert!(begun.elapsed() < GENEROUS, "{fault}: a shutdown is on time");
    assert_eq!(left.expect_err(fault).remaining(), CALLS as u64, "{fault}");
    recorder.flush_blocking(PATIENCE).expect("the end");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    let sums = (stats.captured, stats.delivered, stats.dropped.shutdown);
    assert_eq!(sums, (CALLS as u64, 0, CALLS as u64), "{fault}: {stats:?}");
    assert_eq!((stats.queued, stats.panics), (0, 0), "{fault}: {stats:?}");
    app.call();
}

/// What a server does that is ill.
fn illnesses() -> Vec<(&'static str, Reply)> {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"data\": [], \"a\": 1}";
    let slow_body = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n";
    vec![
        ("a server that is silent", Reply::Silence),
        ("a server that resets", Reply::Reset),
        ("a server that hangs up", Reply::Close),
        ("a server that half-closes", Reply::HalfClose),
        (
            "a server that sends one byte a second",
            Reply::Drip(whole.into()),
        ),
        (
            "a server that breaks off in its head",
            Reply::Raw("HTTP/1.1 200 OK\r\ncontent-le".into()),
        ),
        (
            "a server that breaks off in its body",
            Reply::Raw(slow_body.into()),
        ),
    ]
}

#[test]
fn no_illness_of_the_server_harms_the_app_or_goes_uncounted() {
    for (fault, reply) in illnesses() {
        let api = FakeApi::start(move |_| reply.clone());
        assert_unharmed(fault, config(&api.url()));
    }
    let refusing = RefusingApi::bind();
    assert_unharmed("nobody listens", config(&refusing.url()));
}

#[test]
fn after_every_illness_of_the_server_everything_arrives_once() {
    for (fault, reply) in illnesses() {
        let _watchdog = Watchdog::over(fault);
        let api = FakeApi::answering([reply.clone(), reply]);
        let (recorder, guard) = start(config(&api.url()));
        let ids = record(&recorder, CALLS);
        recorder.flush_blocking(PATIENCE).expect(fault);
        let stats = recorder.stats();
        assert_adds_up(&stats);
        let sums = (stats.delivered, stats.unconfirmed, stats.dropped.total());
        assert_eq!(sums, (CALLS as u64, 0, 0), "{fault}: {stats:?}");
        assert_eq!(api.accepted_ids(), ids, "{fault}");
        guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    }
}

#[test]
fn a_connection_that_is_closed_while_it_idles_is_no_loss() {
    let api = FakeApi::start(|_| Reply::AcceptAndClose);
    let (recorder, _guard) = start(config(&api.url()));
    let mut app = App::serve(&recorder);
    for at in 1..=CALLS {
        app.call();
        wait_until(&recorder, |stats| stats.delivered == at as u64);
    }
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.unconfirmed, stats.dropped.total()), (0, 0));
    let ids = api.accepted_ids();
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (CALLS, CALLS), "each once");
    let connections: std::collections::HashSet<_> =
        api.posts().iter().map(|post| post.connection).collect();
    assert!(connections.len() > 1, "the old one can't be used again");
}

#[test]
fn a_name_that_nobody_knows_harms_nothing() {
    assert_unharmed(
        "DNS is gone",
        config("http://does-not-exist.invalid").allow_plain_http(true),
    );
}

/// A server with TLS that answers any request with 200, and counts what it understands.
struct Tls {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tls {
    fn serve(config: rustls::ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (requests, stopping) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (count, is_over, config) = (requests.clone(), stopping.clone(), Arc::new(config));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let session = rustls::ServerConnection::new(Arc::clone(&config));
                let stream = stream.expect("a connection");
                stream.set_read_timeout(Some(PATIENCE)).expect("an option");
                let mut stream = rustls::StreamOwned::new(session.expect("a session"), stream);
                // A handshake that fails fails here.
                if matches!(stream.read(&mut [0; 16 * 1024]), Ok(1..)) {
                    count.fetch_add(1, Ordering::SeqCst);
                    let answer =
                        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                    let _ = stream.write_all(answer.as_bytes());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        Self {
            address,
            requests,
            stopping,
            thread: Some(thread),
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || joined.is_some_and(|it| it.is_ok()));
    }
}

#[test]
fn a_certificate_that_is_not_right_harms_nothing_and_gets_no_token() {
    let known = Authority::new("faults-known");
    let stranger = Authority::new("faults-stranger");
    for (fault, certificate) in [
        (
            "another host's certificate",
            known.server("other.example", 2100),
        ),
        ("an expired certificate", known.server("localhost", 2001)),
        ("an unknown authority", stranger.server("localhost", 2100)),
    ] {
        let server = Tls::serve(certificate);
        assert_unharmed(fault, config(&server.url()).ca_file(known.file()));
        assert_eq!(server.requests.load(Ordering::SeqCst), 0, "{fault}");
    }
}

#[test]
fn the_same_server_with_the_right_certificate_is_delivered_to() {
    let known = Authority::new("faults-right");
    let server = Tls::serve(known.server("localhost", 2100));
    let config = config(&server.url())
        .ca_file(known.file())
        .timeout(GENEROUS);
    let (recorder, _guard) = start(config);
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let stats = recorder.stats();
    assert_eq!(
        (stats.delivered, stats.dropped.total()),
        (3, 0),
        "{stats:?}"
    );
    assert!(server.requests.load(Ordering::SeqCst) > 0);
}
