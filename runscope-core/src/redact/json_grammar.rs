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
