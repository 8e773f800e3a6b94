//! Values that are secret by their shape: JWTs and card numbers.

use std::ops::Range;

use super::edits::Edits;

/// A header of `{"alg":""}` makes 14 letters, so anything shorter is no token.
const JWT_HEADER: usize = 10;
/// No shorter text holds a token or a card number.
pub(super) const SHORTEST: usize = JWT_HEADER + 1;
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
const UUID: usize = 36;

/// Masks every pattern in a range, and pays little where there is none: it looks for the letter `J`,
/// and at each thirteenth byte for a digit.
pub(super) fn scan(edits: &mut Edits<'_, '_>, range: Range<usize>) {
    let source = edits.source();
    let text = source.get(range.clone()).unwrap_or_default();
    if !may_hold(text) {
        return;
    }
    let mut at = range.start;
    let mut no_token_before = range.start;
    while let Some(rest) = source.get(at..range.end)
        && let Some(step) = rest
            .iter()
            .position(|&byte| byte == b'J' || byte.is_ascii_digit())
    {
        at += step;
        if source.get(at) != Some(&b'J') {
            at = cards(source, at, range.end, false, |card| edits.mask(card));
            continue;
        }
        if at >= no_token_before && is_jwt_start(source, range.start, at) {
            match jwt(source, at - 2, range.end, false) {
                Jwt::Until(end) => {
                    edits.mask(at - 2..end);
                    at = end;
                    continue;
                }
                Jwt::NoneBefore(next) => no_token_before = next,
            }
        }
        at += 1;
    }
}

/// Whether a pattern may be in the text: most have none of what it takes.
pub(super) fn may_hold(text: &[u8]) -> bool {
    text.len() >= SHORTEST && (memchr::memchr(b'J', text).is_some() || has_long_run(text))
}

/// What stands at an `eyJ`.
pub(super) enum Jwt {
    /// A token up to here.
    Until(usize),
    /// None; the search goes on from here.
    NoneBefore(usize),
}

/// Judges the text from an `eyJ` on: three base64url segments of which the last two may be empty
/// (unsigned and detached tokens), or more (JWE, RFC 7516). `cut` says that the text was cut at
/// `end`, so that a beginning of a token there counts as one.
pub(super) fn jwt(source: &[u8], start: usize, end: usize, cut: bool) -> Jwt {
    let text = source.get(start..end).unwrap_or_default();
    let in_segment =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'+' | b'/');
    let header = text
        .iter()
        .position(|&byte| !in_segment(byte))
        .unwrap_or(text.len());
    let header_end = start + header;
    if cut && header == text.len() {
        return Jwt::Until(end);
    }
    if header < JWT_HEADER || text.get(header) != Some(&b'.') {
        return Jwt::NoneBefore(header_end);
    }
    let mut dots = 0;
    let rest = text.get(header..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|&byte| {
            dots += usize::from(byte == b'.');
            byte != b'.' && !in_segment(byte)
        })
        .unwrap_or(rest.len());
    let stop = header_end + length;
    if dots >= 2 || (cut && stop == end) {
        Jwt::Until(stop)
    } else {
        Jwt::NoneBefore(stop)
    }
}

/// Whether the `J` at this place ends an `eyJ`, the beginning of `{"` in base64.
pub(super) fn is_jwt_start(source: &[u8], begin: usize, at: usize) -> bool {
    at >= begin.saturating_add(2) && source.get(at - 2..at) == Some(b"ey")
}

/// Whether there may be a run of as many digits as a card number has. Any such run, separators
/// included, covers a byte of each thirteen.
pub(super) fn has_long_run(text: &[u8]) -> bool {
    let in_run = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'-');
    let (mut behind, mut at) = (0, 12);
    while let Some(byte) = text.get(at) {
        if !in_run(&byte) {
            at += 13;
            continue;
        }
        let (head, tail) = text.split_at(at);
        let before = head
            .get(behind..)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(in_run);
        let run = before.chain(tail.iter().take_while(in_run));
        if run.filter(|byte| byte.is_ascii_digit()).count() >= *CARD.start() {
            return true;
        }
        behind = at + tail.iter().take_while(in_run).count();
        at = behind + 13;
    }
    false
}

/// Reports the card numbers in the run of digits, with single spaces or dashes between them, that
/// begins at `start`, and returns where the run ends. `cut` says that the text was cut at `end`: a
/// run that reaches it may be half of a number and is reported whole.
///
/// A card number has 13 to 19 digits and passes Luhn's test (ISO/IEC 7812-1). Its digits begin and end
/// with a group of the run, so a part of a longer number is none. One number in ten passes by
/// chance, therefore three things that are everywhere are left alone: numbers that begin with 0 or 1
/// (no card scheme but UATP's 15 digits does, and every Unix time in ms, µs or ns until 2033 does), the
/// fraction of a decimal number, and the groups of a UUID. Issuers' prefixes are not looked at: new
/// ones come up.
pub(super) fn cards(
    source: &[u8],
    start: usize,
    end: usize,
    cut: bool,
    mut report: impl FnMut(Range<usize>),
) -> usize {
    let text = source.get(..end).unwrap_or_default();
    let digit = |at: usize| {
        text.get(at)
            .copied()
            .filter(u8::is_ascii_digit)
            .map(|byte| byte - b'0')
    };
    let separator = |at: usize| matches!(text.get(at), Some(b' ' | b'-'));
    if !cut && let Some(stop) = short_run(text, start) {
        return stop;
    }
    let mut masked_to = start;
    let mut pending: Option<Range<usize>> = None;
    let mut group = start;
    loop {
        if !(group == start && follows_decimal_point(source, start))
            && let Some(stop) = longest_card(group, digit, separator)
            && !is_in_uuid(text, group..stop)
        {
            match &mut pending {
                Some(card) if group < masked_to => card.end = card.end.max(stop),
                _ => {
                    if let Some(card) = pending.replace(group..stop) {
                        report(card);
                    }
                }
            }
            masked_to = masked_to.max(stop);
        }
        let mut next = group;
        while digit(next).is_some() {
            next += 1;
        }
        let more = separator(next) && digit(next + 1).is_some();
        if more {
            group = next + 1;
            continue;
        }
        let reaches_end = next == end || (separator(next) && next + 1 == end);
        if cut && reaches_end {
            report(start..end);
            return end;
        }
        if let Some(card) = pending {
            report(card);
        }
        return next;
    }
}

/// Where the run of digits ends, if it has fewer than a card number: so have nearly all.
fn short_run(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut digits) = (start, 0);
    loop {
        match text.get(at) {
            Some(b'0'..=b'9') => digits += 1,
            Some(b' ' | b'-') if text.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
            _ => return Some(at),
        }
        if digits == *CARD.start() {
            return None;
        }
        at += 1;
    }
}

fn follows_decimal_point(source: &[u8], start: usize) -> bool {
    start >= 2
        && source.get(start - 1) == Some(&b'.')
        && source.get(start - 2).is_some_and(u8::is_ascii_digit)
}

/// Whether these digits are a part of a UUID (RFC 9562, section 4). It has to be of the variant that
/// the standard makes: by that a card in groups of four, with something at both of its ends, is none.
fn is_in_uuid(text: &[u8], digits: Range<usize>) -> bool {
    let first = digits.end.saturating_sub(UUID);
    (first..=digits.start)
        .filter_map(|start| text.get(start..start.checked_add(UUID)?))
        .any(|window| {
            let in_place = |(at, byte): (usize, &u8)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
                _ => byte.is_ascii_hexdigit(),
            };
            window.iter().enumerate().all(in_place)
        })
}

/// The end of the longest card number that begins with this group. Both of Luhn's sums are kept,
/// for an odd and for an even number of digits, so one walk judges all lengths.
fn longest_card(
    group: usize,
    digit: impl Fn(usize) -> Option<u8>,
    separator: impl Fn(usize) -> bool,
) -> Option<usize> {
    let first = digit(group)?;
    let doubled = |value: u8| if value > 4 { value * 2 - 9 } else { value * 2 };
    let (mut count, mut odd, mut even) = (0_usize, 0_u32, 0_u32);
    let mut at = group;
    let mut found = None;
    while let Some(value) = digit(at) {
        count += 1;
        if count > *CARD.end() {
            break;
        }
        let (plain, twice) = (u32::from(value), u32::from(doubled(value)));
        if count % 2 == 1 {
            odd += plain;
            even += twice;
        } else {
            odd += twice;
            even += plain;
        }
        at += 1;
        if digit(at).is_some() {
            continue;
        }
        let sum = if count % 2 == 1 { odd } else { even };
        let issued = first > 1 || (first == 1 && count == 15);
        if CARD.contains(&count) && sum % 10 == 0 && issued {
            found = Some(at);
        }
        if separator(at) {
            at += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let mut out = Vec::new();
        let mut edits = Edits::new(text.as_bytes(), &mut out);
        scan(&mut edits, 0..text.len());
        edits.finish();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_is_short_where_it_has_fewer_digits_than_a_card_number() {
        for (text, end) in [
            ("1", Some(1)),
            ("12 34-5x", Some(7)),
            ("12  34", Some(2)),
            ("12-", Some(2)),
            ("12 ", Some(2)),
            ("1234567890 12", Some(13)),
            ("123456789012", Some(12)),
            ("1234567890123", None),
            ("1-2-3-4-5-6-7-8-9-0-1-2-3", None),
        ] {
            assert_eq!(short_run(text.as_bytes(), 0), end, "{text}");
        }
    }

    #[test]
    fn shapes_are_masked_and_lookalikes_are_kept() {
        let cases = [
            ("", ""),
            ("4111111111111111", "[redacted]"),
            ("card 4111 1111 1111 1111.", "card [redacted]."),
            ("4111-1111-1111-1111 exp", "[redacted] exp"),
            ("4111 1111 1111 1111 123", "[redacted] 123"),
            ("no.378282246310005;", "no.[redacted];"),
            ("30569309025904", "[redacted]"),
            ("4222222222222", "[redacted]"),
            ("6011000990139424,5555555555554444", "[redacted],[redacted]"),
            ("x4111111111111111y", "x[redacted]y"),
            ("4111111111111112", "4111111111111112"),
            ("94111111111111111111", "94111111111111111111"),
            ("4111  1111  1111  1111", "4111  1111  1111  1111"),
            ("1700000000005", "1700000000005"),
            ("0000000000000000", "0000000000000000"),
            ("3.4111111111111111", "3.4111111111111111"),
            ("2024-01-15 4111111111111111 ok", "2024-01-15 [redacted] ok"),
            (
                "id 01107672-5078-7363-8838-529595513382",
                "id 01107672-5078-7363-8838-529595513382",
            ),
            (
                "01abcdef-4111-1111-1111-1111abcdef01",
                "01abcdef-[redacted]abcdef01",
            ),
            (
                "01107672-5078-7363-8838-529595513382 4111111111111111",
                "01107672-5078-7363-8838-529595513382 [redacted]",
            ),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[redacted]"),
            ("a=eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0. b", "a=[redacted] b"),
            ("eyJhbGciOiJIUzI1NiJ9..c2ln", "[redacted]"),
            ("eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn", "[redacted]"),
            (
                "eyJ2ZXJzaW9uIjozfQ== and more",
                "eyJ2ZXJzaW9uIjozfQ== and more",
            ),
            ("eyJhbGciOiJub25lIn0.x", "eyJhbGciOiJub25lIn0.x"),
            ("eyJ.a.b", "eyJ.a.b"),
            (
                "eyJhbGciOiJIUzI1NiJ9.e30.c2ln 4111111111111111 eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                "[redacted] [redacted] [redacted]",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(cleaned(text), expected, "{text}");
        }
    }

    #[test]
    fn a_card_is_found_at_every_offset() {
        for offset in 0..40 {
            for card in [
                "4222222222222",
                "4111 1111 1111 1111",
                "4-2-2-2-2-2-2-2-2-2-2-2-2",
            ] {
                let text = format!("{}{card}{}", "x".repeat(offset), "y".repeat(offset));
                let expected = text.replace(card, "[redacted]");
                assert_eq!(cleaned(&text), expected);
            }
        }
    }

    #[test]
    fn a_cut_run_of_digits_is_reported_whole() {
        for text in ["4", "4111 1", "4111 ", "12345678901234567890123"] {
            let mut found = None;
            cards(text.as_bytes(), 0, text.len(), true, |range| {
                found = Some(range);
            });
            assert_eq!(found, Some(0..text.len()), "{text}");
        }
    }
}
