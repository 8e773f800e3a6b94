//! What is found of a call, compared.

use super::comparison::Comparison;
use crate::query::parse_number;
use serde_json::Value;
use std::borrow::Cow;

/// What a source has at a property.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found<'a> {
    Nothing,
    Text(Cow<'a, str>),
    Json(&'a Value),
}

/// What it is compared with: the text, and the number that it says, if it says one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) text: String,
    pub(super) number: Option<f64>,
}

impl Found<'_> {
    pub(super) fn text(text: &str) -> Found<'_> {
        Found::Text(Cow::Borrowed(text))
    }

    pub(super) fn number(number: &impl ToString) -> Self {
        Self::Text(Cow::Owned(number.to_string()))
    }

    pub(super) fn compares(&self, comparison: Comparison, with: &Operand) -> bool {
        let numbers = |holds: fn(f64, f64) -> bool| match (self.as_number(), with.number) {
            (Some(found), Some(with)) => holds(found, with),
            _ => false,
        };
        match comparison {
            Comparison::Equal => self.is(&with.text),
            Comparison::NotEqual => !self.is(&with.text),
            Comparison::Empty => self.is_empty(),
            Comparison::NotEmpty => !self.is_empty(),
            Comparison::Contains => self.contains(&with.text),
            Comparison::DoesNotContain => !self.contains(&with.text),
            Comparison::IsANumber => self.as_number().is_some(),
            Comparison::EqualNumber => numbers(|found, with| found == with),
            Comparison::IsLessThan => numbers(|found, with| found < with),
            Comparison::IsLessThanOrEqual => numbers(|found, with| found <= with),
            Comparison::IsGreaterThan => numbers(|found, with| found > with),
            Comparison::IsGreaterThanOrEqual => numbers(|found, with| found >= with),
            Comparison::HasKey => {
                matches!(self, Self::Json(Value::Object(members)) if members.contains_key(&with.text))
            }
            Comparison::HasValue => match self {
                Self::Json(Value::Object(members)) => {
                    members.values().any(|value| is(value, &with.text))
                }
                Self::Json(Value::Array(elements)) => {
                    elements.iter().any(|value| is(value, &with.text))
                }
                _ => false,
            },
            Comparison::IsNull => matches!(self, Self::Json(Value::Null)),
        }
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Text(found) => found == text,
            Self::Json(value) => is(value, text),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing | Self::Json(Value::Null) => true,
            Self::Text(text) => text.is_empty(),
            Self::Json(Value::String(text)) => text.is_empty(),
            Self::Json(Value::Array(elements)) => elements.is_empty(),
            Self::Json(Value::Object(members)) => members.is_empty(),
            Self::Json(_) => false,
        }
    }

    /// A text contains its parts, a list its elements, and whatever is no text the parts of its JSON.
    fn contains(&self, part: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Text(text) => text.contains(part),
            Self::Json(Value::String(text)) => text.contains(part),
            Self::Json(value) => {
                let element = || {
                    value
                        .as_array()
                        .is_some_and(|list| list.iter().any(|value| is(value, part)))
                };
                element() || value.to_string().contains(part)
            }
        }
    }

    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => parse_number(text.trim()),
            Self::Json(Value::String(text)) => parse_number(text.trim()),
            Self::Json(value) => value.as_f64(),
        }
    }
}

/// Whether a JSON value is written like this: text without its quotes, anything else as JSON.
fn is(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        value => {
            let written = value.to_string();
            written == text
        }
    }
}
