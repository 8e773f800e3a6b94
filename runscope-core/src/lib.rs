//! x
#![allow(missing_docs)]
pub mod message;
pub use message::*;
