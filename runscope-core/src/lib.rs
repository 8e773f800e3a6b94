//! x
#![allow(missing_docs)]
pub mod message;
pub use message::*;
mod redact;
pub use redact::{BodyCallback, BodyContext, BodyVerdict, RedactionRules, Redactor, Side};
