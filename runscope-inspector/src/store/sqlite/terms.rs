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
    term.push(MARK);
    term.push(letter(kind));
    term.extend(fold(value).chars().take(LONGEST_TERM).map(as_word_char));
    term
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

/// Every term of an exchange.
pub(super) fn terms(bucket: BucketId, attributes: &Attributes, message: &Message) -> Vec<String> {
    let mut terms = vec![
        bucket_term(bucket),
        term(Kind::Class, &attributes.status_class().to_string()),
    ];
    let named = [
        (Kind::Method, attributes.method.as_deref()),
        (Kind::Host, attributes.host.as_deref()),
        (Kind::Path, attributes.path.as_deref()),
        (Kind::Route, attributes.route.as_deref()),
        (Kind::Consumer, attributes.consumer.as_deref()),
        (Kind::Service, attributes.service.as_deref()),
        (Kind::Outcome, attributes.outcome),
    ];
    terms.extend(
        named
            .into_iter()
            .filter_map(|(kind, value)| Some(term(kind, value?))),
    );
    let host = attributes.host.as_deref();
    terms.extend(
        host.filter(|host| without_port(host) != *host)
            .map(|host| term(Kind::Host, without_port(host))),
    );
    terms.extend(
        attributes
            .status
            .map(|status| term(Kind::Status, &status.to_string())),
    );
    let micros = attributes
        .duration
        .map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    let numbers = [
        (Kind::Duration, micros),
        (Kind::RequestSize, attributes.request_size),
        (Kind::ResponseSize, attributes.response_size),
    ];
    terms.extend(
        numbers
            .into_iter()
            .filter_map(|(kind, number)| Some(power_term(kind, power(number?)))),
    );
    if let Some(context) = &message.context {
        terms.extend(
            context
                .tags
                .iter()
                .map(|(name, value)| tag_term(name, value)),
        );
    }
    let long = |side| whole_body(message, side).is_some_and(|body| body.len() > SEARCHED_BODY);
    if long(Side::Request) || long(Side::Response) {
        terms.push(term(Kind::LongBody, ""));
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
