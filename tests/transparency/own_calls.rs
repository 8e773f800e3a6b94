//! The library's own calls are never captured, wherever its layers are.

use crate::wire::PATIENCE;
use axum::routing::{get, post};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use runscope::{Config, Recorder, Runscope, RunscopeLayer};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::{Service as _, ServiceBuilder, ServiceExt as _};

const CALLS: usize = 7;

/// A recorder that delivers to an address, at once.
fn recorder(address: SocketAddr) -> (Recorder, runscope::Guard) {
    let config = Config::builder()
        .access_token("token")
        .bucket_key("key")
        .api_endpoint(format!("http://{address}"))
        .max_coalescing_delay(Duration::from_millis(1))
        .max_batch_size(2)
        .log_body(true)
        .build()
        .expect("a config");
    Recorder::start(config).expect("a recorder")
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Calls of the app's users, one of which posts messages itself.
async fn user_calls(address: SocketAddr) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for _ in 1..CALLS {
        let response = client.get(format!("http://{address}/hello")).send().await;
        assert_eq!(
            response.expect("an answer").text().await.expect("a body"),
            "hello"
        );
    }
    let url = format!("http://{address}/buckets/other/messages");
    client.post(url).body("{}").send().await.expect("an answer");
}

/// Delivers, and expects that delivering made nothing more to deliver.
fn expect_no_loop(recorder: &Recorder, posts: &AtomicUsize) {
    let mut before = None;
    for _ in 0..5 {
        recorder
            .flush_blocking(PATIENCE)
            .expect("an API that answers");
        let stats = recorder.stats();
        assert_eq!(
            (stats.captured, stats.delivered),
            (CALLS as u64, CALLS as u64),
            "{stats:?}"
        );
        let posts = posts.load(Ordering::SeqCst);
        assert!(posts > 1, "deliveries came to the app itself");
        assert_eq!(*before.get_or_insert(posts), posts, "and then no more");
    }
}

fn counted(posts: &Arc<AtomicUsize>) -> impl Fn() + Clone + Send + Sync + 'static {
    let posts = Arc::clone(posts);
    move || {
        posts.fetch_add(1, Ordering::SeqCst);
    }
}

fn axum_api(posts: &Arc<AtomicUsize>) -> axum::Router {
    let count = counted(posts);
    let messages = post(async move |_: Bytes| {
        count();
        "{}"
    });
    axum::Router::new()
        .route("/hello", get(async || "hello"))
        .route("/buckets/{key}/messages", messages)
}

#[test]
fn an_axum_app_that_serves_the_api_and_wears_the_layer_does_not_loop() {
    let posts = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (listener, address) = listener();
    let (recorder, _guard) = recorder(address);
    let app = axum_api(&posts).layer(RunscopeLayer::new(&recorder));
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, app).await
    });
    runtime.block_on(user_calls(address));
    expect_no_loop(&recorder, &posts);
}

#[test]
fn an_actix_app_that_serves_the_api_and_wears_the_middleware_does_not_loop() {
    use actix_web::{App, HttpServer, web};
    let posts = Arc::new(AtomicUsize::new(0));
    let (listener, address) = listener();
    let (recorder, _guard) = recorder(address);
    let (of_app, count) = (recorder.clone(), counted(&posts));
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let count = count.clone();
                let messages = move |_: web::Bytes| {
                    count();
                    std::future::ready("{}")
                };
                App::new()
                    .wrap(Runscope::new(&of_app))
                    .route("/hello", web::get().to(async || "hello"))
                    .route("/buckets/{key}/messages", web::post().to(messages))
            })
            .workers(1)
            .disable_signals()
            .listen(listener)
            .expect("a listener")
            .run();
            send.send(server.handle()).expect("a test that waits");
            server.await.expect("a server");
        });
    });
    let server = receive.recv().expect("a server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(user_calls(address));
    expect_no_loop(&recorder, &posts);
    runtime.block_on(server.stop(false));
}

#[test]
fn an_app_whose_client_wears_the_layer_records_its_own_calls_and_no_delivery() {
    let posts = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (listener, address) = listener();
    let (recorder, _guard) = recorder(address);
    let app = axum_api(&posts);
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, app).await
    });
    runtime.block_on(async {
        let mut client = ServiceBuilder::new()
            .layer(RunscopeLayer::new(&recorder).outgoing())
            .service(Client::builder(TokioExecutor::new()).build_http());
        for _ in 0..CALLS {
            let request = http::Request::get(format!("http://{address}/hello"))
                .body(Full::<Bytes>::default())
                .expect("a request");
            let response = client.ready().await.expect("readiness").call(request).await;
            let body = http_body_util::BodyExt::collect(response.expect("an answer").into_body());
            assert_eq!(body.await.expect("a body").to_bytes(), "hello");
        }
    });
    expect_no_loop(&recorder, &posts);
}

#[test]
fn the_typed_clients_own_calls_to_an_app_with_the_layer_are_not_captured() {
    let posts = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (listener, address) = listener();
    let (recorder, _guard) = recorder(address);
    let app = axum_api(&posts).layer(RunscopeLayer::new(&recorder));
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, app).await
    });
    let url = format!("http://{address}").parse().expect("a URL");
    let options = runscope::client::ClientOptions::new(url, "token", "key");
    let client = runscope::Client::new(&options).expect("a client");
    let message = runscope::Message::new().request(runscope::Request::new("GET", "http://a/"));
    for _ in 0..3 {
        let sent = runtime.block_on(client.create_messages(std::slice::from_ref(&message)));
        let _ = sent.map(drop);
    }
    assert_eq!(posts.load(Ordering::SeqCst), 3, "the calls came");
    runtime.block_on(user_calls(address));
    expect_no_loop(&recorder, &posts);
}

#[test]
fn a_sink_that_sends_by_the_apps_own_client_with_the_layer_is_not_captured() {
    use std::sync::OnceLock;
    use tower::Layer as _;
    type Sent = http::Response<Full<Bytes>>;
    type AppsClient = tower::util::BoxCloneSyncService<
        http::Request<Full<Bytes>>,
        http::Response<runscope::tower::ResponseBody<Full<Bytes>>>,
        std::convert::Infallible,
    >;
    /// The one client of the app, which wears the layer of the very recorder that the sink is of.
    static CLIENT: OnceLock<AppsClient> = OnceLock::new();
    struct ByClient(Arc<AtomicUsize>);
    impl runscope::Sink for ByClient {
        fn write(&mut self, _: &str, message: &[u8]) -> std::io::Result<()> {
            let client = CLIENT.get().expect("the app's client").clone();
            let body = Full::new(Bytes::copy_from_slice(message));
            let request = http::Request::post("http://logs.example/").body(body);
            let sent = std::pin::pin!(client.oneshot(request.expect("a request")));
            let polled = sent.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            assert!(polled.is_ready(), "nothing here waits");
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }
    let written = Arc::new(AtomicUsize::new(0));
    let config = Config::builder().sink(ByClient(Arc::clone(&written)));
    let (recorder, _guard) =
        Recorder::start(config.build().expect("a config")).expect("a recorder");
    let layer = RunscopeLayer::new(&recorder).outgoing();
    let client = layer.layer(tower::service_fn(async |_: http::Request<_>| {
        Ok::<Sent, std::convert::Infallible>(http::Response::new(Full::default()))
    }));
    assert!(
        CLIENT
            .set(tower::util::BoxCloneSyncService::new(client))
            .is_ok()
    );
    let calls = async {
        for _ in 0..CALLS {
            let client = CLIENT.get().expect("the app's client").clone();
            let request = http::Request::get("http://a.example/").body(Full::default());
            let response = client.oneshot(request.expect("a request")).await;
            let body = response.expect("an answer").into_body();
            let _ = http_body_util::BodyExt::collect(body).await;
        }
    };
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(calls);
    for _ in 0..5 {
        recorder.flush_blocking(PATIENCE).expect("all is written");
        let stats = recorder.stats();
        assert_eq!(
            (stats.captured, stats.delivered),
            (CALLS as u64, CALLS as u64)
        );
        assert_eq!(written.load(Ordering::SeqCst), CALLS, "each once");
    }
}
