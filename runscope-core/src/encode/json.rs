//! JSON written straight into a byte buffer.

use crate::capture::Headers;
use crate::redact::octets;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::time::Duration;

/// Appends a string with its quotes.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    utf8(text.as_bytes(), out);
}

/// As above, of bytes that are known to be UTF-8.
pub(super) fn utf8(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// Appends bytes as a string: as they are where they are UTF-8, and each byte as the character of
/// its number (ISO-8859-1) where they are not. Header values are octets of no stated encoding (RFC
/// 9110, section 5.5), and so none is lost.
pub(super) fn header_value(value: &[u8], out: &mut Vec<u8>) {
    if octets::is_plain(value) {
        out.reserve(value.len() + 2);
        out.push(b'"');
        out.extend_from_slice(value);
        out.push(b'"');
        return;
    }
    match std::str::from_utf8(value) {
        Ok(text) => string(text, out),
        Err(_) => string(
            &value.iter().copied().map(char::from).collect::<String>(),
            out,
        ),
    }
}

/// Appends bytes as a string of standard base64.
pub(super) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD
        .encode_slice(bytes, &mut out[start..])
        .unwrap_or_default();
    out.truncate(start + written);
    out.push(b'"');
}

/// Appends names with their values as an object: a name with several values has an array, and names
/// stand in the order of their first coming. Sorted, because a hostile sender chooses how many there
/// are.
pub(super) fn fields<T: Ord>(
    pairs: &[(T, T)],
    write: impl Fn(&T, &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    let mut sorted: Vec<_> = pairs.iter().enumerate().collect();
    sorted.sort_by_key(|(_, (name, _))| name);
    let mut names: Vec<_> = sorted
        .chunk_by(|(_, (name, _)), (_, (next, _))| name == next)
        .collect();
    names.sort_by_key(|values| values.first().map(|(at, _)| *at));
    out.push(b'{');
    let mut comma = false;
    for values in names {
        let Some((_, (name, first))) = values.first() else {
            continue;
        };
        if std::mem::replace(&mut comma, true) {
            out.push(b',');
        }
        write(name, out);
        out.push(b':');
        if values.len() == 1 {
            write(first, out);
            continue;
        }
        for (index, (_, (_, value))) in values.iter().enumerate() {
            out.push(if index == 0 { b'[' } else { b',' });
            write(value, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// Appends headers as [`fields`] does. Nearly always no name comes twice, and they are written as they
/// stand.
pub(super) fn headers(headers: Headers<'_>, out: &mut Vec<u8>) {
    if !are_distinct(headers.clone()) {
        let headers: Vec<_> = headers.collect();
        return fields(&headers, |text, out| header_value(text, out), out);
    }
    let mut mark = b'{';
    for (name, value) in headers {
        out.push(mark);
        header_value(name, out);
        out.push(b':');
        header_value(value, out);
        mark = b',';
    }
    if mark == b'{' {
        out.push(mark);
    }
    out.push(b'}');
}

/// Whether no name comes twice. Names are told apart by a number that is made of each: that two have
/// the same by chance, or that there are many, only means to sort them.
fn are_distinct(headers: Headers<'_>) -> bool {
    let mut known = [0_u32; 32];
    for (count, (name, _)) in headers.enumerate() {
        let [head, tail] = octets::ends(name);
        let number = (head ^ tail.rotate_left(29) ^ name.len() as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            >> 32;
        let number = number as u32;
        if known
            .get(..count)
            .is_none_or(|known| known.contains(&number))
        {
            return false;
        }
        if let Some(slot) = known.get_mut(count) {
            *slot = number;
        }
    }
    true
}

/// Appends anything else that needs no escaping.
pub(super) fn plain(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing into a Vec can't fail.
    let _ = write!(out, "{value}");
}

/// Appends a whole number.
pub(super) fn number(value: u64, out: &mut Vec<u8>) {
    padded(value, 1, out);
}

/// Appends a duration as seconds with microseconds.
pub(super) fn seconds(time: Duration, out: &mut Vec<u8>) {
    number(time.as_secs(), out);
    out.push(b'.');
    padded(time.subsec_micros().into(), 6, out);
}

/// Appends a number with zeros before it, if it has fewer digits than that.
fn padded(value: u64, least: usize, out: &mut Vec<u8>) {
    // The largest number has 20 digits.
    let mut text = [b'0'; 20];
    let (pairs, _) = text.as_chunks_mut::<2>();
    let (mut rest, mut count) = (value, 0);
    for pair in pairs.iter_mut().rev() {
        let two = (rest % 100) as u8;
        *pair = [b'0' + two / 10, b'0' + two % 10];
        count += 1 + usize::from(two > 9);
        rest /= 100;
        if rest == 0 {
            break;
        }
        count = count.next_multiple_of(2);
    }
    let digits = text.get(text.len() - count.max(least)..);
    out.extend_from_slice(digits.unwrap_or_default());
}

/// How many bytes are escaped at once, in a place that has room for the longest escapes.
const BLOCK: usize = 128;
const PIECE: usize = 16;
/// More than any escape takes of the place: a power of two, by which an index is cut without a branch.
const ROOM: usize = 8 * BLOCK;

/// Up to the first byte that needs an escape all is copied at once; that is all of most texts. Behind
/// it JSON within JSON is full of quotes, so nothing there hangs on a guess where the next one is: for
/// each byte eight are written, of which those that do not count are written over.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let Some(clean) = octets::find_special(bytes) else {
        return out.extend_from_slice(bytes);
    };
    let (before, behind) = bytes.split_at(clean);
    out.extend_from_slice(before);
    let mut place = [0_u8; ROOM + 8];
    for block in behind.chunks(BLOCK) {
        let mut length = 0_usize;
        let (pieces, rest) = block.as_chunks::<PIECE>();
        for piece in pieces {
            let whole = place
                .get_mut(length & (ROOM - 1)..)
                .and_then(<[u8]>::first_chunk_mut);
            match whole {
                Some(whole)
                    if !piece
                        .iter()
                        .fold(false, |any, &byte| any | is_special(byte)) =>
                {
                    *whole = *piece;
                    length += PIECE;
                }
                _ => length = escape_each(piece, &mut place, length),
            }
        }
        length = escape_each(rest, &mut place, length);
        out.extend_from_slice(place.get(..length).unwrap_or_default());
    }
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Writes bytes behind the `length` that the place has already, and returns the new length.
#[inline]
fn escape_each(bytes: &[u8], place: &mut [u8; ROOM + 8], mut length: usize) -> usize {
    for &byte in bytes {
        let escape = ESCAPES[usize::from(byte)];
        let slot = place
            .get_mut(length & (ROOM - 1)..)
            .and_then(<[u8]>::first_chunk_mut);
        if let Some(slot) = slot {
            *slot = escape.to_le_bytes();
        }
        length += (escape >> COUNT) as usize;
    }
    length
}

/// Where in an entry of [`ESCAPES`] it is said how many of its bytes count.
const COUNT: u32 = 56;

/// For each byte what is written for it (RFC 8259, section 7).
static ESCAPES: [u64; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let short = match byte {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ => 0,
        };
        let (text, count) = if short != 0 {
            ([b'\\', short, 0, 0, 0, 0, 0, 0], 2)
        } else if byte < b' ' {
            let (high, low) = (HEX[at >> 4], HEX[at & 15]);
            ([b'\\', b'u', b'0', b'0', high, low, 0, 0], 6)
        } else {
            ([byte, 0, 0, 0, 0, 0, 0, 0], 1)
        };
        table[at] = u64::from_le_bytes(text) | count << COUNT;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Flat;

    #[test]
    fn every_string_reads_back_as_itself() {
        let every: String = (0..=0x7f_u8)
            .map(char::from)
            .chain("é€😀\u{2028}".chars())
            .collect();
        for text in ["", "plain", "\"\\/", every.as_str()] {
            let mut out = Vec::new();
            string(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            assert_eq!(
                out,
                serde_json::to_vec(text).unwrap(),
                "and is written as serde_json does"
            );
        }
    }

    #[test]
    fn bytes_read_back_as_themselves() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..8 {
            let mut out = Vec::new();
            base64(&bytes[..length], &mut out);
            let text: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(STANDARD.decode(text).unwrap(), &bytes[..length]);
        }
        let mut out = Vec::new();
        header_value(&bytes, &mut out);
        let text: String = serde_json::from_slice(&out).unwrap();
        assert!(text.chars().map(u32::from).eq(0..=255));
    }

    #[test]
    fn names_keep_their_order_and_all_their_values() {
        for (pairs, json) in [
            (&[][..], "{}"),
            (&[("b", "1")], r#"{"b":"1"}"#),
            (
                &[("b", "2"), ("a", "1"), ("b", "1"), ("c", ""), ("b", "2")],
                r#"{"b":["2","1","2"],"a":"1","c":""}"#,
            ),
        ] {
            let mut out = Vec::new();
            fields(pairs, |text, out| string(text, out), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), json);
        }
    }

    /// Measured by time, with a bound far from noise: comparing each with each would take minutes.
    #[test]
    fn the_time_for_many_names_does_not_grow_with_their_square() {
        let begin = std::time::Instant::now();
        let pairs: Vec<_> = (0..100_000)
            .map(|at| (format!("name{at}"), String::new()))
            .collect();
        let mut out = Vec::new();
        fields(&pairs, |text, out| string(text, out), &mut out);
        let read: crate::Fields = serde_json::from_slice(&out).unwrap();
        assert_eq!(read.len(), pairs.len());
        assert_eq!(read, pairs.into_iter().collect());
        assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    }

    #[test]
    fn every_place_of_an_escape_is_written_as_serde_json_writes_it() {
        let specials = [
            "\"", "\\", "\n", "\u{8}", "\0", "\u{1f}", "\u{7f}", "é", "😀", "x",
        ];
        for length in (0..=40_usize).chain(120..=136).chain(250..=260) {
            for special in specials {
                for filler in ["a", "\u{1}", "\"", "é"] {
                    for place in [0, length / 3, length.saturating_sub(1), length] {
                        let text = filler.repeat(place) + special + &filler.repeat(length - place);
                        let mut out = b"before".to_vec();
                        string(&text, &mut out);
                        let expected = serde_json::to_vec(&text).unwrap();
                        assert_eq!(out.strip_prefix(b"before"), Some(&expected[..]), "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn headers_are_written_alike_whether_or_not_a_name_comes_twice() {
        for count in 0..40 {
            for twice in [None, Some(0), Some(count / 2)] {
                let mut flat = Flat::default();
                let mut pairs: Vec<_> = (0..count)
                    .map(|at| (format!("x-name-{at}"), format!("\"value\" {at}")))
                    .collect();
                if let Some((name, _)) = twice.and_then(|at| pairs.get(at)) {
                    pairs.push((name.clone(), "again".to_owned()));
                }
                for (name, value) in &pairs {
                    flat.header(name.as_bytes(), value.as_bytes());
                }
                let (mut out, mut expected) = (Vec::new(), Vec::new());
                headers(flat.headers(flat.span_from(0)), &mut out);
                fields(&pairs, |text, out| string(text, out), &mut expected);
                assert_eq!(out, expected);
            }
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for value in [0, 7, 10, 99, 100, 12_345, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            number(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn times_are_seconds() {
        for (micros, text) in [(0, "0.000000"), (1_500_000, "1.500000"), (42, "0.000042")] {
            let mut out = Vec::new();
            seconds(Duration::from_micros(micros), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
