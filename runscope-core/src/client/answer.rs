use super::loose;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::{HashMap, VecDeque};
use std::fmt;

/// What the API said about each of the messages that were posted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// One result for each message, in the order in which they were given.
    pub items: Vec<ItemResult>,
    /// How many messages were stored without remarks, as the API counted them.
    pub success_count: u64,
    /// How many were stored with a warning.
    pub warning_count: u64,
    /// How many were not stored.
    pub error_count: u64,
}

/// What became of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ItemResult {
    /// Whether it was stored.
    #[serde(deserialize_with = "status")]
    pub status: ItemStatus,
    /// The sender's identifier.
    #[serde(deserialize_with = "loose::text")]
    pub unique_identifier: Option<String>,
    /// The API's identifier.
    #[serde(deserialize_with = "loose::text")]
    pub uuid: Option<String>,
    /// Why the API had a remark.
    #[serde(deserialize_with = "notice")]
    pub warning: Option<Notice>,
    /// Why the message was not stored.
    #[serde(deserialize_with = "notice")]
    pub error: Option<Notice>,
}

/// Whether a message was stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemStatus {
    /// Stored.
    Success,
    /// Stored, with a remark.
    Warning,
    /// Not stored.
    Error,
    /// The answer holds no result for it, or one that this version does not know.
    #[default]
    Unknown,
}

/// A warning or an error in the API's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The API's number for it; in an envelope, the HTTP status.
    pub code: Option<i64>,
    /// What is wrong.
    pub message: Option<String>,
    /// Where to read on.
    pub more_info: Option<String>,
}

/// What an answer to posted messages amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// One result for each message that was sent.
    Results(Receipt),
    /// None of them was taken, and the API says why.
    Refused(Notice),
    /// Nothing that the messages API would send.
    Unparsable,
}

/// Reads the answer to the messages with the ids `sent`.
///
/// Only a success (2xx) can hold results. Results go to the messages whose identifier they bear,
/// and where they bear none, to the others in order.
pub(crate) fn read<S: AsRef<str>>(status: u16, body: &[u8], sent: &[S]) -> Answer {
    let Some(envelope) = Envelope::parse(body) else {
        return Answer::Unparsable;
    };
    let success = matches!(status, 200..=299);
    let Envelope {
        data,
        meta,
        error,
        plain,
    } = envelope;
    if success && let Some(results) = results(data, error.is_some()) {
        return Answer::Results(receipt(results, &meta, sent));
    }
    // A bare `message` beside a success may say anything; with an error's code it is an error.
    let plain = plain.filter(|notice| !success || notice.code >= Some(400));
    error.or(plain).map_or(Answer::Unparsable, Answer::Refused)
}

/// The reason that a refusal gives, if it is one of the API's.
pub(crate) fn reason(body: &[u8]) -> Option<Notice> {
    let envelope = Envelope::parse(body)?;
    envelope.error.or(envelope.plain)
}

/// An error as an object or as plain text; null, an empty object and an empty text are none.
fn notice<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Notice>, D::Error> {
    from.deserialize_any(NoticeVisitor)
}

struct Envelope {
    data: Option<Vec<ItemResult>>,
    meta: Meta,
    error: Option<Notice>,
    /// `{"code", "message", "fields"}` without an envelope round it.
    plain: Option<Notice>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Enveloped {
    #[serde(deserialize_with = "loose::many")]
    data: Option<Vec<ItemResult>>,
    #[serde(deserialize_with = "loose::object")]
    meta: Meta,
    #[serde(deserialize_with = "notice")]
    error: Option<Notice>,
    #[serde(deserialize_with = "loose::int")]
    code: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    more_info: Option<String>,
    fields: Option<serde_json::Value>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Meta {
    #[serde(deserialize_with = "loose::count")]
    success_count: Option<u64>,
    /// The published description of the API spells it so.
    #[serde(deserialize_with = "loose::count")]
    succcess_count: Option<u64>,
    #[serde(deserialize_with = "loose::count")]
    warning_count: Option<u64>,
    #[serde(deserialize_with = "loose::count")]
    error_count: Option<u64>,
}

impl Envelope {
    fn parse(body: &[u8]) -> Option<Self> {
        if body.trim_ascii_start().starts_with(b"[") {
            let mut json = serde_json::Deserializer::from_slice(body);
            let data = loose::many(&mut json).ok()?;
            json.end().ok()?;
            return Some(Self {
                data,
                meta: Meta::default(),
                error: None,
                plain: None,
            });
        }
        let whole: Enveloped = serde_json::from_slice(body).ok()?;
        let plain = whole.code.is_some() || whole.message.is_some();
        let fields = whole.fields.filter(|fields| !fields.is_null());
        Some(Self {
            data: whole.data,
            meta: whole.meta,
            error: whole.error,
            plain: plain.then(|| Notice {
                code: whole.code,
                message: whole.message,
                more_info: whole.more_info.or_else(|| fields.map(|it| it.to_string())),
            }),
        })
    }
}

/// The results, unless what stands in their place is something else, such as `"data": {}`, or an
/// empty list in the envelope of a refusal.
fn results(data: Option<Vec<ItemResult>>, refused: bool) -> Option<Vec<ItemResult>> {
    let blank = ItemResult::default();
    data.filter(|items| match items.as_slice() {
        [] => !refused,
        items => items.iter().any(|item| *item != blank),
    })
}

fn receipt<S: AsRef<str>>(results: Vec<ItemResult>, meta: &Meta, sent: &[S]) -> Receipt {
    let items = in_order(results, sent);
    let count = |status| items.iter().filter(|item| item.status == status).count() as u64;
    let success = meta.success_count.or(meta.succcess_count);
    Receipt {
        success_count: success.unwrap_or_else(|| count(ItemStatus::Success)),
        warning_count: meta
            .warning_count
            .unwrap_or_else(|| count(ItemStatus::Warning)),
        error_count: meta.error_count.unwrap_or_else(|| count(ItemStatus::Error)),
        items,
    }
}

/// Puts the results into the order of the messages, one for each.
fn in_order<S: AsRef<str>>(mut results: Vec<ItemResult>, sent: &[S]) -> Vec<ItemResult> {
    let bears =
        |(result, id): (&ItemResult, &S)| result.unique_identifier.as_deref() == Some(id.as_ref());
    // As nearly every answer is.
    if results.len() == sent.len() && results.iter().zip(sent).all(bears) {
        results.iter_mut().for_each(ItemResult::settle);
        return results;
    }
    // A request and its response may be sent as two messages with one identifier.
    let mut places: HashMap<&str, VecDeque<usize>> = HashMap::with_capacity(sent.len());
    for (at, id) in sent.iter().enumerate() {
        places.entry(id.as_ref()).or_default().push_back(at);
    }
    let all_there = results.len() == sent.len();
    let mut slots: Vec<Option<ItemResult>> = vec![None; sent.len()];
    let mut loose_ones = VecDeque::new();
    for mut result in results {
        result.settle();
        let place = match result.unique_identifier.as_deref() {
            Some(id) => places.get_mut(id).and_then(VecDeque::pop_front),
            None => None,
        };
        match place.and_then(|at| slots.get_mut(at)) {
            Some(slot) => *slot = Some(result),
            // An identifier that was never sent belongs to nothing of ours, unless the API writes
            // identifiers its own way and the order still tells.
            None if result.unique_identifier.is_none() || all_there => loose_ones.push_back(result),
            None => {}
        }
    }
    slots
        .into_iter()
        .zip(sent)
        .map(|(slot, id)| {
            let mut item = slot.or_else(|| loose_ones.pop_front()).unwrap_or_default();
            item.unique_identifier = Some(id.as_ref().to_owned());
            item
        })
        .collect()
}

impl ItemResult {
    /// Infers a status that was left out from what stands beside it.
    fn settle(&mut self) {
        if self.status == ItemStatus::Unknown {
            self.status = match self {
                Self { error: Some(_), .. } => ItemStatus::Error,
                Self {
                    warning: Some(_), ..
                } => ItemStatus::Warning,
                Self { uuid: Some(_), .. } => ItemStatus::Success,
                _ => ItemStatus::Unknown,
            };
        }
    }
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<ItemStatus, D::Error> {
    let text = loose::text(from)?.unwrap_or_default();
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    Ok(match () {
        () if is("success") => ItemStatus::Success,
        () if is("warning") => ItemStatus::Warning,
        () if is("error") => ItemStatus::Error,
        () => ItemStatus::Unknown,
    })
}

struct NoticeVisitor;

impl<'de> Visitor<'de> for NoticeVisitor {
    type Value = Option<Notice>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error object or its text")
    }

    loose::absent!(None; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((!text.is_empty()).then(|| Notice {
            message: Some(text.to_owned()),
            ..Notice::default()
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        loose::skip_seq(seq).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let fields = serde_json::Map::deserialize(MapAccessDeserializer::new(map))?;
        if fields.is_empty() {
            return Ok(None);
        }
        let text = |name: &str| fields.get(name).and_then(|value| loose::text(value).ok()?);
        let int = |name: &str| fields.get(name).and_then(|value| loose::int(value).ok()?);
        Ok(Some(Notice {
            code: int("code").or_else(|| int("status")),
            message: text("message"),
            more_info: text("more_info"),
        }))
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
