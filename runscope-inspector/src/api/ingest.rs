//! Messages that come in: read, checked one by one, stored, and answered one by one.

use super::elements::{all_elements, each_element};
use super::error::ApiError;
use super::metrics::Metrics;
use super::read;
use super::state::Limits;
use crate::alerts::Alerts;
use crate::exchange::head_weight;
use crate::store::{Appended, BucketId, Kept, Store};
use axum::Json;
use axum::response::{IntoResponse, Response};
use runscope_core::{Fields, Message};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt;
use uuid::Uuid;

/// Identifiers are for machines; a longer one is a mistake.
const LONGEST_IDENTIFIER: usize = 256;

const NO_JSON: &str = "the body is not valid JSON";

/// A message, or why it is none.
pub(super) type Item = Result<Message, ItemError>;

/// Why one message is refused, while others of its array are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemError {
    /// Its identifier, if it got as far as having one.
    unique_identifier: Option<String>,
    message: String,
}

impl ItemError {
    /// For what is no message at all.
    pub(super) fn unread(what: &str, mistake: &str) -> Self {
        Self {
            unique_identifier: None,
            message: format!("not a {what}: {mistake}"),
        }
    }
}

/// Splits a body into its messages: one object, or an array of them.
pub(super) fn read_messages(body: &[u8], limits: &Limits) -> Result<Vec<Item>, ApiError> {
    // The store gives identifiers of its own; one that was read back elsewhere means nothing here.
    let new = |mut message: Message| {
        message.uuid = None;
        message
    };
    let read = |text: &str| read_message(text, limits).map(new);
    let no_json = |error: &dyn fmt::Display| ApiError::bad_request(format!("{NO_JSON}: {error}"));
    // In what nobody reads, too, JSON is UTF-8 (RFC 8259, section 8.1).
    let body = str::from_utf8(body).map_err(|error| no_json(&error))?;
    let whole = || serde_json::from_str::<&RawValue>(body).map_err(|error| no_json(&error));
    if !body.trim_ascii_start().starts_with('[') {
        return Ok(vec![read(whole()?.get())]);
    }
    let limit = limits.messages;
    // Nearly always all of them are messages. To part them first costs a look at every byte more, and only
    // tells what is wrong with which.
    if let Some(messages) = all_elements::<Message>(body, limit) {
        let checked = messages
            .into_iter()
            .map(|message| check(message, limits).map(new));
        return Ok(checked.collect());
    }
    let mut items = Vec::new();
    each_element(whole()?.get().as_bytes(), NO_JSON, |element| {
        if items.len() >= limit {
            return Err(ApiError::bad_request(format!(
                "the array is over the limit of {limit} messages"
            )));
        }
        items.push(read(element));
        Ok(())
    })?;
    Ok(items)
}

/// Reads one message and checks what its type can't say.
pub(super) fn read_message(text: &str, limits: &Limits) -> Item {
    let message =
        read::json(text.as_bytes()).map_err(|mistake| ItemError::unread("message", &mistake))?;
    check(message, limits)
}

/// The message, if it can be stored.
pub(super) fn check(message: Message, limits: &Limits) -> Item {
    match mistake(&message, limits) {
        Some(mistake) => Err(ItemError {
            unique_identifier: message.unique_identifier.filter(|id| is_identifier(id)),
            message: mistake,
        }),
        None => Ok(message),
    }
}

/// Stores what can be stored, shows it to the rules of alerts if there are any, and adds one result for
/// each item, in order.
pub(super) fn store_items(
    store: &dyn Store,
    alerts: Option<&Alerts>,
    metrics: &Metrics,
    bucket: BucketId,
    items: Vec<Item>,
    results: &mut Results,
) -> Result<(), ApiError> {
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
        append(store, alerts, bucket, messages)?
    };
    let mut appended = appended.into_iter();
    for slot in slots {
        match slot {
            Ok(identifier) => {
                let appended = appended.next();
                if let Some(appended) = appended {
                    metrics.kept(appended.kept);
                }
                results.add_stored(identifier, appended);
            }
            Err(error) => {
                metrics.refused();
                results.add_refused(error);
            }
        }
    }
    Ok(())
}

fn append(
    store: &dyn Store,
    alerts: Option<&Alerts>,
    bucket: BucketId,
    messages: Vec<Message>,
) -> Result<Vec<Appended>, ApiError> {
    let Some(ticket) = alerts.and_then(|alerts| alerts.begin(bucket)) else {
        return Ok(store.append(bucket, messages)?);
    };
    let copies = ticket.copies(&messages);
    let appended = store.append(bucket, messages)?;
    ticket.finish(bucket, copies, &appended);
    Ok(appended)
}

/// What became of each message.
#[derive(Debug)]
pub(super) struct Results {
    listed: Vec<ItemResult>,
    /// How many are listed of those that were stored, and of those that were refused.
    most_listed: usize,
    stored: usize,
    /// Those of the stored ones that were there before.
    known: usize,
    refused: usize,
    /// Whether the answer says how many were known.
    tells_known: bool,
}

#[derive(Debug, Serialize)]
struct ItemResult {
    status: &'static str,
    unique_identifier: Option<String>,
    uuid: Option<Uuid>,
    warning: Option<Remark>,
    error: Option<Remark>,
}

#[derive(Debug, Serialize)]
struct Remark {
    code: u16,
    message: String,
    more_info: Option<()>,
}

impl Results {
    /// Results of which every one is listed.
    pub(super) fn all() -> Self {
        Self {
            listed: Vec::new(),
            most_listed: usize::MAX,
            stored: 0,
            known: 0,
            refused: 0,
            tells_known: false,
        }
    }

    /// Results of an import, of which so many stored and so many refused ones are listed; all are
    /// counted, and those that were there before once more.
    pub(super) fn of_import(most_listed: usize) -> Self {
        Self {
            most_listed,
            tells_known: true,
            ..Self::all()
        }
    }

    fn add_stored(&mut self, unique_identifier: Option<String>, appended: Option<Appended>) {
        if self.stored < self.most_listed {
            self.listed.push(ItemResult {
                status: "success",
                unique_identifier,
                uuid: appended.map(|appended| appended.uuid),
                warning: None,
                error: None,
            });
        }
        self.stored = self.stored.saturating_add(1);
        let known = appended.is_some_and(|appended| appended.kept == Kept::Known);
        self.known = self.known.saturating_add(usize::from(known));
    }

    fn add_refused(&mut self, error: ItemError) {
        let ItemError {
            unique_identifier,
            message,
        } = error;
        if self.refused < self.most_listed {
            self.listed.push(ItemResult {
                status: "error",
                unique_identifier,
                uuid: None,
                warning: None,
                error: Some(Remark {
                    code: 400,
                    message,
                    more_info: None,
                }),
            });
        }
        self.refused = self.refused.saturating_add(1);
    }
}

/// The documented answer. The published description spells one counter with three c, and clients
/// read it with two: both are there.
impl IntoResponse for Results {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Answer {
            data: Vec<ItemResult>,
            meta: Meta,
            error: Option<()>,
        }
        #[derive(Serialize)]
        struct Meta {
            status: &'static str,
            success_count: usize,
            succcess_count: usize,
            warning_count: usize,
            error_count: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            duplicate_count: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            unlisted_count: Option<usize>,
        }
        let Self {
            listed,
            stored,
            known,
            refused,
            tells_known,
            ..
        } = self;
        let unlisted = stored.saturating_add(refused).saturating_sub(listed.len());
        let meta = Meta {
            status: "success",
            success_count: stored,
            succcess_count: stored,
            warning_count: 0,
            error_count: refused,
            duplicate_count: tells_known.then_some(known),
            unlisted_count: Some(unlisted).filter(|unlisted| *unlisted > 0),
        };
        Json(Answer {
            data: listed,
            meta,
            error: None,
        })
        .into_response()
    }
}

/// The bytes of a message without its bodies and form: every list of messages holds them.
const LARGEST_HEAD: usize = 1 << 20;

/// What is wrong with a message, if anything is.
fn mistake(message: &Message, limits: &Limits) -> Option<String> {
    let identifier = message.unique_identifier.as_deref();
    if identifier.is_some_and(|id| !is_identifier(id)) {
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
    let too_many = |side: &str, headers: &Fields| {
        let count: usize = headers.iter().map(|(_, values)| values.len()).sum();
        (count > limits.headers)
            .then(|| format!("{side}.headers are over the limit of {}", limits.headers))
    };
    if let Some(request) = &message.request {
        for (name, text) in [("method", &request.method), ("url", &request.url)] {
            if text.is_empty() {
                return Some(format!("request.{name} must not be empty"));
            }
        }
        if let Some(mistake) = too_many("request", &request.headers) {
            return Some(mistake);
        }
        // The error begins with the name of the field.
        if let Err(error) = request.body_bytes() {
            return Some(format!("request.{error}"));
        }
    }
    if let Some(response) = &message.response {
        if !(100..=999).contains(&response.status) {
            return Some(format!(
                "response.status must be from 100 to 999, not {}",
                response.status
            ));
        }
        if let Some(mistake) = too_many("response", &response.headers) {
            return Some(mistake);
        }
        if let Err(error) = response.body_bytes() {
            return Some(format!("response.{error}"));
        }
    }
    None
}

fn is_identifier(text: &str) -> bool {
    (1..=LONGEST_IDENTIFIER).contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_parted_into_its_messages() {
        let limits = Limits {
            messages: 2,
            ..Limits::default()
        };
        let good = r#"{"uuid":"x","response":{"status":204}}"#;
        let too_many = "the array is over the limit of 2 messages";
        for (body, expected) in [
            (format!("[{good},{good}]"), Ok("++")),
            (format!(" \n[{good}, 7]"), Ok("+-")),
            (format!("[{good},{{}}]"), Ok("+-")),
            (good.to_owned(), Ok("+")),
            ("[]".to_owned(), Ok("")),
            (format!("[{good},{good},{good}]"), Err(too_many)),
            (format!("[7,{good},{good}]"), Err(too_many)),
            (format!("[{good}] 7"), Err(NO_JSON)),
            (format!("[{good}"), Err(NO_JSON)),
            (String::new(), Err(NO_JSON)),
        ] {
            let read = read_messages(body.as_bytes(), &limits);
            match (&read, expected) {
                (Ok(items), Ok(expected)) => {
                    let sign = |item: &Item| if item.is_ok() { '+' } else { '-' };
                    assert_eq!(
                        items.iter().map(sign).collect::<String>(),
                        expected,
                        "{body}"
                    );
                    let mut messages = items.iter().flatten();
                    assert!(messages.all(|message| message.uuid.is_none()));
                }
                (Err(error), Err(expected)) => {
                    assert!(error.message().starts_with(expected), "{body}: {error:?}");
                }
                _ => panic!("{body}: {read:?}"),
            }
        }
    }

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
                Some("request.method must not be empty"),
            ),
            (
                r#"{"request":{"url":"/"}}"#,
                Some("not a message: request.method is missing"),
            ),
            (
                r#"{"response":{"status":20}}"#,
                Some("response.status must be from 100 to 999, not 20"),
            ),
            (
                r#"{"response":{"status":"200"}}"#,
                Some("not a message: response.status must be a whole number"),
            ),
            (
                r#"{"response":{"status":200,"headers":{"a":["1","2","3"]}}}"#,
                Some("response.headers are over the limit of 2"),
            ),
            (
                r#"{"response":{"status":200,"body":"%","body_encoding":"base64"}}"#,
                Some("response.body_encoding is base64"),
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
