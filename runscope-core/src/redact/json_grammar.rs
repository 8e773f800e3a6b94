//! The parts of JSON's grammar that need no judgement.

/// Deeper nesting is not followed: such a body is masked whole.
const DEEPEST: usize = 256;

/// The open containers, one bit each.
#[derive(Default)]
pub(super) struct Nesting {
    objects: [u64; DEEPEST / 64],
    pub(super) depth: usize,
    in_object: bool,
}

impl Nesting {
    pub(super) fn is_empty(&self) -> bool {
        self.depth == 0
    }

    pub(super) fn in_object(&self) -> bool {
        self.in_object
    }

    pub(super) fn push(&mut self, object: bool) -> bool {
        let bit = 1 << (self.depth % 64);
        let Some(word) = self.objects.get_mut(self.depth / 64) else {
            return false;
        };
        if object {
            *word |= bit;
        } else {
            *word &= !bit;
        }
        self.depth += 1;
        self.in_object = object;
        true
    }

    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.in_object = match self.depth.checked_sub(1) {
            Some(top) => self
                .objects
                .get(top / 64)
                .is_some_and(|word| word & (1 << (top % 64)) != 0),
            None => false,
        };
    }
}

/// Whether the byte belongs to a number that it follows.
pub(super) fn in_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Where a number ends that is written as nearly all are: at most twelve digits, a dot among them or
/// not, and something behind it.
#[inline]
pub(super) fn short_number(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let skip_digits = |mut at: usize| {
        while let Some(b'0'..=b'9') = rest.get(at) {
            at += 1;
        }
        at
    };
    let integer = skip_digits(0);
    let mut length = integer;
    if rest.get(length) == Some(&b'.') {
        length = skip_digits(integer + 1);
        if length == integer + 1 {
            return None;
        }
    }
    let whole = !in_number(*rest.get(length)?);
    let valid = integer == 1 || (integer > 0 && rest.first() != Some(&b'0'));
    (whole && valid && length <= 12).then_some(start + length)
}

/// Whether the text is a number (RFC 8259, section 6).
pub(super) fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let integer = digits(text);
    if integer == 0 || (integer > 1 && text.starts_with(b"0")) {
        return false;
    }
    let mut rest = text.get(integer..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', digits @ ..] => digits,
            _ => exponent,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_number_is_one_that_the_grammar_takes_too() {
        let mut seen = [0, 0];
        let letters = *b"019-+.eE";
        for shape in 0..letters.len().pow(5) {
            for length in 1..=5 {
                let digit = |at| letters[shape / letters.len().pow(at) % letters.len()];
                let number: Vec<u8> = (0..length).map(digit).collect();
                let text = [&number[..], b","].concat();
                let found = short_number(&text, 0);
                seen[usize::from(found.is_some())] += 1;
                if let Some(end) = found {
                    assert_eq!(end, number.len());
                    assert!(is_number(&number), "{number:?}");
                }
                assert_eq!(short_number(&number, 0), None, "it may have been cut");
            }
        }
        assert!(seen[0] > 0 && seen[1] > 0);
    }

    #[test]
    fn a_short_number_has_twelve_digits_at_most() {
        for (text, found) in [
            ("0,", Some(1)),
            ("7}", Some(1)),
            ("12.50 ", Some(5)),
            ("123456789012,", Some(12)),
            ("12345678901.2,", None),
            ("1234567890123,", None),
            ("01,", None),
            ("-1,", None),
            ("1.,", None),
            ("1e3,", None),
            ("", None),
        ] {
            assert_eq!(short_number(text.as_bytes(), 0), found, "{text}");
        }
    }

    #[test]
    fn the_innermost_container_is_known_at_any_depth() {
        let mut nesting = Nesting::default();
        let is_object = |depth: usize| depth.is_multiple_of(3);
        for depth in 0..DEEPEST {
            assert!(nesting.push(is_object(depth)));
            assert_eq!(nesting.in_object(), is_object(depth));
        }
        assert!(!nesting.push(true), "deeper is not followed");
        for depth in (0..DEEPEST).rev() {
            assert_eq!(
                (nesting.depth, nesting.in_object()),
                (depth + 1, is_object(depth))
            );
            nesting.pop();
        }
        assert!(nesting.is_empty() && !nesting.in_object());
    }
}
