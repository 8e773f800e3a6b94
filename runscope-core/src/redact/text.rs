//! Text of any kind: one walk that stops only at the few bytes that can announce a secret.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::edits::Edits;
use super::patterns::{self, Jwt};
use super::redactor::Judge;
use super::{assignment, element};

/// `Basic` is an everyday word, so what follows it must decode to `user:password`.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Words that follow `Bearer` in prose.
const PROSE: &[&[u8]] = &[
    b"token",
    b"tokens",
    b"auth",
    b"authentication",
    b"authorization",
    b"scheme",
];

static ANNOUNCES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(
            byte as u8,
            b'=' | b':' | b'<' | b'J' | b'0'..=b'9' | b'B' | b'b'
        );
        byte += 1;
    }
    table
};

/// Masks JWTs, card numbers, credentials after `Bearer` and `Basic`, userinfo and secret parameters of
/// URLs, the values of assignments to secret names, and the content of elements with such names.
/// `cut` says that the text goes on behind the range: what may be the beginning of a secret is
/// masked there.
pub(super) fn edit(
    judge: &Judge,
    edits: &mut Edits<'_, '_>,
    range: Range<usize>,
    cut: bool,
    depth: u8,
) {
    let source = edits.source();
    let mut at = range.start;
    let mut no_token_before = range.start;
    while let Some(rest) = source.get(at..range.end)
        && let Some(step) = rest.iter().position(|&byte| ANNOUNCES[usize::from(byte)])
    {
        at += step;
        let here = Range {
            start: at,
            end: range.end,
        };
        let next = match source.get(at) {
            Some(b'J') if judge.has_patterns() && at >= no_token_before => {
                edit_jwt(edits, range.start, here, cut, &mut no_token_before)
            }
            Some(b'0'..=b'9') if judge.has_patterns() => {
                patterns::cards(source, at, range.end, cut, |card| edits.mask(card))
            }
            Some(b'B' | b'b') => edit_credentials(edits, range.start, here, cut),
            Some(b'<') => element::edit(judge, edits, here, cut),
            Some(b'=' | b':') => assignment::edit(judge, edits, range.clone(), at, cut, depth),
            _ => at,
        };
        at = next.max(at + 1);
    }
}

/// Whether the value begins with an authentication scheme.
pub(super) fn holds_scheme(value: &[u8]) -> bool {
    scheme(value).is_some()
}

/// Whether an authentication scheme stands anywhere in the value.
pub(super) fn holds_scheme_within(value: &[u8]) -> bool {
    memchr::memchr2_iter(b'b', b'B', value)
        .any(|at| scheme(value.get(at..).unwrap_or_default()).is_some())
}

/// What is no token is remembered: no later `eyJ` in it begins one, but other bytes in it may still
/// announce a secret.
fn edit_jwt(
    edits: &mut Edits<'_, '_>,
    begin: usize,
    here: Range<usize>,
    cut: bool,
    no_token_before: &mut usize,
) -> usize {
    if !patterns::is_jwt_start(edits.source(), begin, here.start) {
        return here.start;
    }
    let start = here.start - 2;
    match patterns::jwt(edits.source(), start, here.end, cut) {
        Jwt::Until(end) => {
            edits.mask(start..end);
            end
        }
        Jwt::NoneBefore(next) => {
            *no_token_before = next;
            here.start
        }
    }
}

fn edit_credentials(
    edits: &mut Edits<'_, '_>,
    begin: usize,
    here: Range<usize>,
    cut: bool,
) -> usize {
    let source = edits.source();
    let inside_word = here.start > begin
        && source
            .get(here.start - 1)
            .is_some_and(u8::is_ascii_alphanumeric);
    let text = source.get(here.clone()).unwrap_or_default();
    let Some((scheme, gap)) = scheme(text).filter(|_| !inside_word) else {
        return here.start;
    };
    let rest = text.get(gap..).unwrap_or_default();
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b',' | b'\\')
    };
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let token = rest.get(..length).unwrap_or_default();
    let partial = cut && length == rest.len();
    let secret = match scheme {
        Scheme::Bearer => !PROSE.iter().any(|word| word.eq_ignore_ascii_case(token)),
        Scheme::Basic => LENIENT
            .decode(token)
            .is_ok_and(|pair| memchr::memchr(b':', &pair).is_some()),
    };
    if token.is_empty() || !(secret || partial) {
        return here.start;
    }
    let start = here.start + gap;
    edits.mask(start..start + length);
    start + length
}

#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    Basic,
}

/// The scheme at the beginning of the text, and where its credentials begin.
fn scheme(text: &[u8]) -> Option<(Scheme, usize)> {
    let is = |name: &[u8]| {
        text.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    let (scheme, length) = if is(b"bearer ") {
        (Scheme::Bearer, 6)
    } else if is(b"basic ") {
        (Scheme::Basic, 5)
    } else {
        return None;
    };
    let spaces = text
        .get(length..)?
        .iter()
        .take_while(|&&byte| byte == b' ')
        .count();
    Some((scheme, length + spaces))
}
