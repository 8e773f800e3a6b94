//! The two apps. Both capture bodies; the one on actix-web has a spool.

use actix_web::{App as ActixApp, HttpServer, web};
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use runscope::{Config, ConfigBuilder, Guard, Recorder, Runscope, RunscopeLayer};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What `/large` answers.
pub const LARGE: usize = 64 << 10;

/// An app that runs for as long as the process.
pub struct App {
    /// It is also its bucket.
    pub name: &'static str,
    pub address: SocketAddr,
    pub recorder: Recorder,
    pub guard: Guard,
    pub has_spool: bool,
}

impl App {
    pub fn on_axum(api: &str) -> Self {
        Self::start("axum", config(api, "axum"), false, |listener, recorder| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let app = Router::new()
                .route("/hello", get(async || "hello"))
                .route("/echo", post(async |body: Bytes| body))
                .route("/large", get(async || "x".repeat(LARGE)))
                .layer(RunscopeLayer::new(recorder));
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a listener");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, app).await.expect("a server");
            });
        })
    }

    pub fn on_actix(api: &str, directory: &Path) -> Self {
        let config = config(api, "actix").spool_dir(directory.join("spool"));
        Self::start("actix", config, true, |listener, recorder| {
            let recorder = recorder.clone();
            let app = move || {
                ActixApp::new()
                    .wrap(Runscope::new(&recorder))
                    .route("/hello", web::get().to(async || "hello"))
                    .route("/echo", web::post().to(async |body: Bytes| body))
                    .route("/large", web::get().to(async || "x".repeat(LARGE)))
            };
            actix_web::rt::System::new().block_on(async {
                let server = HttpServer::new(app)
                    .workers(2)
                    .disable_signals()
                    .listen(listener)
                    .expect("a listener");
                server.run().await.expect("a server");
            });
        })
    }

    /// Waits until nothing is on its way any more, on disk neither.
    pub fn settle(&self, patience: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            // What is left is told by the counters.
            let _ = self.recorder.flush_blocking(patience);
            let stats = self.recorder.stats();
            if (stats.queued, stats.spooled) == (0, 0) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn start(
        name: &'static str,
        config: ConfigBuilder,
        has_spool: bool,
        serve: impl FnOnce(TcpListener, &Recorder) + Send + 'static,
    ) -> Self {
        let config = config.build().expect("a config");
        let (recorder, guard) = Recorder::start(config).expect("a recorder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let of_thread = recorder.clone();
        thread::spawn(move || serve(listener, &of_thread));
        Self {
            name,
            address,
            recorder,
            guard,
            has_spool,
        }
    }
}

/// Waits are shorter than by default, so that more of them fit into the time.
fn config(api: &str, bucket: &str) -> ConfigBuilder {
    Config::builder()
        .access_token("t0ken")
        .bucket_key(bucket)
        .api_endpoint(api)
        .log_body(true)
        .timeout(Duration::from_secs(1))
        .max_coalescing_delay(Duration::from_millis(100))
        .initial_retry_delay(Duration::from_millis(20))
        .max_retry_delay(Duration::from_secs(1))
}
