//! The one redactor: everything that leaves the process passes through it.
//!
//! It works on plain bytes. Header values and URLs are cleaned on the request thread, without a lock
//! and without an allocation of its own; bodies are cleaned by the worker. Every scanner walks its
//! input once and reports edits in ascending order, so that an input that holds no secret is never
//! copied. Whatever cannot be judged (a JSON body that does not parse, a multipart body without its
//! boundary) is masked whole, never sent clear.

mod rules;
mod redactor;
mod edits;
mod names;
mod words;
pub(crate) mod octets;
mod cache;
mod header;
mod url;
mod percent;
mod patterns;
mod body;
mod json;
mod json_keys;
mod json_string;
mod json_grammar;
mod multipart;
mod disposition;
mod event_stream;
mod text;
mod assignment;
mod value;
mod element;
#[cfg(test)]
mod tests;

pub use redactor::{BodyVerdict, Redactor};
pub use rules::{BodyCallback, BodyContext, RedactionRules, Side};

/// What stands where a secret stood.
pub(crate) const MASK: &str = "[redacted]";
