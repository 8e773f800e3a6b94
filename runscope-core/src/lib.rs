//! The core of runscope: what is captured, how it is cleaned, and how it is delivered.
//!
//! Apps use it through the `runscope` crate, which brings the layers for axum, tower and actix-web.
//! Use this crate to write an adapter for another framework, or to call the messages API directly.
//!
//! The walk of an exchange: an adapter [begins](Recorder::begin) it with the request's head, shows
//! it every frame, tells the response's head; it ends as a plain record in a bounded queue, from
//! which the delivery thread takes it, cleans its bodies, encodes it and posts it in a batch.

pub mod message;
pub mod config;
pub mod capture;
mod id;
pub mod redact;
mod encode;
pub mod delivery;
pub mod client;
pub mod sink;
mod recorder;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

pub use capture::{
    Exchange, ExchangeHandle, RequestHead, RequestTap, ResponseHead, bytes_held, current_exchange,
};
pub use client::Client;
pub use config::{AccessToken, Config, ConfigBuilder, ConfigError, Scheme, Scope, SpoolKeep};
pub use delivery::{StartError, Stats, Unflushed};
pub use message::{
    Body, BodyEncoding, BodyError, BodyInfo, BodyState, Context, Direction, Fields, Message,
    Outcome, Request, Response, Withheld,
};
pub use recorder::{Guard, Recorder};
pub use redact::RedactionRules;
pub use sink::{FileSink, MemorySink, Sink};
