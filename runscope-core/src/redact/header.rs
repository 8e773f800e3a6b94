//! Header values.

use std::ops::Range;

use super::edits::Edits;
use super::names::{self, Class, NameKind};
use super::redactor::Judge;
use super::url;
use super::words::Words;

/// Fields whose grammar (RFC 9110 and the fields' own documents) has no room for a credential.
const INERT: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "dnt",
    "expect",
    "expires",
    "host",
    "if-modified-since",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "max-forwards",
    "pragma",
    "retry-after",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "vary",
    "x-content-type-options",
    "x-frame-options",
];

/// The kind of a header that is not secret by its name. Besides the well-known fields, every name that
/// ends in such a word as `url` or `location` holds a URL.
pub(super) fn syntax(name: &[u8]) -> Class {
    if INERT
        .iter()
        .any(|inert| inert.as_bytes().eq_ignore_ascii_case(name))
    {
        return Class::Inert;
    }
    if name.eq_ignore_ascii_case(b"link") {
        return Class::Link;
    }
    let words = Words::of(name);
    match words.last() {
        b"url" | b"uri" | b"href" | b"location" | b"referer" | b"referrer" | b"origin"
        | b"destination" | b"redirect" | b"path" => Class::Url,
        _ => Class::Plain,
    }
}

/// Masks what is secret in the value of the header with this name.
pub(super) fn edit(judge: &Judge, edits: &mut Edits<'_, '_>, name: &[u8], value: Range<usize>) {
    let text = edits.source().get(value.clone()).unwrap_or_default();
    match judge.class(NameKind::Header, name) {
        Class::Inert => {}
        Class::Secret => edits.mask(value),
        Class::Measure if names::is_measured(text) => {}
        Class::Measure => edits.mask(value),
        Class::Url => url::edit(judge, edits, value, false, 0),
        Class::Link => edit_links(judge, edits, value),
        Class::Plain => judge.edit_value(edits, value, 0),
    }
}

/// `<url>; rel=next, <url>` (RFC 8288). What is not closed is a URL to its end.
fn edit_links(judge: &Judge, edits: &mut Edits<'_, '_>, value: Range<usize>) {
    let source = edits.source();
    let find = |byte, from: usize| {
        let rest = source.get(from..value.end).unwrap_or_default();
        memchr::memchr(byte, rest).map(|offset| from + offset)
    };
    let mut at = value.start;
    while let Some(open) = find(b'<', at) {
        judge.edit_value(edits, at..open, 0);
        let close = find(b'>', open).unwrap_or(value.end);
        url::edit(judge, edits, open + 1..close, false, 0);
        at = close;
    }
    judge.edit_value(edits, at..value.end, 0);
}
