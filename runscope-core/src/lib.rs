//! The core of runscope.
#![allow(missing_docs)]
pub mod message;
#[allow(dead_code, unused_imports)]
mod config;
mod redact;

pub use config::*;
pub use message::*;
pub use redact::{BodyCallback, BodyContext, BodyVerdict, Redactor, Side};
