//! Bodies: which scanner a content type asks for.

use std::ops::Range;

use super::edits::Edits;
use super::redactor::Judge;
use super::{event_stream, json, multipart, text, url};

/// Text inside text (a query in a URL in a JSON string in a form) is followed this deep.
pub(super) const NESTED: u8 = 4;

/// The body cannot be judged and must be masked whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclean;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Json,
    JsonSequence,
    Form,
    Multipart,
    EventStream,
    Text,
    Opaque,
}

/// Masks what is secret in a body. `cut` says that the bytes are only its beginning. Returns whether
/// all of a body in which nothing was masked has been found to be UTF-8.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    content_type: Option<&str>,
    cut: bool,
    depth: u8,
) -> Result<bool, Unclean> {
    let bytes = edits.source().get(range.clone()).unwrap_or_default();
    if bytes.trim_ascii().is_empty() {
        return Ok(false);
    }
    let syntax = syntax(content_type);
    if syntax != Syntax::Multipart
        && (is_wide(content_type, bytes) || hides_among_zeros(judge, bytes, depth))
    {
        return Err(Unclean);
    }
    match syntax {
        Syntax::Json => json::edit(judge, edits, range, json::Form::One, cut, depth)?,
        Syntax::JsonSequence => json::edit(judge, edits, range, json::Form::Sequence, cut, depth)?,
        Syntax::Form => {
            if !edit_as_json(judge, edits, range.clone(), cut, depth) {
                edit_form(judge, edits, range, cut, depth);
            }
        }
        Syntax::Multipart => multipart::edit(judge, edits, range, content_type, cut, depth)?,
        Syntax::EventStream => event_stream::edit(judge, edits, range, cut, depth),
        Syntax::Text => edit_untyped(judge, edits, range, cut, depth),
        Syntax::Opaque => return Err(Unclean),
    }
    Ok(matches!(syntax, Syntax::Json | Syntax::JsonSequence))
}

/// Masks what is secret in text that may as well be JSON.
pub(super) fn edit_untyped(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    cut: bool,
    depth: u8,
) {
    if !edit_as_json(judge, edits, range.clone(), cut, depth) {
        text::edit(judge, edits, range, cut, depth);
    }
}

/// Whether text inside other text holds a secret. What is nested too deep to be followed is searched
/// for assignments and patterns as it stands, and never decoded further.
pub(super) fn holds_secret(judge: &Judge, bytes: &[u8], depth: u8) -> bool {
    text_holds_secret(judge, bytes, false, depth)
}

/// As above, of a text that may have been cut at its end.
pub(super) fn text_holds_secret(judge: &Judge, bytes: &[u8], cut: bool, depth: u8) -> bool {
    let mut probe = Edits::probe(bytes);
    let whole = 0..bytes.len();
    if depth >= NESTED {
        // Encoding upon encoding serves nobody, and what it hides is unknown.
        let encoded = memchr::memchr2(b'%', b'\\', bytes).is_some();
        judge.edit_patterns(&mut probe, whole);
        return encoded || probe.edited() || memchr::memchr2(b'=', b':', bytes).is_some();
    }
    edit_untyped(judge, &mut probe, whole, cut, depth + 1);
    probe.edited()
}

/// Edits the range if it is JSON, and returns whether it is.
fn edit_as_json(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    cut: bool,
    depth: u8,
) -> bool {
    let bytes = edits.source().get(range.clone()).unwrap_or_default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return false;
    }
    let mark = edits.mark();
    let is_json = json::edit(judge, edits, range, json::Form::Sequence, cut, depth).is_ok();
    if !is_json {
        edits.take_back(mark);
    }
    is_json
}

/// A pair that was cut is dropped: its value may be half of a secret.
fn edit_form(judge: &Judge, edits: &mut Edits<'_, '_>, range: Range<usize>, cut: bool, depth: u8) {
    let bytes = edits.source().get(range.clone()).unwrap_or_default();
    let mut end = range.end;
    if cut {
        end = memchr::memrchr(b'&', bytes).map_or(range.start, |last| range.start + last);
    }
    url::edit_query(judge, edits, range.start..end, b"&", depth);
    edits.replace(end..range.end, b"");
}

fn syntax(content_type: Option<&str>) -> Syntax {
    let essence = content_type.unwrap_or_default();
    let essence = essence.split([';', ',']).next().unwrap_or_default().trim();
    let has = |parts: &[&str]| parts.iter().any(|part| holds(essence, part));
    if essence
        .get(..10)
        .is_some_and(|main| main.eq_ignore_ascii_case("multipart/"))
    {
        Syntax::Multipart
    } else if essence.eq_ignore_ascii_case("text/event-stream") {
        Syntax::EventStream
    } else if has(&["ndjson", "jsonl", "json-seq", "json-stream", "stream+json"]) {
        Syntax::JsonSequence
    } else if has(&["json"]) {
        Syntax::Json
    } else if has(&["form-urlencoded"]) {
        Syntax::Form
    } else if has(&[
        "msgpack",
        "messagepack",
        "cbor",
        "bson",
        "x-amf",
        "smile",
        "ubjson",
    ]) {
        // They carry names beside values, as JSON does, but nothing here can read them.
        Syntax::Opaque
    } else {
        Syntax::Text
    }
}

/// Whether the text is in an encoding whose letters are not ASCII bytes, so that no scanner would see
/// a name in it.
fn is_wide(content_type: Option<&str>, bytes: &[u8]) -> bool {
    const WIDE: [&str; 8] = [
        "utf-16",
        "utf16",
        "utf-32",
        "utf32",
        "utf-7",
        "ucs-2",
        "iso-10646",
        "ibm",
    ];
    let declared = content_type.is_some_and(|content_type| {
        content_type.split(';').skip(1).any(|parameter| {
            holds(parameter, "charset") && WIDE.iter().any(|wide| holds(parameter, wide))
        })
    });
    let head = bytes.get(..64).unwrap_or(bytes);
    let zeros =
        |first: usize| head.len() >= 8 && head.iter().skip(first).step_by(2).all(|&byte| byte == 0);
    let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    declared || marked || zeros(0) != zeros(1)
}

/// Whether a secret shows once the zero bytes are left out: UTF-16 that is neither marked nor plain
/// enough to be known by its zeros reads like that, as far as it is ASCII.
fn hides_among_zeros(judge: &Judge, bytes: &[u8], depth: u8) -> bool {
    if memchr::memchr(0, bytes).is_none() {
        return false;
    }
    let narrow: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
    holds_secret(judge, &narrow, depth)
}

/// Whether the text holds these letters, in any case.
fn holds(text: &str, letters: &str) -> bool {
    text.as_bytes()
        .windows(letters.len())
        .any(|window| window.eq_ignore_ascii_case(letters.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_asks_for_its_scanner() {
        let cases = [
            (None, Syntax::Text),
            (Some("application/json"), Syntax::Json),
            (Some("Application/JSON; charset=utf-8"), Syntax::Json),
            (Some("application/problem+json"), Syntax::Json),
            (Some("text/json"), Syntax::Json),
            (Some("application/x-ndjson"), Syntax::JsonSequence),
            (Some("application/json-seq"), Syntax::JsonSequence),
            (Some("application/jsonl"), Syntax::JsonSequence),
            (Some("application/x-www-form-urlencoded"), Syntax::Form),
            (Some("multipart/form-data; boundary=x"), Syntax::Multipart),
            (Some("text/event-stream"), Syntax::EventStream),
            (Some("application/xml"), Syntax::Text),
            (Some("application/graphql"), Syntax::Text),
            (Some("image/png"), Syntax::Text),
            (Some("nonsense"), Syntax::Text),
            (Some("application/msgpack"), Syntax::Opaque),
        ];
        for (content_type, expected) in cases {
            assert_eq!(syntax(content_type), expected, "{content_type:?}");
        }
    }

    #[test]
    fn wide_encodings_are_recognised() {
        let cases: [(Option<&str>, &[u8], bool); 6] = [
            (Some("text/plain; charset=\"UTF-16LE\""), b"ab", true),
            (Some("text/plain; charset=utf-8"), b"ab", false),
            (None, b"\xff\xfea\0", true),
            (None, b"p\0a\0s\0s\0w\0o\0r\0d\0=\0x\0", true),
            (None, b"\0p\0a\0s\0s\0w\0o\0r\0d\0=\0x", true),
            (Some("application/octet-stream"), &[0; 64], false),
        ];
        for (content_type, bytes, expected) in cases {
            assert_eq!(
                is_wide(content_type, bytes),
                expected,
                "{content_type:?} {bytes:?}"
            );
        }
    }
}
