//! One HTTP exchange as the inspector keeps it: the message, and what is looked up by.

mod attributes;
mod timestamp;
mod weight;

pub use attributes::{Attributes, UrlParts, outcome_named};
pub use timestamp::Timestamp;

pub(crate) use weight::{head_weight, weight};

use runscope_core::{Fields, Message};
use uuid::Uuid;

/// A stored exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its place in the order of arrival; larger is newer. Never used twice in one data directory.
    pub sequence: i64,
    /// The API's identifier of it.
    pub uuid: Uuid,
    /// What it can be looked up by without reading the message.
    pub attributes: Attributes,
    /// The message; its bodies are left out where they were not asked for.
    pub message: Message,
}

impl Exchange {
    /// The same without its bodies.
    pub(crate) fn without_bodies(self) -> Self {
        Self {
            message: without_bodies(self.message),
            ..self
        }
    }

    /// The bytes of its texts, for those who hold many.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.message)
    }
}

/// A message as a list has it: without its bodies and its form, which is a body too.
pub(crate) fn without_bodies(mut message: Message) -> Message {
    if let Some(request) = &mut message.request {
        request.body = None;
        request.form = Fields::new();
    }
    if let Some(response) = &mut message.response {
        response.body = None;
    }
    message
}
