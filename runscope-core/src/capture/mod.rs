//! Capture: from the first byte of a request to a plain record of the exchange.
//!
//! An adapter begins an exchange with the request's head, shows it every frame that passes, and
//! tells the response's head. Everything else is decided here, so that all frameworks share it.
//!
//! # Writing an adapter
//!
//! For a framework that has no adapter yet it takes four steps. They are shown here on a function
//! that answers at once; where there are futures, each poll of the handler and of the response's
//! body goes into [`Exchange::scope`], and the exchange moves from the response's future into the
//! response's body, so that a drop of either is recorded as what it is.
//!
//! ```
//! use bytes::Bytes;
//! use runscope_core::{Config, MemorySink, Recorder, RequestHead, ResponseHead};
//! # use std::time::Duration;
//!
//! # let sink = MemorySink::new();
//! # let config = Config::builder().log_body(true).sink(sink.clone()).build()?;
//! # let (recorder, guard) = Recorder::start(config)?;
//! # let read_chunk = || None::<Bytes>;
//! # let handle = |_: &[u8]| Ok::<_, std::io::Error>("fine");
//! // 1. Begin with the head; names are in lower case. `None`: this one is not captured.
//! let headers = [("host", &b"shop.example"[..]), ("content-type", b"text/plain")];
//! let mut head = RequestHead::new("POST", "/orders?page=2");
//! head.route = Some("/orders");
//! let Some(mut exchange) = recorder.begin(&head, || headers.into_iter()) else {
//!     // … answer as if there were no adapter …
//! #   unreachable!();
//! };
//!
//! // 2. Show the request's body as the handler takes it. `None`: leave it as it is.
//! let mut body = Vec::new();
//! if let Some(tap) = exchange.request_tap() {
//!     tap.polled();
//!     while let Some(chunk) = read_chunk() {
//!         tap.frame(&chunk);
//!         body.extend_from_slice(&chunk);
//!     }
//!     tap.end();
//! }
//!
//! // 3. Tell the response's head, or the failure.
//! match exchange.scope(|| handle(&body)) {
//!     Err(error) => exchange.fail(&error, Some(500)),
//!     Ok(answer) => {
//!         exchange.respond(ResponseHead::new(200), || {
//!             [("content-type", &b"text/plain"[..])].into_iter()
//!         });
//!         // 4. Show the response's body as it goes out, and its end.
//!         exchange.frame(&Bytes::from(answer));
//!         exchange.end();
//!     }
//! }
//! # recorder.flush_blocking(Duration::from_secs(5))?;
//! # assert_eq!(sink.messages()[0].response.as_ref().unwrap().body.as_deref(), Some("fine"));
//! # drop(guard);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A step too many or too few harms nothing: what comes after the end is ignored, a second response
//! takes the place of the first, and a dropped exchange is recorded. Each makes exactly one record.

mod head;
mod begin;
mod sample;
mod forwarded;
mod url;
mod flat;
mod budget;
mod tap;
mod passed;
mod spares;
mod exchange;
mod shared;
mod handle;
mod request_tap;
mod current;
mod finish;
mod record;
mod text;
mod streams;

pub use budget::bytes_held;
pub use current::current_exchange;
pub use exchange::Exchange;
pub use handle::ExchangeHandle;
pub use head::{RequestHead, ResponseHead};
pub use request_tap::RequestTap;

pub(crate) use current::never_capture_on_this_thread;

pub(crate) use flat::{Flat, Headers, Span};
pub(crate) use head::trace_id;
pub(crate) use record::{Record, ResponsePart};
pub(crate) use shared::Shared;
pub(crate) use spares::Spares;
pub(crate) use streams::Streams;
pub(crate) use tap::{Chunks, Tap};
pub(crate) use text::may_be_cut;
