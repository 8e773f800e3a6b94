//! Assignments in text: `name=value`, `name: value`, `"name": "value"` and their relatives.

use std::ops::Range;

use super::edits::Edits;
use super::names::{Class, NameKind};
use super::redactor::Judge;
use super::value::{self, Quote};
use super::{body, json_string, names, percent, url};

/// No name is looked for further back.
const LONGEST_NAME: usize = 128;
/// `card number: 1` has a name of two words; one of three is the longest that is judged.
const MOST_WORDS: usize = 3;

/// A name before a separator.
struct Name {
    range: Range<usize>,
    quoted: bool,
}

/// Judges the `=` or `:` at this place, masks the value when the name before it is secret, and returns
/// where the walk goes on.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    at: usize,
    cut: bool,
    depth: u8,
) -> usize {
    let source = edits.source();
    let text = source.get(..range.end).unwrap_or_default();
    if text.get(at..).is_some_and(|rest| rest.starts_with(b"://")) {
        return edit_url(judge, edits, range, at, cut, depth);
    }
    let name = name_before(text, range.start, at);
    let class = name.as_ref().map(|name| class(judge, text, name));
    let (Some(name), Some(class @ (Class::Secret | Class::Measure))) = (name, class) else {
        return edit_encoded(judge, edits, at..range.end, cut, depth);
    };
    let context = value::Context {
        after_colon: text.get(at) == Some(&b':'),
        quoted_name: name.quoted,
        line_indent: line_indent(text, range.start, name.range.start),
    };
    let value = value::find(text, at, context);
    let assigned = text.get(value.clone()).unwrap_or_default();
    let whole = !(cut && value.end == range.end);
    if class == Class::Measure && whole && names::is_measured(assigned.trim_ascii()) {
        return at;
    }
    edits.mask(value.clone());
    value.end
}

/// Masks a value that is no secret by its name and holds one once it is decoded, such as a link that
/// stands in the query of another. A word ends at the next `=`, so that no word is read twice.
fn edit_encoded(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    separator: Range<usize>,
    cut: bool,
    depth: u8,
) -> usize {
    let at = separator.start;
    let rest = edits.source().get(separator.clone()).unwrap_or_default();
    let Some(rest) = rest.strip_prefix(b"=") else {
        return at;
    };
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"&=;,\"'<>".contains(byte);
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    if memchr::memchr(b'%', word).is_none() {
        return at;
    }
    let end = at + 1 + length;
    let partial = cut && end == separator.end;
    if partial || (percent::holds_escape(word) && url::hides_secret(judge, word, depth)) {
        edits.mask(at + 1..end);
        return end;
    }
    at
}

fn edit_url(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    colon: usize,
    cut: bool,
    depth: u8,
) -> usize {
    let source = edits.source();
    let before = source.get(range.start..colon).unwrap_or_default();
    let in_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = before.iter().rev().take(32).take_while(in_scheme).count();
    let rest = source.get(colon..range.end).unwrap_or_default();
    let ends = |byte: &u8| {
        *byte <= b' '
            || matches!(
                byte,
                b'"' | b'<' | b'>' | b'`' | b'\\' | b'{' | b'}' | b'|' | b'^'
            )
    };
    let end = colon + rest.iter().position(ends).unwrap_or(rest.len());
    let cut = cut && end == range.end;
    if cut && tail_may_be_secret(source.get(colon..end).unwrap_or_default()) {
        edits.mask(colon - scheme..end);
        return end;
    }
    if depth < body::NESTED {
        url::edit(judge, edits, colon - scheme..end, cut, depth + 1);
    } else {
        edits.mask(colon - scheme..end);
    }
    end
}

/// Whether a URL that was cut may end in half a token or half a card number.
fn tail_may_be_secret(url: &[u8]) -> bool {
    url.last()
        .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'%' | b'-' | b'+'))
        || memchr::memmem::find(url, b"eyJ").is_some()
}

fn name_before(text: &[u8], begin: usize, at: usize) -> Option<Name> {
    let begin = begin.max(at.saturating_sub(LONGEST_NAME));
    let before = text.get(begin..at)?;
    let trimmed = before.trim_ascii_end();
    if let Some(quote) = Quote::closing(trimmed) {
        let name = trimmed.get(..trimmed.len() - quote.length())?;
        let open = quote.rfind(name)?;
        let range = begin + open..begin + name.len();
        return (!range.is_empty()).then_some(Name {
            range,
            quoted: true,
        });
    }
    let line = trimmed.len() + usize::from(trimmed.len() < before.len());
    if before.get(trimmed.len()..)?.contains(&b'\n') || line == 0 {
        return None;
    }
    let start = unquoted_start(trimmed);
    (start < trimmed.len()).then(|| Name {
        range: begin + start..begin + trimmed.len(),
        quoted: false,
    })
}

/// Where the name begins that ends a text, with up to [`MOST_WORDS`] words apart by single spaces.
fn unquoted_start(text: &[u8]) -> usize {
    let in_name = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || !byte.is_ascii()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'%' | b'[' | b']' | b'$' | b'+' | b'\\' | b'@'
            )
    };
    let mut start = text.len();
    let mut words = 1;
    while let Some(&byte) = start.checked_sub(1).and_then(|last| text.get(last)) {
        let spaced = byte == b' '
            && start < text.len()
            && words < MOST_WORDS
            && start
                .checked_sub(2)
                .and_then(|last| text.get(last))
                .is_some_and(|&b| in_name(b));
        words += usize::from(spaced);
        if !spaced && !in_name(byte) {
            break;
        }
        start -= 1;
    }
    start
}

/// The strictest judgement of the name as written and decoded; for several words also of the last
/// alone, because those before it may be prose.
fn class(judge: &Judge, text: &[u8], name: &Name) -> Class {
    let written = text.get(name.range.clone()).unwrap_or_default();
    let decoded;
    let mut unescaped = Vec::new();
    let name = if memchr::memchr(b'%', written).is_some() {
        decoded = percent::decode(written);
        decoded.as_slice()
    } else if memchr::memmem::find(written, b"\\u").is_some() {
        json_string::unescape(written, &mut unescaped);
        &unescaped
    } else {
        written
    };
    let last = memchr::memrchr(b' ', name).and_then(|space| name.get(space + 1..));
    let class = |name: &[u8]| judge.class(NameKind::Field, name);
    match (class(name), last.map(class)) {
        (_, Some(Class::Secret)) | (Class::Secret, _) => Class::Secret,
        (_, Some(Class::Measure)) => Class::Measure,
        (class, _) => class,
    }
}

/// How far the name is indented, when nothing but quotes and list marks stands before it in its line.
fn line_indent(text: &[u8], begin: usize, name: usize) -> Option<usize> {
    let begin = begin.max(name.saturating_sub(LONGEST_NAME));
    let before = text.get(begin..name)?;
    let line = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let line = before.get(line..)?;
    let is_mark = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'-' | b'"' | b'\'' | b'>' | b'*' | b'#'
        )
    };
    line.iter().all(is_mark).then_some(line.len())
}
