//! JSON strings: where they end, and what they say.

use std::cell::Cell;

/// How the text from a string's opening quote on goes on.
pub(super) enum Scanned {
    /// The string is whole.
    Whole(JsonString),
    /// The text ends inside the string.
    Cut,
    /// No string may look like this.
    Malformed,
}

/// What is known about a string's content after one walk over it.
#[derive(Clone, Copy)]
pub(super) struct JsonString {
    /// Where the closing quote stands.
    pub(super) close: usize,
    /// Whether there are escapes in it.
    pub(super) escaped: bool,
    /// Which of the bytes that secrets need were seen.
    seen: u8,
}

/// A buffer that grew beyond this is not kept for the next string.
const KEPT: usize = 64 * 1024;

const END: u8 = 1;
const ASSIGNS: u8 = 2;
const DIGIT: u8 = 4;
const CAPITAL_J: u8 = 8;
const SCHEME: u8 = 16;

/// What each byte of a string means.
static BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'"' | b'\\' | 0..=0x1f => END,
            b'=' | b':' | b'<' => ASSIGNS,
            b'0'..=b'9' => DIGIT,
            b'J' => CAPITAL_J,
            b'B' | b'b' => SCHEME,
            _ => 0,
        };
        byte += 1;
    }
    table
};

impl JsonString {
    /// Whether the content, which has this length, could hold a secret at all.
    pub(super) fn is_worth_a_look(self, length: usize) -> bool {
        let has = |bit: u8| self.seen & bit != 0;
        has(ASSIGNS)
            || (has(DIGIT) && length >= 13)
            || (has(CAPITAL_J) && length >= 12)
            || (has(SCHEME) && length >= 7)
    }
}

/// Walks over a string (RFC 8259, section 7) whose content begins at `start`.
pub(super) fn scan(source: &[u8], start: usize, end: usize) -> Scanned {
    let text = source.get(..end).unwrap_or_default();
    let (mut at, mut seen, mut escaped) = (start, 0, false);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|&byte| {
            let kind = BYTES[usize::from(byte)];
            seen |= kind;
            kind == END
        }) else {
            return Scanned::Cut;
        };
        at += length;
        match rest.get(length) {
            Some(b'"') => {
                return Scanned::Whole(JsonString {
                    close: at,
                    escaped,
                    seen,
                });
            }
            Some(b'\\') => {}
            _ => return Scanned::Malformed,
        }
        escaped = true;
        at += match rest.get(length + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = rest.get(length + 2..).unwrap_or_default();
                let digits = digits.get(..4).unwrap_or(digits);
                match digits {
                    _ if !digits.iter().all(u8::is_ascii_hexdigit) => return Scanned::Malformed,
                    [_, _, _, _] => 6,
                    _ => return Scanned::Cut,
                }
            }
            Some(_) => return Scanned::Malformed,
            None => return Scanned::Cut,
        };
    }
}

/// Shows what an escaped string says, in a buffer that the thread keeps.
pub(super) fn unescaped<T>(content: &[u8], look: impl FnOnce(&[u8]) -> T) -> T {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    unescape(content, &mut buffer);
    let seen = look(&buffer);
    if buffer.capacity() <= KEPT {
        // A thread that is ending has no place left for the buffer, and needs none.
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
    seen
}

/// Appends what a string with valid escapes says. A surrogate without its other half becomes U+FFFD.
pub(super) fn unescape(content: &[u8], out: &mut Vec<u8>) {
    let mut rest = content;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        let (before, after) = rest.split_at(slash);
        out.extend_from_slice(before);
        let (character, length) = escape(after);
        let mut buffer = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        rest = after.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn escape(text: &[u8]) -> (char, usize) {
    let simple = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let Some(high) = unit(text) else {
                return (char::REPLACEMENT_CHARACTER, 2);
            };
            let low = text.get(6..).and_then(unit);
            return match (high, low) {
                (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                    let code = 0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
                    (
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                        12,
                    )
                }
                _ => (
                    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
                    6,
                ),
            };
        }
        Some(&byte) => char::from(byte),
        None => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |sum, &byte| {
        Some(sum * 16 + char::from(byte).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_told_from_cut_and_malformed_ones() {
        let cases = [
            (r#"abc""#, "whole"),
            (r#"""#, "whole"),
            (r#"\u00e9\"\\\/""#, "whole"),
            (r#"\ud83d\ude00""#, "whole"),
            ("abc", "cut"),
            (r"\", "cut"),
            (r"\u00", "cut"),
            (r"\u00zz", "malformed"),
            (r#"\x""#, "malformed"),
            (r#"\u00""#, "malformed"),
            ("a\nb\"", "malformed"),
        ];
        for (text, expected) in cases {
            let found = match scan(text.as_bytes(), 0, text.len()) {
                Scanned::Whole(_) => "whole",
                Scanned::Cut => "cut",
                Scanned::Malformed => "malformed",
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn escapes_say_what_serde_json_says_they_do() {
        for text in [
            r"plain",
            r"p\u0061ss",
            r"\ud83d\ude00 \n\t\\\/\b\f\r",
            r"\u00e9\u20ac",
        ] {
            let mut out = Vec::new();
            unescape(text.as_bytes(), &mut out);
            let expected: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn half_a_surrogate_becomes_a_replacement_character() {
        for text in [
            r"\ud83d",
            r"\ud83dx",
            r"\ude00",
            r"\ud83d\u0041",
            r"\u12",
            r"\",
        ] {
            let mut out = Vec::new();
            unescape(text.as_bytes(), &mut out);
            assert!(
                String::from_utf8(out).unwrap().contains('\u{fffd}'),
                "{text}"
            );
        }
    }
}
