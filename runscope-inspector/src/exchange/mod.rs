//! One HTTP exchange as the inspector keeps it: the message, and what is looked up by.

mod attributes;
mod timestamp;

pub use attributes::{Attributes, UrlParts, outcome_named};
pub use timestamp::Timestamp;

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
    pub(crate) fn without_bodies(mut self) -> Self {
        if let Some(request) = &mut self.message.request {
            request.body = None;
        }
        if let Some(response) = &mut self.message.response {
            response.body = None;
        }
        self
    }

    /// The bytes of its larger texts, for those who hold many.
    pub(crate) fn weight(&self) -> usize {
        let fields = |fields: &Fields| {
            let values = |values: &[String]| values.iter().map(String::len).sum::<usize>();
            fields
                .iter()
                .map(|(name, all)| name.len().saturating_add(values(all)))
                .sum::<usize>()
        };
        let body = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        let request = self.message.request.as_ref().map_or(0, |request| {
            request.url.len()
                + fields(&request.headers)
                + fields(&request.form)
                + body(&request.body)
        });
        let response = self.message.response.as_ref().map_or(0, |response| {
            fields(&response.headers) + body(&response.body)
        });
        1024 + request + response
    }
}
