//! URLs, absolute or in origin form, and the query syntax that forms share with them.

use std::ops::Range;

use super::edits::Edits;
use super::names::{Class, NameKind};
use super::percent;
use super::redactor::Judge;
use super::{body, names};

/// What was encoded this many times over is decoded to the end.
const DECODINGS: u8 = 3;

/// Masks what is secret in a URL. `cut` says that the text was cut at the range's end.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    cut: bool,
    depth: u8,
) {
    let url = edits.source().get(range.clone()).unwrap_or_default();
    let authority = authority(url);
    let at = |offset: usize| range.start + offset;
    let path = authority.end;
    if let Some(named) = memchr::memrchr(b'@', url.get(authority.clone()).unwrap_or_default()) {
        edits.mask(at(authority.start)..at(authority.start + named));
    } else if cut && path == url.len() && !authority.is_empty() {
        edits.mask(at(authority.start)..range.end);
    }
    let from = |start: usize, stops: [u8; 2]| {
        let rest = url.get(start..).unwrap_or_default();
        memchr::memchr2(stops[0], stops[1], rest).map_or(url.len(), |offset| start + offset)
    };
    let query = from(path, [b'?', b'#']);
    let fragment = from(query, [b'#', b'#']);
    edit_path(judge, edits, at(path)..at(query), depth);
    if query < fragment {
        edit_query(judge, edits, at(query + 1)..at(fragment), b"&", depth);
    }
    if fragment < url.len() {
        edit_query(judge, edits, at(fragment + 1)..range.end, b"&?#", depth);
    }
}

/// Masks what is secret in `a=1&b=2`. Within a piece `;` parts pairs as well, but a secret value
/// goes on to the end of the piece: who does not know `;` reads it so.
pub(super) fn edit_query(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    separators: &[u8],
    depth: u8,
) {
    let source = edits.source();
    let mut start = range.start;
    while start < range.end {
        let rest = source.get(start..range.end).unwrap_or_default();
        let end = start
            + match separators {
                [one] => memchr::memchr(*one, rest),
                _ => rest.iter().position(|byte| separators.contains(byte)),
            }
            .unwrap_or(rest.len());
        edit_piece(judge, edits, start..end, depth);
        start = end + 1;
    }
}

/// The authority's place: after `//` with or without a scheme, or at the very beginning where there
/// is userinfo without either. Backslashes count as slashes, as they do in browsers.
fn authority(url: &[u8]) -> Range<usize> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let is_end = |byte: &u8| is_slash(byte) || matches!(byte, b'?' | b'#');
    let slashes = |from: usize| {
        url.get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| is_slash(b))
            .count()
    };
    let until_end = |start: usize| {
        let rest = url.get(start..).unwrap_or_default();
        start..start + rest.iter().position(is_end).unwrap_or(rest.len())
    };
    let first = until_end(0);
    let segment = url.get(first.clone()).unwrap_or_default();
    match slashes(0) {
        0 => {}
        1 => return 0..0,
        count => return until_end(count),
    }
    let colon = segment.iter().position(|&byte| byte == b':');
    let opens = slashes(first.end);
    if colon.is_some_and(|colon| colon + 1 == segment.len()) && opens > 0 {
        until_end(first.end + opens)
    } else if colon.is_some()
        && segment.contains(&b'@')
        && !segment
            .get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mailto:"))
    {
        first
    } else {
        0..0
    }
}

/// Path parameters (`/cart;jsessionid=1`), whatever else looks like a pair in a segment, and
/// segments that are encoded, such as a whole URL.
fn edit_path(judge: &Judge, edits: &mut Edits<'_, '_>, range: Range<usize>, depth: u8) {
    let path = edits.source().get(range.clone()).unwrap_or_default();
    if memchr::memchr2(b'=', b'%', path).is_some() {
        edit_query(judge, edits, range, b"/&,", depth);
    } else {
        judge.edit_patterns(edits, range);
    }
}

fn edit_piece(judge: &Judge, edits: &mut Edits<'_, '_>, piece: Range<usize>, depth: u8) {
    let source = edits.source();
    let mut start = piece.start;
    while start < piece.end {
        let rest = source.get(start..piece.end).unwrap_or_default();
        let end = start + memchr::memchr(b';', rest).unwrap_or(rest.len());
        let pair = source.get(start..end).unwrap_or_default();
        let Some(equals) = memchr::memchr(b'=', pair) else {
            edit_value(judge, edits, start..end, depth);
            start = end + 1;
            continue;
        };
        let (name, value) = (
            pair.get(..equals).unwrap_or_default(),
            start + equals + 1..end,
        );
        let text = source.get(value.clone()).unwrap_or_default();
        match class(judge, name) {
            None => return edits.mask(start..piece.end),
            Some(Class::Measure) if names::is_measured(text) => {}
            Some(Class::Secret | Class::Measure) => return edits.mask(value.start..piece.end),
            Some(_) if memchr::memchr3(b':', b'"', b'{', name).is_some() => {
                edit_value(judge, edits, start..end, depth);
            }
            Some(_) => edit_value(judge, edits, value, depth),
        }
        start = end + 1;
    }
}

/// The judgement of a key, which is decoded first. None: it cannot be decoded.
fn class(judge: &Judge, name: &[u8]) -> Option<Class> {
    if !percent::is_encoded(name) {
        return Some(judge.class(NameKind::Parameter, name));
    }
    let mut decoded = percent::decode(name);
    if decoded.is_malformed() {
        return None;
    }
    for _ in 1..DECODINGS {
        if memchr::memchr(b'%', decoded.as_slice()).is_none() {
            break;
        }
        decoded = percent::decode(decoded.as_slice());
    }
    if percent::holds_escape(decoded.as_slice()) {
        return None;
    }
    Some(judge.class(NameKind::Parameter, decoded.as_slice()))
}

/// A value that is encoded is judged decoded, and masked whole when it holds a secret.
fn edit_value(judge: &Judge, edits: &mut Edits<'_, '_>, value: Range<usize>, depth: u8) {
    let text = edits.source().get(value.clone()).unwrap_or_default();
    let hides = if percent::is_encoded(text) {
        hides_secret(judge, text, depth)
    } else if memchr::memchr3(b'=', b':', b'<', text).is_none() {
        return judge.edit_patterns(edits, value);
    } else {
        body::holds_secret(judge, text, depth)
    };
    if hides {
        edits.mask(value);
    }
}

/// Whether an encoded text holds a secret: a URL inside a URL is encoded once more at each level.
/// What is still encoded at the end is unknown, and hides one. Deeper texts are decoded less often,
/// so that encodings inside encodings don't multiply.
pub(super) fn hides_secret(judge: &Judge, encoded: &[u8], depth: u8) -> bool {
    let mut decoded = percent::decode(encoded);
    let mut left = DECODINGS.saturating_sub(depth);
    loop {
        if body::holds_secret(judge, decoded.as_slice(), depth) {
            return true;
        }
        if !percent::holds_escape(decoded.as_slice()) {
            return false;
        }
        if left == 0 {
            return true;
        }
        left -= 1;
        decoded = percent::decode(decoded.as_slice());
    }
}
