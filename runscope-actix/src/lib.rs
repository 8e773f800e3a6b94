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
//! # Where the frameworks differ
//!
//! The same exchange makes the same message here and in axum by way of `runscope-tower`, but for
//! these:
//!
//! - **The client leaves early.** axum drops the handler, or the body, as soon as it sees that, and
//!   the exchange is recorded as aborted: with the status 499 before the response, with what was sent
//!   during it. actix-web does so only where the connection was reset. After a close in good order,
//!   and after the reset of an HTTP/2 stream, the handler runs on, and the exchange is recorded when
//!   it is done, with its own status.
//! - **The connection is reset while the request's body comes in.** In axum the handler gets the
//!   body's error and its answer is recorded; actix-web drops the handler, so the exchange is aborted.
//! - **An inner layer or middleware fails.** The error's text is recorded in both. An actix-web error
//!   knows the response that the client is going to see, so its status is recorded too; in axum that
//!   response is made outside of the layer, and the message has none.
//! - **Headers of a WebSocket's handshake.** `connection: upgrade` is set inside of the layer by axum,
//!   and behind the middleware by actix-web.
//! - **Round the whole app.** `App::wrap` knows the route's template. A layer round a whole `Router`
//!   does not, and sees the `content-length` that the router sets; put with `Router::layer` it sees
//!   what a middleware sees here.
//! - **The order of headers.** actix-web's header map keeps the order of a name's values, axum's that
//!   of the names too.
//!
//! No message shows that actix-web sends no trailers, nor that it sends `100 Continue` before the
//! handler asks for the body. A handler's own error is a response by the time it gets to the
//! middleware, and is recorded as that in both.
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
