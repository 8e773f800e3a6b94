use super::answer::{Answer, ItemResult, ItemStatus, Receipt, read};
use super::error::Error;
use super::handle::Client;
use super::http::{Posted, RawAnswer};
use crate::id::new_id;
use crate::message::{Context, Message};
use reqwest::Method;
use serde::Deserialize as _;
use serde_json::Value;
use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many messages go into one request. The answer holds a result for each, and of it only 64
/// KiB are read.
const MOST_AT_ONCE: usize = 100;

/// Which messages to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// How many at most, 1 to 1000. Default: what the API takes for it, 50.
    pub count: Option<u16>,
    /// Only those from this time on.
    pub since: Option<SystemTime>,
    /// Only those before this time.
    pub before: Option<SystemTime>,
}

impl ListOptions {
    /// The newest messages, as many as the API gives by itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many at most; numbers beyond 1 to 1000 are brought within.
    #[must_use]
    pub fn count(mut self, count: u16) -> Self {
        self.count = Some(count);
        self
    }

    /// Sets the time from which on.
    #[must_use]
    pub fn since(mut self, time: SystemTime) -> Self {
        self.since = Some(time);
        self
    }

    /// Sets the time before which.
    #[must_use]
    pub fn before(mut self, time: SystemTime) -> Self {
        self.before = Some(time);
        self
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let count = self.count.map(|count| count.clamp(1, 1000).to_string());
        [
            ("count", count),
            ("since", self.since.map(unix_seconds)),
            ("before", self.before.map(unix_seconds)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

impl Client {
    /// Posts messages: one as it is, several as arrays of at most 100. Where the API refuses an
    /// array (400), its messages go one by one, and one that is refused by itself gets its own
    /// error result.
    ///
    /// A message without an identifier is given one, so that the API can store it once. To try
    /// again after an error, give messages identifiers of their own.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses the request, or answers with no results.
    /// [`Error::receipt`] then holds the results of the messages that had been taken before.
    pub async fn create_messages(&self, messages: &[Message]) -> Result<Receipt, Error> {
        let messages = identified(messages);
        let messages: Vec<_> = messages
            .iter()
            .map(|message| self.cleaned(message))
            .collect();
        let mut receipt = Receipt::default();
        for batch in messages.chunks(MOST_AT_ONCE) {
            let outcome = match self.post(batch).await {
                Ok(more) => {
                    receipt.extend(more);
                    continue;
                }
                // The endpoint takes single messages only, or one of these is poison.
                Err(error) if batch.len() > 1 && error.status() == Some(400) => {
                    self.post_one_by_one(batch, &mut receipt).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                return Err(error.with_receipt(receipt));
            }
        }
        Ok(receipt)
    }

    /// The bucket's messages, newest first, without their bodies.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, or answers with something else.
    pub async fn list_messages(&self, options: ListOptions) -> Result<Vec<Message>, Error> {
        self.list("messages", options).await
    }

    /// The bucket's error traffic, failed connections and error statuses, newest first, without
    /// bodies.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, or answers with something else.
    pub async fn list_errors(&self, options: ListOptions) -> Result<Vec<Message>, Error> {
        self.list("errors", options).await
    }

    /// One message of the bucket, by the API's identifier, with its bodies.
    ///
    /// # Errors
    ///
    /// When the API can't be reached, refuses, has no such message, or answers with something else.
    pub async fn message(&self, uuid: &str) -> Result<Message, Error> {
        let segments = ["buckets", self.bucket_key(), "messages", uuid];
        let answer = self.call(Method::GET, &segments, &[], None).await?;
        message(&answer, data(&answer)?)
    }

    /// Removes all messages of the bucket.
    ///
    /// # Errors
    ///
    /// When the API can't be reached or refuses.
    pub async fn clear_messages(&self) -> Result<(), Error> {
        let segments = ["buckets", self.bucket_key(), "messages"];
        self.call(Method::DELETE, &segments, &[], None).await?;
        Ok(())
    }

    async fn list(&self, what: &str, options: ListOptions) -> Result<Vec<Message>, Error> {
        let segments = ["buckets", self.bucket_key(), what];
        let answer = self
            .call(Method::GET, &segments, &options.query(), None)
            .await?;
        list(&answer)?
            .into_iter()
            .map(|item| message(&answer, item))
            .collect()
    }

    async fn post(&self, batch: &[Message]) -> Result<Receipt, Error> {
        let body = encode(batch).map_err(Error::encode)?;
        let ids: Vec<&str> = batch
            .iter()
            .map(|message| message.unique_identifier.as_deref().unwrap_or_default())
            .collect();
        let answer = self
            .post_raw(self.token(), self.bucket_key(), Posted::Plain(body.into()))
            .await?;
        match read(answer.status, &answer.body, &ids) {
            Answer::Results(receipt) => Ok(receipt),
            Answer::Refused(notice) => Err(Error::refused_because(&answer, Some(notice))),
            Answer::Unparsable if answer.is_success() => {
                Err(Error::decode(&answer, "it holds no results"))
            }
            Answer::Unparsable => Err(Error::refused(&answer)),
        }
    }

    async fn post_one_by_one(&self, batch: &[Message], into: &mut Receipt) -> Result<(), Error> {
        for message in batch {
            match self.post(std::slice::from_ref(message)).await {
                Ok(one) => into.extend(one),
                Err(error) if error.is_rejected() => into.reject(message, error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Receipt {
    fn extend(&mut self, more: Self) {
        self.items.extend(more.items);
        self.success_count = self.success_count.saturating_add(more.success_count);
        self.warning_count = self.warning_count.saturating_add(more.warning_count);
        self.error_count = self.error_count.saturating_add(more.error_count);
    }

    fn reject(&mut self, message: &Message, error: Error) {
        let status = error.status().map(i64::from);
        let text = error.to_string();
        let mut notice = error.into_notice().unwrap_or_default();
        notice.code = notice.code.or(status);
        notice.message = notice.message.or(Some(text));
        self.extend(Self {
            items: vec![ItemResult {
                status: ItemStatus::Error,
                unique_identifier: message.unique_identifier.clone(),
                error: Some(notice),
                ..ItemResult::default()
            }],
            error_count: 1,
            ..Self::default()
        });
    }
}

/// The one place where messages become bytes: a single message bare, several as an array.
pub(super) fn encode(messages: &[Message]) -> Result<Vec<u8>, serde_json::Error> {
    match messages {
        [one] => serde_json::to_vec(one),
        several => serde_json::to_vec(several),
    }
}

/// What an answer's envelope holds, or the answer itself if it wears none.
pub(super) fn data(answer: &RawAnswer) -> Result<Value, Error> {
    if answer.truncated {
        return Err(Error::decode(
            answer,
            "it is larger than what is read of one",
        ));
    }
    let mut whole: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Error::decode_because(answer, "it is not JSON", Some(error)))?;
    let fields = whole.as_object_mut();
    match fields.and_then(|fields| fields.remove("data")) {
        Some(data) => match super::answer::reason(&answer.body) {
            Some(notice) => Err(Error::refused_because(answer, Some(notice))),
            None => Ok(data),
        },
        None => Ok(whole),
    }
}

/// The list that an answer holds; null counts as an empty one.
pub(super) fn list(answer: &RawAnswer) -> Result<Vec<Value>, Error> {
    match data(answer)? {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(Vec::new()),
        _ => Err(Error::decode(answer, "it holds no list")),
    }
}

/// Gives an identifier to each message that has none.
fn identified(messages: &[Message]) -> Cow<'_, [Message]> {
    let lacks = |message: &Message| {
        message
            .unique_identifier
            .as_deref()
            .is_none_or(str::is_empty)
    };
    if !messages.iter().any(lacks) {
        return Cow::Borrowed(messages);
    }
    let now = SystemTime::now();
    let mut messages = messages.to_vec();
    for message in messages.iter_mut().filter(|message| lacks(message)) {
        message.unique_identifier = Some(new_id(now).to_string());
    }
    Cow::Owned(messages)
}

fn message(answer: &RawAnswer, mut value: Value) -> Result<Message, Error> {
    if !value.is_object() {
        return Err(Error::decode(
            answer,
            "it holds something that is no message",
        ));
    }
    tidy(&mut value);
    Message::deserialize(value)
        .map_err(|error| Error::decode_because(answer, "it holds a broken message", Some(error)))
}

/// Brings a message into the form that the model reads: no nulls, numbers as numbers, what must be
/// there there, and no context that this version can't read.
fn tidy(message: &mut Value) {
    let Some(message) = message.as_object_mut() else {
        return;
    };
    message.retain(|_, value| !value.is_null());
    if message
        .get("context")
        .is_some_and(|it| Context::deserialize(it).is_err())
    {
        message.remove("context");
    }
    for (part, required) in [
        (
            "request",
            &[("method", Value::from("")), ("url", Value::from(""))][..],
        ),
        ("response", &[("status", Value::from(0))]),
    ] {
        let Some(fields) = message.get_mut(part).and_then(Value::as_object_mut) else {
            continue;
        };
        fields.retain(|_, value| !value.is_null());
        for name in ["status", "timestamp", "response_time", "size_bytes"] {
            if let Some(value) = fields.get_mut(name) {
                number(value);
            }
        }
        for (name, default) in required {
            fields.entry(*name).or_insert_with(|| default.clone());
        }
    }
    for name in ["uuid", "unique_identifier"] {
        if let Some(value) = message.get_mut(name)
            && value.is_number()
        {
            *value = Value::String(value.to_string());
        }
    }
}

/// Makes a number of a text that is one.
fn number(value: &mut Value) {
    let parsed = value.as_str().and_then(|text| {
        let text = text.trim();
        let whole = text.parse::<u64>().ok().map(Value::from);
        whole.or_else(|| text.parse::<f64>().ok().map(Value::from))
    });
    if let Some(parsed) = parsed {
        *value = parsed;
    }
}

/// Unix seconds, with a fraction only where there is one.
fn unix_seconds(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = since_epoch.subsec_micros();
    if micros == 0 {
        return since_epoch.as_secs().to_string();
    }
    let text = format!("{}.{micros:06}", since_epoch.as_secs());
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn one_message_goes_bare_and_several_as_an_array() {
        let message = Message::new().unique_identifier("a");
        let text = |messages: &[Message]| String::from_utf8(encode(messages).unwrap()).unwrap();
        assert_eq!(
            text(std::slice::from_ref(&message)),
            r#"{"unique_identifier":"a"}"#
        );
        assert!(text(&[message.clone(), message]).starts_with(r#"[{"unique_identifier""#));
        assert_eq!(text(&[]), "[]");
    }

    #[test]
    fn list_options_become_a_query() {
        let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        for (options, expected) in [
            (ListOptions::new(), vec![]),
            (ListOptions::new().count(0), vec![("count", "1")]),
            (ListOptions::new().count(5000), vec![("count", "1000")]),
            (
                ListOptions::new()
                    .since(at(1_351_703_153_950))
                    .before(at(2_000)),
                vec![("since", "1351703153.95"), ("before", "2")],
            ),
        ] {
            let query = options.query();
            let query: Vec<_> = query
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            assert_eq!(query, expected);
        }
    }

    #[test]
    fn a_message_is_read_in_any_dress() {
        let answer = RawAnswer {
            status: 200,
            retry_after: None,
            location: None,
            takes_gzip: None,
            body: Vec::new(),
            truncated: false,
        };
        let loose = json!({
            "uuid": 12, "unique_identifier": null, "something": "new",
            "request": {"method": null, "timestamp": "1.5", "headers": null, "body": null},
            "response": {"status": "200", "size_bytes": "7", "headers": {"a": ["1", "2"]}},
            "context": {"outcome": "of a later version"},
        });
        let read = message(&answer, loose).unwrap();
        assert_eq!(read.uuid.as_deref(), Some("12"));
        assert_eq!((read.unique_identifier, read.context), (None, None));
        let request = read.request.unwrap();
        assert_eq!((request.method.as_str(), request.url.as_str()), ("", ""));
        assert_eq!((request.timestamp, request.body), (Some(1.5), None));
        let response = read.response.unwrap();
        assert_eq!((response.status, response.size_bytes), (200, Some(7)));
        assert_eq!(response.headers.all("a").count(), 2);
        for broken in [
            json!(1),
            json!([]),
            json!({"request": 1}),
            json!({"request": {"url": 1}}),
        ] {
            assert!(message(&answer, broken.clone()).is_err(), "{broken}");
        }
    }
}
