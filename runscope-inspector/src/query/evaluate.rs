//! Whether an exchange matches a filter.

use super::expr::{Expr, JsonTest, Name, Side, Term};
use super::json_path::JsonPath;
use super::pattern::Pattern;
use super::text::{pieces, searched_body, url_pieces, whole_body};
use super::units::parse_number;
use crate::exchange::{Attributes, Exchange, Timestamp};
use runscope_core::{Fields, Message};
use serde_json::Value;

/// What a filter looks at: an exchange, and the time to which `since:15m` is relative.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The attributes of the exchange.
    pub attributes: &'a Attributes,
    /// Its message, with bodies. A filter that does not [need it](Expr::needs_message) never looks.
    pub message: &'a Message,
    /// When the filter is applied.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// An exchange as a filter that is applied now, or then, looks at it.
    #[must_use]
    pub fn of(exchange: &'a Exchange, now: Timestamp) -> Self {
        Self {
            attributes: &exchange.attributes,
            message: &exchange.message,
            now,
        }
    }
}

impl Expr {
    /// Whether the exchange matches.
    #[must_use]
    pub fn matches(&self, view: View<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Term(term) => term.matches(view),
            Self::Not(inner) => !inner.matches(view),
            Self::And(all) => all.iter().all(|expr| expr.matches(view)),
            Self::Or(any) => any.iter().any(|expr| expr.matches(view)),
        }
    }

    /// Whether the attributes alone can't answer.
    #[must_use]
    pub fn needs_message(&self) -> bool {
        match self {
            Self::All => false,
            Self::Term(term) => term.needs_message(),
            Self::Not(inner) => inner.needs_message(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_message),
        }
    }
}

impl Term {
    fn needs_message(&self) -> bool {
        matches!(
            self,
            Self::Anywhere(_)
                | Self::Url(_)
                | Self::Header(..)
                | Self::Body(..)
                | Self::Json(..)
                | Self::Tag(..)
                | Self::AnyTag(_)
        )
    }

    fn matches(&self, view: View<'_>) -> bool {
        let View {
            attributes,
            message,
            now,
        } = view;
        match self {
            Self::Anywhere(pattern) => is_anywhere(message, pattern),
            Self::Is(name, pattern) => is_named(attributes, *name, pattern),
            Self::Url(pattern) => message
                .request
                .as_ref()
                .is_some_and(|request| found(pattern, |see| url_pieces(&request.url, see))),
            Self::Header(side, name, pattern) => {
                let has = |headers: &Fields| {
                    headers
                        .all(name)
                        .any(|value| is_in_or_anything(pattern, value))
                };
                let request = message.request.as_ref().map(|request| &request.headers);
                let response = message.response.as_ref().map(|response| &response.headers);
                on_sides(*side, |side| match side {
                    Side::Request => request.is_some_and(has),
                    _ => response.is_some_and(has),
                })
            }
            Self::Body(side, pattern) => on_sides(*side, |side| body_has(message, side, pattern)),
            Self::Json(side, path, test) => {
                on_sides(*side, |side| json_has(message, side, path, test))
            }
            Self::Tag(name, pattern) => {
                let tags = message.context.as_ref().map(|context| &context.tags);
                tags.and_then(|tags| tags.get(name))
                    .is_some_and(|value| pattern.is_whole(value))
            }
            Self::AnyTag(pattern) => message.context.as_ref().is_some_and(|context| {
                let mut values = context.tags.values();
                values.any(|value| pattern.is_whole(value))
            }),
            Self::Status(test) => attributes
                .status
                .is_some_and(|status| test.contains(status)),
            Self::Time(span) => attributes
                .duration
                .is_some_and(|duration| span.contains(duration)),
            Self::Size(side, span) => {
                let size = match side {
                    Side::Request => attributes.request_size,
                    Side::Either | Side::Response => attributes.response_size,
                };
                size.is_some_and(|size| span.contains(size))
            }
            Self::Since(when) => attributes.time >= when.resolve(now),
            Self::Before(when) => attributes.time < when.resolve(now),
        }
    }
}

fn is_anywhere(message: &Message, pattern: &Pattern) -> bool {
    pattern.is_anything()
        || found(pattern, |see| pieces(message, see))
        || on_sides(Side::Either, |side| body_has(message, side, pattern))
}

/// Whether any piece that is shown holds the pattern.
fn found(pattern: &Pattern, show: impl FnOnce(&mut dyn FnMut(&str))) -> bool {
    let mut found = false;
    show(&mut |piece| found = found || is_in_or_anything(pattern, piece));
    found
}

fn is_in_or_anything(pattern: &Pattern, text: &str) -> bool {
    pattern.is_anything() || pattern.is_in(text)
}

fn is_named(attributes: &Attributes, name: Name, pattern: &Pattern) -> bool {
    let value = match name {
        Name::Method => attributes.method.as_deref(),
        Name::Host => attributes.host.as_deref(),
        Name::Path => attributes.path.as_deref(),
        Name::Route => attributes.route.as_deref(),
        Name::Consumer => attributes.consumer.as_deref(),
        Name::Service => attributes.service.as_deref(),
        Name::Outcome => attributes.outcome,
    };
    value.is_some_and(|value| {
        pattern.is_whole(value) || (name == Name::Host && pattern.is_whole(without_port(value)))
    })
}

/// The host alone: `localhost` of `localhost:3000`, `[::1]` of `[::1]:80`.
#[must_use]
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => host,
    }
}

/// Words are looked for in the part of a body that is searched, everything else in all of it.
fn body_has(message: &Message, side: Side, pattern: &Pattern) -> bool {
    if pattern.phrase().is_some() {
        searched_body(message, side).is_some_and(|body| pattern.is_in(&body))
    } else {
        whole_body(message, side).is_some_and(|body| is_in_or_anything(pattern, body))
    }
}

fn json_has(message: &Message, side: Side, path: &JsonPath, test: &JsonTest) -> bool {
    json_at(message, side, path, &mut |value| passes(test, value))
}

/// Shows each value at a path that passes a test, as text.
pub(super) fn json_values(
    message: &Message,
    side: Side,
    path: &JsonPath,
    test: &JsonTest,
    see: &mut dyn FnMut(&str),
) {
    json_at(message, side, path, &mut |value| {
        if passes(test, value) {
            match value {
                Value::String(text) => see(text),
                value => see(&value.to_string()),
            }
        }
        false
    });
}

fn json_at(
    message: &Message,
    side: Side,
    path: &JsonPath,
    stop: &mut dyn FnMut(&Value) -> bool,
) -> bool {
    let Some(body) = whole_body(message, side) else {
        return false;
    };
    let Some(document) = path.read(body) else {
        return false;
    };
    path.any(&document, &mut |value| stop(value))
}

pub(crate) fn passes(test: &JsonTest, value: &Value) -> bool {
    match (test, value) {
        (JsonTest::Text(pattern), _) if pattern.is_anything() => true,
        (JsonTest::Text(pattern), Value::String(text)) => pattern.is_whole(text),
        (JsonTest::Text(pattern), Value::Number(number)) => {
            pattern.is_whole(&number.to_string()) || is_same_number(pattern, number.as_f64())
        }
        (JsonTest::Text(pattern), Value::Bool(_) | Value::Null) => {
            pattern.is_whole(&value.to_string())
        }
        (JsonTest::Number(span), Value::Number(number)) => {
            number.as_f64().is_some_and(|number| span.contains(number))
        }
        _ => false,
    }
}

/// `1.0` is `1`.
fn is_same_number(pattern: &Pattern, number: Option<f64>) -> bool {
    match pattern {
        Pattern::Plain(text) => number.is_some() && parse_number(text) == number,
        _ => false,
    }
}

fn on_sides(side: Side, mut holds: impl FnMut(Side) -> bool) -> bool {
    match side {
        Side::Either => holds(Side::Request) || holds(Side::Response),
        side => holds(side),
    }
}
