//! XML and HTML elements whose name, or whose `name` attribute, is secret.

use std::ops::Range;

use super::edits::Edits;
use super::names::{Class, NameKind};
use super::redactor::Judge;

/// Attributes that name what the element or another attribute holds.
const NAMING: [&[u8]; 6] = [b"name", b"key", b"id", b"field", b"type", b"property"];
/// HTML elements without content, and so without an end tag.
const VOID: [&[u8]; 6] = [b"input", b"meta", b"param", b"link", b"img", b"br"];

struct Tag {
    name: Range<usize>,
    end: usize,
    closed: bool,
    empty: bool,
    secret: bool,
}

/// Judges the `<` that begins the range, masks what a secret element holds, and returns where the walk
/// goes on. A tag is read up to the next `<` at most, so that all tags together are read once.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    here: Range<usize>,
    cut: bool,
) -> usize {
    let source = edits.source();
    let text = source.get(..here.end).unwrap_or_default();
    let Some(tag) = tag(judge, text, here.start) else {
        return here.start;
    };
    if !tag.closed && cut && tag.end == here.end {
        edits.mask(here.start..here.end);
        return here.end;
    }
    if !tag.secret {
        return here.start;
    }
    let named = text.get(tag.name.clone()).unwrap_or_default();
    each_attribute(text, tag.name.end, tag.end, |name, value| {
        if !is_naming(text.get(name).unwrap_or_default()) {
            edits.mask(value);
        }
    });
    if !tag.closed || tag.empty || VOID.iter().any(|void| void.eq_ignore_ascii_case(named)) {
        return tag.end;
    }
    let end = content_end(text, tag.end, named);
    if !text
        .get(tag.end..end)
        .unwrap_or_default()
        .trim_ascii()
        .is_empty()
    {
        edits.mask(tag.end..end);
    }
    end
}

fn tag(judge: &Judge, text: &[u8], open: usize) -> Option<Tag> {
    let start = open + 1;
    if !text.get(start).is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let rest = text.get(start..)?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'<' | b'/');
    let name = start..start + rest.iter().position(ends).unwrap_or(rest.len());
    let mut quote = None;
    let length = rest.iter().position(|&byte| {
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
        byte == b'<' || (byte == b'>' && quote.is_none())
    });
    let stop = start + length.unwrap_or(rest.len());
    let closed = text.get(stop) == Some(&b'>');
    let mut secret = is_secret(judge, text.get(name.clone())?);
    each_attribute(text, name.end, stop, |attribute, value| {
        let (attribute, value) = (text.get(attribute), text.get(value));
        secret |= attribute.is_some_and(is_naming) && value.is_some_and(|v| is_secret(judge, v));
    });
    Some(Tag {
        name,
        end: stop + usize::from(closed),
        closed,
        empty: closed && text.get(stop - 1) == Some(&b'/'),
        secret,
    })
}

fn is_naming(name: &[u8]) -> bool {
    NAMING
        .iter()
        .any(|naming| naming.eq_ignore_ascii_case(name))
}

fn is_secret(judge: &Judge, name: &[u8]) -> bool {
    matches!(judge.class(NameKind::Field, name), Class::Secret)
}

/// Shows the name and the value of each attribute between two places.
fn each_attribute(
    text: &[u8],
    start: usize,
    end: usize,
    mut show: impl FnMut(Range<usize>, Range<usize>),
) {
    let text = text.get(..end).unwrap_or_default();
    let mut at = start;
    while let Some(rest) = text.get(at..)
        && let Some(equals) = memchr::memchr(b'=', rest)
    {
        let before = rest.get(..equals).unwrap_or_default().trim_ascii_end();
        let begin = before
            .iter()
            .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b':'))
            .map_or(0, |last| last + 1);
        let name = at + begin..at + before.len();
        let after = rest.get(equals + 1..).unwrap_or_default();
        let spaces = after.len() - after.trim_ascii_start().len();
        let mut open = at + equals + 1 + spaces;
        let is_end = match text.get(open) {
            Some(&quote @ (b'"' | b'\'')) => {
                open += 1;
                Some(quote)
            }
            _ => None,
        };
        let value = text.get(open..).unwrap_or_default();
        let length = value
            .iter()
            .position(|byte| match is_end {
                Some(quote) => *byte == quote,
                None => byte.is_ascii_whitespace() || *byte == b'>',
            })
            .unwrap_or(value.len());
        show(name, open..open + length);
        at = open + length + usize::from(is_end.is_some());
    }
}

/// Where the content ends that begins here: at the end tag that belongs to it, or at the text's end.
/// Tags inside comments and CDATA sections are none.
fn content_end(text: &[u8], start: usize, name: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(rest) = text.get(at..)
        && let Some(open) = memchr::memchr(b'<', rest)
    {
        let tag = rest.get(open..).unwrap_or_default();
        at += open;
        if tag.starts_with(b"<![CDATA[") || tag.starts_with(b"<!--") {
            let end: &[u8] = if tag.starts_with(b"<!--") {
                b"-->"
            } else {
                b"]]>"
            };
            match memchr::memmem::find(tag, end) {
                Some(length) => at += length,
                None => return text.len(),
            }
            continue;
        }
        if tag.get(1) == Some(&b'/') && is_named(tag.get(2..), name) {
            if depth == 0 {
                return at;
            }
            depth -= 1;
        } else if is_named(tag.get(1..), name) {
            let Some(length) = memchr::memchr(b'>', tag) else {
                return text.len();
            };
            depth += usize::from(tag.get(length.saturating_sub(1)) != Some(&b'/'));
            at += length.max(1);
            continue;
        }
        at += 1;
    }
    text.len()
}

fn is_named(text: Option<&[u8]>, name: &[u8]) -> bool {
    let text = text.unwrap_or_default();
    text.get(..name.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(name))
        && text
            .get(name.len())
            .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
}
