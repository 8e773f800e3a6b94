//! Capture: from the first byte of a request to a plain record of the exchange.
//!
//! An adapter begins an exchange with the request's head, shows it every frame that passes, and
//! tells the response's head. Everything else is decided here, so that all frameworks share it.

mod head;
mod begin;
mod sample;
mod forwarded;
mod url;
mod flat;
mod budget;
mod tap;
mod exchange;
mod current;
mod finish;
mod record;
mod text;
mod streams;

pub use budget::bytes_held;
pub use current::current_exchange;
pub use exchange::{Exchange, ExchangeHandle, RequestTap};
pub use head::{RequestHead, ResponseHead};

pub(crate) use current::never_capture_on_this_thread;
pub(crate) use exchange::Shared;
pub(crate) use flat::{Headers, Span};
pub(crate) use record::{Record, RequestPart, ResponsePart};
pub(crate) use streams::Streams;
pub(crate) use tap::{Chunks, Tap};
pub(crate) use text::may_be_cut;
