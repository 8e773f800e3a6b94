//! Messages that come in: read, checked one by one, stored, and answered one by one.

use super::error::ApiError;
use super::metrics::Metrics;
use super::state::Limits;
use crate::exchange::head_weight;
use crate::store::{Appended, BucketId, Store};
use runscope_core::{Fields, Message};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Identifiers are for machines; a longer one is a mistake.
const LONGEST_IDENTIFIER: usize = 256;

/// A message, or why it is none.
pub(super) type Item = Result<Message, ItemError>;

/// Why one message is refused, while others of its array are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemError {
    /// Its identifier, if it got as far as having one.
    unique_identifier: Option<String>,
    message: String,
}

/// Splits a body into its messages: one object, or an array of them.
pub(super) fn read_messages(body: &[u8], limits: &Limits) -> Result<Vec<Item>, ApiError> {
    let broken = |error: serde_json::Error| {
        ApiError::bad_request(format!("the body is not valid JSON: {error}"))
    };
    let raw: &RawValue = serde_json::from_slice(body).map_err(broken)?;
    if !raw.get().starts_with('[') {
        return Ok(vec![read_message(raw.get(), limits)]);
    }
    let messages: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(broken)?;
    if messages.len() > limits.messages {
        let limit = limits.messages;
        return Err(ApiError::bad_request(format!(
            "the array is over the limit of {limit} messages"
        )));
    }
    Ok(messages
        .into_iter()
        .map(|raw| read_message(raw.get(), limits))
        .collect())
}

/// Reads one message and checks what its type can't say.
pub(super) fn read_message(text: &str, limits: &Limits) -> Item {
    let message: Message = serde_json::from_str(text).map_err(|error| ItemError {
        unique_identifier: None,
        message: format!("not a message: {error}"),
    })?;
    check(message, limits)
}

/// The message, if it can be stored.
pub(super) fn check(mut message: Message, limits: &Limits) -> Item {
    match mistake(&message, limits) {
        Some(mistake) => Err(ItemError {
            unique_identifier: message.unique_identifier,
            message: mistake,
        }),
        None => {
            // The store gives identifiers of its own; one that was read back elsewhere means nothing here.
            message.uuid = None;
            Ok(message)
        }
    }
}

/// Stores what can be stored; one result for each item, in order.
pub(super) fn store_items(
    store: &dyn Store,
    metrics: &Metrics,
    bucket: BucketId,
    items: Vec<Item>,
) -> Result<Results, ApiError> {
    let mut messages = Vec::with_capacity(items.len());
    let mut slots = Vec::with_capacity(items.len());
    for item in items {
        slots.push(item.map(|message| {
            let identifier = message.unique_identifier.clone();
            messages.push(message);
            identifier
        }));
    }
    let appended = if messages.is_empty() {
        Vec::new()
    } else {
        store.append(bucket, messages)?
    };
    let mut appended = appended.into_iter();
    let results = slots.into_iter().map(|slot| match slot {
        Ok(identifier) => {
            let appended = appended.next();
            appended
                .iter()
                .for_each(|appended| metrics.kept(appended.kept));
            ItemResult::stored(identifier, appended)
        }
        Err(error) => {
            metrics.refused();
            ItemResult::refused(error)
        }
    });
    Ok(Results {
        data: results.collect(),
    })
}

/// What became of each message.
#[derive(Debug, Default)]
pub(super) struct Results {
    data: Vec<ItemResult>,
}

#[derive(Debug, Serialize)]
struct ItemResult {
    status: &'static str,
    unique_identifier: Option<String>,
    uuid: Option<String>,
    warning: Option<Value>,
    error: Option<Value>,
}

impl Results {
    pub(super) fn extend(&mut self, other: Self) {
        self.data.extend(other.data);
    }

    /// The documented answer. The published description spells one counter with three c, and
    /// clients read it with two: both are there.
    pub(super) fn into_json(self) -> Value {
        let errors = self
            .data
            .iter()
            .filter(|result| result.error.is_some())
            .count();
        let successes = self.data.len() - errors;
        let meta = json!({
            "status": "success",
            "success_count": successes,
            "succcess_count": successes,
            "warning_count": 0,
            "error_count": errors,
        });
        json!({ "data": self.data, "meta": meta, "error": null })
    }
}

impl ItemResult {
    fn stored(unique_identifier: Option<String>, appended: Option<Appended>) -> Self {
        let uuid = appended.map(|appended| appended.uuid.to_string());
        Self {
            status: "success",
            unique_identifier,
            uuid,
            warning: None,
            error: None,
        }
    }

    fn refused(error: ItemError) -> Self {
        let ItemError {
            unique_identifier,
            message,
        } = error;
        let error = json!({ "code": 400, "message": message, "more_info": null });
        Self {
            status: "error",
            unique_identifier,
            uuid: None,
            warning: None,
            error: Some(error),
        }
    }
}

/// The bytes of a message without its bodies and form: every list of messages holds them.
const LARGEST_HEAD: usize = 1 << 20;

/// What is wrong with a message, if anything is.
fn mistake(message: &Message, limits: &Limits) -> Option<String> {
    let identifier = message.unique_identifier.as_deref();
    if identifier.is_some_and(|id| id.is_empty() || id.len() > LONGEST_IDENTIFIER) {
        return Some(format!(
            "unique_identifier must have 1 to {LONGEST_IDENTIFIER} bytes"
        ));
    }
    if message.request.is_none() && message.response.is_none() {
        return Some("a message has a request, a response, or both".to_owned());
    }
    if head_weight(message) > LARGEST_HEAD {
        return Some(format!(
            "url, headers, params and context are over the limit of {} KiB together",
            LARGEST_HEAD >> 10
        ));
    }
    let too_many = |headers: &Fields| {
        let count: usize = headers.iter().map(|(_, values)| values.len()).sum();
        (count > limits.headers)
            .then(|| format!("the headers are over the limit of {}", limits.headers))
    };
    if let Some(request) = &message.request {
        if request.method.is_empty() || request.url.is_empty() {
            return Some("a request has a method and a url".to_owned());
        }
        if let Some(mistake) = too_many(&request.headers) {
            return Some(mistake);
        }
        if let Err(error) = request.body_bytes() {
            return Some(format!("request: {error}"));
        }
    }
    if let Some(response) = &message.response {
        if !(100..=999).contains(&response.status) {
            return Some("a response's status is from 100 to 999".to_owned());
        }
        if let Some(mistake) = too_many(&response.headers) {
            return Some(mistake);
        }
        if let Err(error) = response.body_bytes() {
            return Some(format!("response: {error}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_is_judged_alone() {
        let limits = Limits {
            headers: 2,
            ..Limits::default()
        };
        for (text, mistake) in [
            (r#"{"request":{"method":"GET","url":"/"}}"#, None),
            (r#"{"response":{"status":204}}"#, None),
            (
                r#"{"unique_identifier":"a"}"#,
                Some("a message has a request, a response, or both"),
            ),
            (
                r#"{"unique_identifier":"","response":{"status":204}}"#,
                Some("unique_identifier must have"),
            ),
            (
                r#"{"request":{"method":"","url":"/"}}"#,
                Some("a request has a method and a url"),
            ),
            (
                r#"{"request":{"url":"/"}}"#,
                Some("not a message: missing field `method`"),
            ),
            (
                r#"{"response":{"status":20}}"#,
                Some("a response's status is from 100 to 999"),
            ),
            (
                r#"{"response":{"status":"200"}}"#,
                Some("not a message: invalid type"),
            ),
            (
                r#"{"response":{"status":200,"headers":{"a":["1","2","3"]}}}"#,
                Some("the headers are over the limit of 2"),
            ),
            (
                r#"{"response":{"status":200,"body":"%","body_encoding":"base64"}}"#,
                Some("response: body_encoding is base64"),
            ),
            ("7", Some("not a message")),
        ] {
            match (read_message(text, &limits), mistake) {
                (Ok(_), None) => {}
                (Err(error), Some(mistake)) => {
                    assert!(error.message.starts_with(mistake), "{text}: {error:?}");
                }
                (item, _) => panic!("{text}: {item:?}"),
            }
        }
    }
}
