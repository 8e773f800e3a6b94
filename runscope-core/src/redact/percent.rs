//! Percent-decoding into a buffer that needs no allocation for everyday lengths.

/// Decoded text of this length and below stays on the stack.
const INLINE: usize = 256;

pub(super) struct Decoded {
    inline: [u8; INLINE],
    length: usize,
    spilled: Vec<u8>,
    malformed: bool,
}

impl Decoded {
    pub(super) fn as_slice(&self) -> &[u8] {
        if self.spilled.is_empty() {
            self.inline.get(..self.length).unwrap_or_default()
        } else {
            &self.spilled
        }
    }

    /// Whether a `%` was not followed by two hexadecimal digits; such a `%` is kept.
    pub(super) fn is_malformed(&self) -> bool {
        self.malformed
    }

    fn push(&mut self, byte: u8) {
        if let (true, Some(slot)) = (self.spilled.is_empty(), self.inline.get_mut(self.length)) {
            *slot = byte;
            self.length += 1;
        } else {
            if self.spilled.is_empty() {
                self.spilled.extend_from_slice(&self.inline);
            }
            self.spilled.push(byte);
        }
    }
}

pub(super) fn is_encoded(text: &[u8]) -> bool {
    memchr::memchr2(b'%', b'+', text).is_some()
}

/// Whether there is a `%` with two hexadecimal digits behind it.
pub(super) fn holds_escape(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text).any(|at| {
        let digits = text.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Decodes `%XX`, and `+` as a space.
pub(super) fn decode(text: &[u8]) -> Decoded {
    let mut decoded = Decoded {
        inline: [0; INLINE],
        length: 0,
        spilled: Vec::new(),
        malformed: false,
    };
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) if pair(*high, *low).is_some() => {
                decoded.push(pair(*high, *low).unwrap_or_default());
                rest = after;
            }
            _ => {
                decoded.malformed |= *first == b'%';
                decoded.push(*first);
            }
        }
    }
    decoded
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_plus_are_decoded_and_broken_escapes_are_told() {
        let cases: [(&str, &[u8], bool); 7] = [
            ("", b"", false),
            ("a+b", b"a b", false),
            ("p%61ss%5b%5D", b"pass[]", false),
            ("%", b"%", true),
            ("%4", b"%4", true),
            ("%zz%41", b"%zzA", true),
            ("%FF%00", b"\xff\0", false),
        ];
        for (text, expected, malformed) in cases {
            let decoded = decode(text.as_bytes());
            assert_eq!(decoded.as_slice(), expected, "{text}");
            assert_eq!(decoded.is_malformed(), malformed, "{text}");
        }
    }

    #[test]
    fn long_text_is_decoded_whole() {
        for length in INLINE - 2..INLINE + 3 {
            let text = "%61".repeat(length);
            assert_eq!(
                decode(text.as_bytes()).as_slice(),
                "a".repeat(length).as_bytes()
            );
        }
    }
}
