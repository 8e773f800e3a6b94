//! What others put round an app, each set up so that nothing leaves the process.

use super::by_hand::{buffer, buffer_json, post_each};
use super::variant::Peer;
use axum::Router;
use axum::middleware::from_fn;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use outlet::{RequestData, RequestHandler, RequestLoggerConfig, RequestLoggerLayer, ResponseData};
use sentry_core::{
    Client, ClientOptions, Envelope, Hub, Transport, TransportFactory, TransportOptions,
};
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::sync::Arc;
use tower_http::trace::TraceLayer;

pub fn layered(app: Router, peer: Peer) -> Router {
    match peer {
        Peer::TraceOff => app.layer(TraceLayer::new_for_http()),
        Peer::TraceFmt => {
            tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
                .with_writer(io::sink)
                .init();
            app.layer(TraceLayer::new_for_http())
        }
        Peer::OpenTelemetry => {
            let provider = SdkTracerProvider::builder().with_batch_exporter(Discard);
            opentelemetry::global::set_tracer_provider(provider.build());
            app.layer(opentelemetry_instrumentation_tower::http::server::Layer::new())
        }
        Peer::Sentry => {
            let options = ClientOptions::new()
                .dsn("https://public@sentry.example/1")
                .traces_sample_rate(1.0)
                .transport(Discard);
            Hub::main().bind_client(Some(Arc::new(Client::from(options))));
            app.layer(SentryHttpLayer::new().enable_transaction())
                .layer(NewSentryLayer::<axum::extract::Request>::new_from_top())
        }
        Peer::Outlet => {
            let config = RequestLoggerConfig {
                capture_request_body: true,
                capture_response_body: true,
                ..RequestLoggerConfig::default()
            };
            app.layer(RequestLoggerLayer::new(config, Discard))
        }
        Peer::Buffer => app.layer(from_fn(buffer)),
        Peer::BufferJson => app.layer(from_fn(buffer_json)),
        Peer::PostEach { bodies: false } => app.layer(from_fn(post_each::<false>)),
        Peer::PostEach { bodies: true } => app.layer(from_fn(post_each::<true>)),
        Peer::LoggerEnv | Peer::LoggerFormatted => app,
    }
}

/// Sets up what actix-web's `Logger` logs to. Each worker asks for it; the first one gets it.
pub fn log_into_a_sink(peer: Peer) {
    if peer == Peer::LoggerEnv {
        // As actix-web's documentation sets it up, but for where the lines go.
        let _ = env_logger::Builder::new()
            .parse_filters("info")
            .target(env_logger::Target::Pipe(Box::new(io::sink())))
            .try_init();
    } else if log::set_logger(&Discard).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}

#[derive(Debug, Clone, Copy)]
struct Discard;

impl log::Log for Discard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let _ = writeln!(io::sink(), "{} {}", record.level(), record.args());
    }

    fn flush(&self) {}
}

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        black_box(batch);
        Ok(())
    }
}

impl Transport for Discard {
    fn send_envelope(&self, envelope: Envelope) {
        black_box(envelope);
    }
}

impl TransportFactory for Discard {
    fn create_transport_with_options(&self, _: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(*self)
    }
}

impl RequestHandler for Discard {
    async fn handle_request(&self, data: RequestData) {
        black_box(data);
    }

    async fn handle_response(&self, request: RequestData, response: ResponseData) {
        black_box((request, response));
    }
}
