//! Attributes as words of the index.
//!
//! A term begins with a private-use character that no word of a text has, so it is never mistaken
//! for one. Numbers are indexed by their power of two: a span of them is a handful of terms, and the
//! few exchanges at its ends are told apart by their attributes.

use crate::exchange::Attributes;
use crate::query::{SEARCHED_BODY, Side, fold, whole_body, without_port};
use crate::store::BucketId;
use runscope_core::Message;

const MARK: char = '\u{e000}';

/// Stands between two pieces of text, so that no phrase runs from one into the next.
pub(super) const GAP: &str = "\u{e001}";

/// Terms longer than this many characters are known by their beginning.
const LONGEST_TERM: usize = 128;

/// The largest power of two that has a term of its own.
const LARGEST_POWER: u32 = 40;

/// What a term is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bucket,
    Method,
    Host,
    Path,
    Route,
    Consumer,
    Service,
    Outcome,
    Status,
    Class,
    Tag,
    Duration,
    RequestSize,
    ResponseSize,
    /// A body was longer than what words are searched in.
    LongBody,
}

/// The term of a value. Two values share one only where both are longer than a term can be.
pub(super) fn term(kind: Kind, value: &str) -> String {
    let mut term = String::with_capacity(value.len() + 8);
    push_term(&mut term, kind, value);
    term
}

fn push_term(to: &mut String, kind: Kind, value: &str) {
    to.push(MARK);
    to.push(letter(kind));
    if value.is_ascii() {
        let known = value.bytes().take(LONGEST_TERM);
        to.extend(known.map(|byte| as_word_char(char::from(byte.to_ascii_lowercase()))));
    } else {
        to.extend(fold(value).chars().take(LONGEST_TERM).map(as_word_char));
    }
}

/// Whether the value is longer than its term.
pub(super) fn is_cut(value: &str) -> bool {
    fold(value).chars().nth(LONGEST_TERM).is_some()
}

/// The term of a number: its power of two.
pub(super) fn power_term(kind: Kind, power: u32) -> String {
    term(kind, &power.to_string())
}

/// The power of two that a number is indexed by.
pub(super) fn power(number: u64) -> u32 {
    (u64::BITS - number.leading_zeros()).min(LARGEST_POWER)
}

pub(super) fn tag_term(name: &str, value: &str) -> String {
    term(Kind::Tag, &format!("{name}={value}"))
}

pub(super) fn bucket_term(bucket: BucketId) -> String {
    term(Kind::Bucket, &bucket.0.to_string())
}

/// Every term of an exchange, with spaces between.
pub(super) fn terms(bucket: BucketId, attributes: &Attributes, message: &Message) -> String {
    let mut terms = String::with_capacity(512);
    let mut add = |kind, value: &str| {
        push_term(&mut terms, kind, value);
        terms.push(' ');
    };
    add(Kind::Bucket, &bucket.0.to_string());
    add(Kind::Class, &attributes.status_class().to_string());
    let named = [
        (Kind::Method, attributes.method.as_deref()),
        (Kind::Host, attributes.host.as_deref()),
        (Kind::Path, attributes.path.as_deref()),
        (Kind::Route, attributes.route.as_deref()),
        (Kind::Consumer, attributes.consumer.as_deref()),
        (Kind::Service, attributes.service.as_deref()),
        (Kind::Outcome, attributes.outcome),
    ];
    for (kind, value) in named {
        value.into_iter().for_each(|value| add(kind, value));
    }
    let host = attributes.host.as_deref();
    if let Some(host) = host.filter(|host| without_port(host) != *host) {
        add(Kind::Host, without_port(host));
    }
    if let Some(status) = attributes.status {
        add(Kind::Status, &status.to_string());
    }
    let micros = attributes
        .duration
        .map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    let numbers = [
        (Kind::Duration, micros),
        (Kind::RequestSize, attributes.request_size),
        (Kind::ResponseSize, attributes.response_size),
    ];
    for (kind, number) in numbers {
        if let Some(number) = number {
            add(kind, &power(number).to_string());
        }
    }
    let tags = message.context.iter().flat_map(|context| &context.tags);
    tags.for_each(|(name, value)| add(Kind::Tag, &format!("{name}={value}")));
    let long = |side| whole_body(message, side).is_some_and(|body| body.len() > SEARCHED_BODY);
    if long(Side::Request) || long(Side::Response) {
        add(Kind::LongBody, "");
    }
    terms
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::Bucket => 'b',
        Kind::Method => 'm',
        Kind::Host => 'h',
        Kind::Path => 'p',
        Kind::Route => 'r',
        Kind::Consumer => 'u',
        Kind::Service => 'v',
        Kind::Outcome => 'o',
        Kind::Status => 's',
        Kind::Class => 'c',
        Kind::Tag => 'g',
        Kind::Duration => 't',
        Kind::RequestSize => 'q',
        Kind::ResponseSize => 'z',
        Kind::LongBody => 'x',
    }
}

/// The tokenizer splits at ASCII punctuation and spaces, so those get private-use stand-ins.
fn as_word_char(char: char) -> char {
    match u8::try_from(char) {
        Ok(byte) if byte.is_ascii() && !byte.is_ascii_alphanumeric() => {
            char::from_u32(0xe100 + u32::from(byte)).unwrap_or(char)
        }
        _ => char,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_one_word_and_folds_case() {
        let path = term(Kind::Path, "/Users/{id}?\"x\"");
        assert!(
            path.chars()
                .all(|char| !char.is_ascii() || char.is_ascii_alphanumeric())
        );
        assert_eq!(path, term(Kind::Path, "/users/{id}?\"x\""));
        assert_ne!(path, term(Kind::Route, "/users/{id}?\"x\""));
        assert!(path.starts_with(&term(Kind::Path, "/use")));
    }

    #[test]
    fn powers_grow_with_their_number() {
        let powers: Vec<_> = [0, 1, 2, 3, 4, 1000, 1024, u64::MAX].map(power).to_vec();
        assert_eq!(powers, [0, 1, 2, 2, 3, 10, 11, LARGEST_POWER]);
    }
}
