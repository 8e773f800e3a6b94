//! How far the value of an assignment reaches. In doubt it reaches further.

use std::ops::Range;

/// What stands round the separator.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) after_colon: bool,
    pub(super) quoted_name: bool,
    /// The name's indentation, when it begins its line.
    pub(super) line_indent: Option<usize>,
}

/// A quotation mark, with the backslashes before it in text that is quoted once more.
#[derive(Clone, Copy)]
pub(super) enum Quote {
    Mark { mark: u8, slashes: usize },
    Entity(&'static [u8]),
}

const ENTITIES: [&[u8]; 5] = [b"&quot;", b"&#34;", b"&#39;", b"&apos;", b"&#x22;"];

impl Quote {
    /// The mark that ends a text.
    pub(super) fn closing(text: &[u8]) -> Option<Self> {
        if let Some(entity) = ENTITIES.into_iter().find(|entity| text.ends_with(entity)) {
            return Some(Self::Entity(entity));
        }
        let (&mark, before) = text.split_last()?;
        let slashes = before
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        is_mark(mark).then_some(Self::Mark { mark, slashes })
    }

    /// The mark that begins a text.
    fn opening(text: &[u8]) -> Option<Self> {
        if let Some(entity) = ENTITIES.into_iter().find(|entity| text.starts_with(entity)) {
            return Some(Self::Entity(entity));
        }
        let slashes = text.iter().take_while(|&&byte| byte == b'\\').count();
        let mark = *text.get(slashes)?;
        is_mark(mark).then_some(Self::Mark { mark, slashes })
    }

    pub(super) fn length(self) -> usize {
        match self {
            Self::Mark { slashes, .. } => slashes + 1,
            Self::Entity(entity) => entity.len(),
        }
    }

    /// Where in the text the content begins that follows the last such mark.
    pub(super) fn rfind(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Mark { mark, .. } => memchr::memrchr(mark, text).map(|at| at + 1),
            Self::Entity(entity) => memchr::memmem::rfind(text, entity).map(|at| at + entity.len()),
        }
    }

    /// Where the content ends that begins the text: at a mark that is not escaped any deeper.
    fn close(self, text: &[u8]) -> Option<usize> {
        let Self::Mark { mark, slashes } = self else {
            let Self::Entity(entity) = self else {
                return None;
            };
            return memchr::memmem::find(text, entity);
        };
        let mut run = 0_usize;
        for (index, &byte) in text.iter().enumerate() {
            if byte == mark && (run <= slashes && (slashes > 0 || run == 0)) {
                return Some(index - run);
            }
            if byte == mark && slashes == 0 && run.is_multiple_of(2) {
                return Some(index);
            }
            run = if byte == b'\\' { run + 1 } else { 0 };
        }
        None
    }
}

/// The value after the separator at this place.
pub(super) fn find(text: &[u8], separator: usize, context: Context) -> Range<usize> {
    let skip = |from: usize, skipped: &[u8]| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest
            .iter()
            .take_while(|byte| skipped.contains(byte))
            .count()
    };
    let mut start = skip(skip(separator, b"=:>"), b" \t");
    if context.quoted_name {
        start = skip(start, b" \t\r\n");
    }
    let rest = text.get(start..).unwrap_or_default();
    if let Some(quote) = Quote::opening(rest) {
        let open = start + quote.length();
        let content = text.get(open..).unwrap_or_default();
        return open..quote
            .close(content)
            .map_or(text.len(), |length| open + length);
    }
    let length = match (rest.first(), context.line_indent) {
        (Some(b'{' | b'['), _) => balanced(rest),
        (_, Some(indent)) if context.after_colon && !context.quoted_name => lines(rest, indent),
        (Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n'), _) if context.quoted_name => {
            word(rest, b",}]")
        }
        _ => word(rest, b""),
    };
    start..start + length
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// A word, and the next one after a scheme such as `Bearer`.
fn word(text: &[u8], ends: &[u8]) -> usize {
    let until = |text: &[u8]| {
        let is_end = |byte: &u8| {
            byte.is_ascii_whitespace() || matches!(byte, b'&' | b'<' | b'"') || ends.contains(byte)
        };
        text.iter().position(is_end).unwrap_or(text.len())
    };
    let first = until(text);
    let scheme = [
        &b"bearer"[..],
        b"basic",
        b"digest",
        b"token",
        b"apikey",
        b"negotiate",
    ]
    .iter()
    .any(|scheme| {
        text.get(..first)
            .is_some_and(|word| word.eq_ignore_ascii_case(scheme))
    });
    if !scheme {
        return first;
    }
    let rest = text.get(first..).unwrap_or_default();
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    first + spaces + until(rest.get(spaces..).unwrap_or_default())
}

/// The rest of the line, or the block that is indented below it.
fn lines(text: &[u8], indent: usize) -> usize {
    let line = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let first = text.get(..line).unwrap_or_default().trim_ascii();
    let opens_block = matches!(first, b"" | b"|" | b">" | b"|-" | b">-" | b"|+" | b">+");
    if !opens_block {
        let raw = text.get(..line).unwrap_or_default();
        return raw.trim_ascii_end().len();
    }
    let (mut at, mut end) = (line + 1, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let blank = line.trim_ascii().is_empty();
        let deep = line
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count()
            > indent;
        if !blank && !deep {
            break;
        }
        if !blank {
            end = at + line.trim_ascii_end().len();
        }
        at += length + 1;
    }
    end
}

/// Up to the bracket that closes the first one; brackets inside strings do not count.
fn balanced(text: &[u8]) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (index, &byte) in text.iter().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, byte) {
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    text.len()
}
