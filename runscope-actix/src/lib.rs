//! An [actix-web] middleware that captures HTTP exchanges and ships them to a bucket of the
//! Runscope messages API.
//!
//! Request and response pass through it unchanged, chunk by chunk.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use runscope_actix::Runscope;
//! use runscope_core::{Config, Recorder};
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (recorder, _guard) = Recorder::start(Config::from_env()?)?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(Runscope::new(&recorder).service("shop"))
//!             .route("/", web::get().to(async || "hello"))
//!     })
//!     .bind(("127.0.0.1", 8080))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! # What actix-web does differently
//!
//! - When the client leaves before the response, actix-web lets the handler run on. The exchange is
//!   recorded when the handler is done, with the handler's own status.
//! - Its header map keeps the order of a name's values, not the order of the names.
//! - A handler's error is turned into a response inside of the middleware, and recorded as that
//!   response. An error of another middleware is recorded with its own status, which is what the
//!   client sees.
//!
//! [actix-web]: https://docs.rs/actix-web

mod middleware;
mod service;
mod future;
mod payload;
mod body;
mod head;

pub use body::CapturedBody;
pub use future::ResponseFuture;
pub use middleware::Runscope;
pub use service::RunscopeService;
