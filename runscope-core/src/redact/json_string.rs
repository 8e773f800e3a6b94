//! JSON strings: where they end, and what they say.

use std::cell::Cell;

use super::{octets, patterns, text};

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
    pub(super) escapes: Escapes,
}

/// The escapes in a string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    None,
    /// Letters after a backslash, as in `\n`.
    Letters,
    /// At least one number, as in `\u0041`, which may be any character.
    Numbers,
}

/// A buffer that grew beyond this is not kept for the next string.
const KEPT: usize = 64 * 1024;

/// Which of the bytes that secrets need are in a content.
#[derive(Clone, Copy)]
pub(super) struct Seen(u8);

const ASSIGNS: u8 = 1;
const DIGIT: u8 = 2;
const CAPITAL_J: u8 = 4;
const SCHEME: u8 = 8;
const OPENS: u8 = 16;

/// What each byte of a string means.
static BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'=' | b':' | b'<' => ASSIGNS,
            b'0'..=b'9' => DIGIT,
            b'J' => CAPITAL_J,
            b'B' | b'b' => SCHEME,
            b'{' | b'[' => OPENS,
            _ => 0,
        };
        byte += 1;
    }
    table
};

impl Seen {
    pub(super) fn of(content: &[u8]) -> Self {
        Self(
            content
                .iter()
                .fold(0, |seen, &byte| seen | BYTES[usize::from(byte)]),
        )
    }

    /// Whether a content without escapes, which has this length, could hold a secret at all.
    pub(super) fn is_worth_a_look(self, length: usize) -> bool {
        self.has(ASSIGNS)
            || (self.has(DIGIT) && length >= 13)
            || (self.has(CAPITAL_J) && length >= 12)
            || (self.has(SCHEME) && length >= 7)
    }

    /// Whether a content with escapes, none of them a number, could hold a secret once they are
    /// undone. Such an escape stands for none of the bytes that a secret needs, and parts no run of
    /// digits, so that the content may be judged as it is written.
    pub(super) fn is_worth_unescaping(self, content: &[u8]) -> bool {
        self.has(ASSIGNS | CAPITAL_J | OPENS)
            || (self.has(DIGIT) && patterns::has_long_run(content))
            || (self.has(SCHEME) && text::holds_scheme_within(content))
    }

    fn has(self, any: u8) -> bool {
        self.0 & any != 0
    }
}

/// Where the string ends, if nothing but ASCII without escapes is before: so are most.
#[inline]
pub(super) fn scan_short(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut rest) = (start, text.get(start..)?);
    while let Some((word, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let found = octets::specials(word) | octets::non_ascii(word);
        if found != 0 {
            let ends = octets::at(word, found) == b'"';
            return ends.then(|| at + octets::first(found));
        }
        (at, rest) = (at + 8, behind);
    }
    None
}

/// Walks over a string (RFC 8259, section 7) whose content begins at `start`. What is outside ASCII
/// has to be UTF-8.
pub(super) fn scan(text: &[u8], start: usize) -> Scanned {
    let (mut at, mut escapes, mut odd) = (start, Escapes::None, 0);
    let close = loop {
        let mut rest = text.get(at..).unwrap_or_default();
        let byte = loop {
            let Some((word, behind)) = rest.split_first_chunk() else {
                odd |= 1;
                let ends = |&byte: &u8| byte < b' ' || matches!(byte, b'"' | b'\\');
                let Some(length) = rest.iter().position(ends) else {
                    return cut(text, start);
                };
                at += length;
                break rest.get(length).copied().unwrap_or_default();
            };
            let word = u64::from_le_bytes(*word);
            odd |= octets::non_ascii(word);
            let found = octets::specials(word);
            if found != 0 {
                at += octets::first(found);
                break octets::at(word, found);
            }
            at += 8;
            rest = behind;
        };
        match byte {
            b'"' => break at,
            b'\\' => {}
            _ => return Scanned::Malformed,
        }
        match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                if escapes == Escapes::None {
                    escapes = Escapes::Letters;
                }
                at += 2;
            }
            Some(b'u') => {
                escapes = Escapes::Numbers;
                let digits = text.get(at + 2..).unwrap_or_default();
                let digits = digits.get(..4).unwrap_or(digits);
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Scanned::Malformed;
                }
                if digits.len() < 4 {
                    return cut(text, start);
                }
                at += 6;
            }
            Some(_) => return Scanned::Malformed,
            None => return cut(text, start),
        }
    };
    if odd != 0 && std::str::from_utf8(text.get(start..close).unwrap_or_default()).is_err() {
        return Scanned::Malformed;
    }
    Scanned::Whole(JsonString { close, escapes })
}

/// The text ends inside the string that begins at `start`.
fn cut(text: &[u8], start: usize) -> Scanned {
    match std::str::from_utf8(text.get(start..).unwrap_or_default()) {
        Ok(_) => Scanned::Cut,
        Err(_) => Scanned::Malformed,
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
            let found = match scan(text.as_bytes(), 0) {
                Scanned::Whole(_) => "whole",
                Scanned::Cut => "cut",
                Scanned::Malformed => "malformed",
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn strings_end_where_serde_json_ends_them_at_any_length() {
        let specials = [
            "\"", r"\n", r#"\""#, r"\\", r"\u0041", r"\x", "\u{1f}", "\u{7f}", "é", "😀", "x",
        ];
        for length in 0..=40 {
            for special in specials {
                for place in 0..=length {
                    let content = "a".repeat(place) + special + &"b".repeat(length - place);
                    for tail in ["", "\"", "\",", "\", and more behind it"] {
                        let text = format!("\"{content}{tail}");
                        let mut reader = serde_json::Deserializer::from_str(&text).into_iter();
                        let read: Option<Result<String, _>> = reader.next();
                        let close = reader.byte_offset().wrapping_sub(1);
                        let found = scan(text.as_bytes(), 1);
                        match read {
                            Some(Ok(_)) => {
                                let Scanned::Whole(string) = found else {
                                    panic!("{text}");
                                };
                                assert_eq!(string.close, close, "{text}");
                                let escaped = text.get(..close).unwrap().contains('\\');
                                assert_eq!(string.escapes != Escapes::None, escaped, "{text}");
                                let numbers = escaped && special == r"\u0041";
                                assert_eq!(string.escapes == Escapes::Numbers, numbers, "{text}");
                            }
                            Some(Err(error)) if error.is_eof() => {
                                assert!(matches!(found, Scanned::Cut), "{text}");
                            }
                            _ => assert!(matches!(found, Scanned::Malformed), "{text}"),
                        }
                        if let Some(end) = scan_short(text.as_bytes(), 1) {
                            assert_eq!(end, close, "{text}");
                            assert!(content.is_ascii() && !content.contains('\\'), "{text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_string_that_is_no_utf_8_is_malformed_wherever_it_is_not() {
        for length in 0..=24 {
            for place in 0..=length {
                for broken in [&b"\xff"[..], b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\x80"] {
                    for tail in [&b""[..], b"\"", b"\", and more behind it"] {
                        let (before, behind) = (vec![b'a'; place], vec![b'b'; length - place]);
                        let text = [b"\"", &before[..], broken, &behind, tail].concat();
                        let found = scan(&text, 1);
                        assert!(matches!(found, Scanned::Malformed), "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_could_be_a_secret_behind_escapes_is_unescaped() {
        for (content, expected) in [
            (r#"green \"tea\" no. 12"#, false),
            (r"a\nbee", false),
            (r"\n\t\b\f\r\/", false),
            (r"1234567\n890123", false),
            (r"4111 1111 1111 1111\n", true),
            (r"\nbearer x", true),
            (r"a\nBasic x", true),
            (r"token\n=", true),
            (r"\n<", true),
            (r"a:\n", true),
            (r"\neyJ", true),
            (r"{\n}", true),
            (r"[\n]", true),
        ] {
            let text = content.as_bytes();
            assert_eq!(
                Seen::of(text).is_worth_unescaping(text),
                expected,
                "{content}"
            );
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
