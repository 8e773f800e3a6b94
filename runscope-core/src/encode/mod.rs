//! The one encoder: a captured exchange becomes a message of the API, cleaned, as JSON.
//!
//! It writes straight into a buffer that is used again. What it writes is what the serde form of
//! [`Message`](crate::Message) reads, which a test holds it to.

mod json;
mod decode;
mod body;
mod head;
mod message;
mod clean;

pub(crate) use clean::clean;
pub(crate) use message::Encoder;
