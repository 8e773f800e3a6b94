//! Multipart bodies (RFC 2046, section 5.1).

use std::ops::Range;

use super::body::{self, Unclean};
use super::disposition;
use super::edits::Edits;
use super::names::{Class, NameKind};
use super::redactor::Judge;
use super::{header, text};

/// Multipart inside multipart is followed this deep.
const DEEPEST: u8 = 3;

/// What a part's headers say.
#[derive(Default)]
struct Part {
    content_type: Option<String>,
    secret: bool,
}

/// Masks parts by their names and cleans the others by their content types. Framing that is not
/// understood makes the body unclean; of a body that was cut, a part without whole headers is
/// dropped.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    content_type: Option<&str>,
    cut: bool,
    depth: u8,
) -> Result<(), Unclean> {
    if depth >= DEEPEST {
        return Err(Unclean);
    }
    let boundary = content_type.and_then(boundary).ok_or(Unclean)?;
    let is_form = content_type.is_some_and(|full| {
        full.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    });
    let delimiter = [b"\r\n--", boundary.as_slice()].concat();
    let source = edits.source();
    let text = source.get(range.clone()).unwrap_or_default();
    let finder = memchr::memmem::Finder::new(&delimiter);
    let after_first = if text.starts_with(delimiter.get(2..).unwrap_or_default()) {
        range.start + delimiter.len() - 2
    } else {
        let Some(found) = finder.find(text) else {
            edits.replace(range, b"");
            return if cut { Ok(()) } else { Err(Unclean) };
        };
        text::edit(judge, edits, range.start..range.start + found, false, depth);
        range.start + found + delimiter.len()
    };
    let mut line = after_first;
    loop {
        let rest = source.get(line..range.end).unwrap_or_default();
        if rest.starts_with(b"--") {
            text::edit(judge, edits, line + 2..range.end, cut, depth);
            return Ok(());
        }
        let padding = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let Some(headers) = rest
            .get(padding..)
            .and_then(|rest| rest.strip_prefix(b"\r\n"))
        else {
            let cut_here = cut && rest.len() <= padding + 1;
            return if cut_here { Ok(()) } else { Err(Unclean) };
        };
        let start = range.end - headers.len();
        // A part's headers may be empty; their last line break is then the delimiter's own.
        let from = start - 2;
        let next = finder
            .find(source.get(from..range.end).unwrap_or_default())
            .map(|at| from + at);
        let end = next.unwrap_or_else(|| range.end - partial(headers, &delimiter));
        if next.is_none() && !cut {
            return Err(Unclean);
        }
        edit_part(
            judge,
            edits,
            start..end.max(start),
            is_form,
            next.is_none(),
            depth,
        )?;
        let Some(next) = next else {
            return Ok(());
        };
        line = next + delimiter.len();
    }
}

fn edit_part(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    is_form: bool,
    cut: bool,
    depth: u8,
) -> Result<(), Unclean> {
    let source = edits.source();
    let text = source.get(range.clone()).unwrap_or_default();
    let (headers, content) = if text.starts_with(b"\r\n") {
        (range.start..range.start, range.start + 2)
    } else if let Some(length) = memchr::memmem::find(text, b"\r\n\r\n") {
        (range.start..range.start + length, range.start + length + 4)
    } else if cut {
        edits.replace(range, b"");
        return Ok(());
    } else {
        return Err(Unclean);
    };
    let part = edit_headers(judge, edits, headers, is_form)?;
    let content = content..range.end;
    if content.is_empty() {
        return Ok(());
    }
    if part.secret {
        edits.mask(content);
        return Ok(());
    }
    let mark = edits.mark();
    let typed = part.content_type.as_deref();
    if body::edit(judge, edits, content.clone(), typed, cut, depth + 1).is_err() {
        edits.take_back(mark);
        edits.mask(content);
    }
    Ok(())
}

fn edit_headers(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    is_form: bool,
) -> Result<Part, Unclean> {
    let source = edits.source();
    let mut part = Part::default();
    let mut named = false;
    let mut start = range.start;
    while start < range.end {
        let rest = source.get(start..range.end).unwrap_or_default();
        let length = memchr::memmem::find(rest, b"\r\n").unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let colon = memchr::memchr(b':', line).ok_or(Unclean)?;
        let name = line.get(..colon).unwrap_or_default();
        if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
            return Err(Unclean);
        }
        let after = line.get(colon + 1..).unwrap_or_default();
        let value = after.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-type") {
            part.content_type = Some(String::from_utf8_lossy(value).into_owned());
        } else if name.eq_ignore_ascii_case(b"content-disposition") {
            let understood = disposition::names(value, |name| {
                let class = judge.class(NameKind::Parameter, name);
                part.secret |= matches!(class, Class::Secret | Class::Measure);
            });
            named |= understood;
            part.secret |= !understood && is_form;
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding")
            || name.eq_ignore_ascii_case(b"content-encoding")
        {
            part.secret |= !["7bit", "8bit", "binary", "identity"]
                .iter()
                .any(|plain| plain.as_bytes().eq_ignore_ascii_case(value));
        }
        let begin = start + colon + 1 + (after.len() - after.trim_ascii_start().len());
        header::edit(judge, edits, name, begin..begin + value.len());
        start += length + 2;
    }
    part.secret |= is_form && !named;
    Ok(part)
}

fn boundary(content_type: &str) -> Option<Vec<u8>> {
    let mut rest = content_type.as_bytes();
    loop {
        rest = rest
            .get(memchr::memchr(b';', rest)? + 1..)?
            .trim_ascii_start();
        let equals = memchr::memchr(b'=', rest)?;
        let (name, value) = (rest.get(..equals)?.trim_ascii(), rest.get(equals + 1..)?);
        if !name.eq_ignore_ascii_case(b"boundary") {
            continue;
        }
        let value = value.trim_ascii_start();
        let boundary = match value.strip_prefix(b"\"") {
            Some(quoted) => quoted.get(..memchr::memchr(b'"', quoted)?)?,
            None => value.split(|&byte| byte == b';').next()?.trim_ascii_end(),
        };
        return (1..=70)
            .contains(&boundary.len())
            .then(|| boundary.to_vec());
    }
}

/// How many bytes at the end of a cut text are the beginning of a delimiter.
fn partial(text: &[u8], delimiter: &[u8]) -> usize {
    (1..delimiter.len())
        .rev()
        .find(|&length| {
            delimiter
                .get(..length)
                .is_some_and(|head| text.ends_with(head))
        })
        .unwrap_or(0)
}
