//! A [tower] layer that captures HTTP exchanges and ships them to a bucket of the Runscope
//! messages API.
//!
//! It works round any `tower` service of HTTP requests: axum routers, tonic servers, hyper
//! services, and HTTP clients. Request and response pass through it unchanged, frame by frame.
//!
//! ```
//! use runscope_core::{Config, MemorySink, Recorder};
//! use runscope_tower::RunscopeLayer;
//! use tower::ServiceBuilder;
//! use std::convert::Infallible;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use bytes::Bytes;
//!
//! # type Body = runscope_tower::RequestBody<Full<Bytes>>;
//! let config = Config::builder().sink(MemorySink::new()).build()?;
//! let (recorder, _guard) = Recorder::start(config)?;
//! let service = ServiceBuilder::new()
//!     .layer(RunscopeLayer::new(&recorder).service("shop"))
//!     .service_fn(async |request: Request<Body>| {
//!         Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
//!     });
//! # let _ = service;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [tower]: https://docs.rs/tower

mod layer;
mod service;
mod future;
mod request_body;
mod response_body;
mod head;
#[cfg(feature = "axum")]
mod axum;

pub use future::ResponseFuture;
pub use layer::RunscopeLayer;
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use service::RunscopeService;
