//! Bytes looked at eight at a time, as one number: most strings are short, and have their end in the
//! first or second word of it.

const HIGH: u64 = each(0x80);

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte that a JSON string can't hold as it is: the quote, the backslash and
/// what is below the space. No sum of two bytes here reaches 256, so that none runs into the next one.
#[inline]
pub(crate) fn specials(word: u64) -> u64 {
    let low = word & !HIGH;
    let differs = |byte| (low ^ each(byte)) + each(0x7f);
    let printable = low + each(0x80 - b' ');
    !(word | (differs(b'"') & differs(b'\\') & printable)) & HIGH
}

/// The high bit of each byte outside ASCII.
#[inline]
pub(crate) fn non_ascii(word: u64) -> u64 {
    word & HIGH
}

/// In which byte the first of the marks stands.
#[inline]
pub(crate) fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The byte of a word where the first of the marks stands.
#[inline]
pub(crate) fn at(word: u64, marks: u64) -> u8 {
    (word >> (marks.trailing_zeros() & 56)) as u8
}

/// The bytes of a word up to the first of the marks and with it; the others are zero.
#[inline]
pub(super) fn until(word: u64, marks: u64) -> u64 {
    word & (u64::MAX >> (56 - (marks.trailing_zeros() & 56)))
}

/// Whether a JSON string can hold the text as it is, and all of it is ASCII.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let odd = |word| specials(word) | non_ascii(word);
    let whole = words
        .iter()
        .fold(0, |found, word| found | odd(u64::from_le_bytes(*word)));
    if whole != 0 {
        return false;
    }
    match (rest, text.last_chunk::<8>()) {
        ([], _) => true,
        // Bytes that were looked at are looked at again, with those behind them.
        (_, Some(last)) => odd(u64::from_le_bytes(*last)) == 0,
        (_, None) => odd(few(rest)[0] | each(b' ') & !mask(rest.len())) == 0,
    }
}

/// The bits of the first bytes of a word, of at most eight.
#[inline]
fn mask(bytes: usize) -> u64 {
    u64::MAX.checked_shr(64 - 8 * bytes as u32).unwrap_or(0)
}

/// Up to 16 bytes as two numbers. With the length they say all of the text; of a longer one they are
/// the first and the last eight bytes.
#[inline]
pub(super) fn ends(text: &[u8]) -> [u64; 2] {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(head), Some(tail)) => [u64::from_le_bytes(*head), u64::from_le_bytes(*tail)],
        _ => few(text),
    }
}

/// Fewer than eight bytes in the place where a whole word would have them; the rest is zero.
#[inline]
fn few(text: &[u8]) -> [u64; 2] {
    let word = match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(head), Some(tail)) => {
            let shift = 8 * (text.len() - 4) as u32;
            let tail = u64::from(u32::from_le_bytes(*tail));
            u64::from(u32::from_le_bytes(*head)) | tail.checked_shl(shift).unwrap_or(0)
        }
        _ => match *text {
            [] => 0,
            [one] => u64::from(one),
            [one, two] => u64::from(u16::from_le_bytes([one, two])),
            [one, two, three, ..] => u64::from(u32::from_le_bytes([one, two, three, 0])),
        },
    };
    [word, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_judged_by_itself_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for other in [0, b'a', b'"', 0x7f, 0x80, 0xff] {
                for place in 0..8 {
                    let mut word = [other; 8];
                    word[place] = byte;
                    let expected = word.map(|byte| {
                        let special = byte < b' ' || matches!(byte, b'"' | b'\\');
                        if special { 0x80 } else { 0 }
                    });
                    let found = specials(u64::from_le_bytes(word));
                    assert_eq!(found.to_le_bytes(), expected, "{word:?}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_plain_where_each_of_its_bytes_is() {
        for length in 0..=40 {
            assert!(is_plain(&vec![b'~'; length]), "{length}");
            for place in 0..length {
                for (byte, plain) in [
                    (b' ', true),
                    (0x7f, true),
                    (b'"', false),
                    (b'\\', false),
                    (0x1f, false),
                    (0, false),
                    (0x80, false),
                    (0xff, false),
                ] {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    assert_eq!(is_plain(&text), plain, "{byte} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn the_ends_of_a_short_text_are_all_of_it() {
        for length in 0..=16_usize {
            let text: Vec<u8> = (1..=16).take(length).collect();
            for place in 0..length {
                let mut other = text.clone();
                other[place] = 0xff;
                assert_ne!(ends(&other), ends(&text), "{place} of {length}");
            }
        }
        assert_eq!(ends(b"abc")[0], u64::from_le_bytes(*b"abc\0\0\0\0\0"));
        assert_eq!(ends(b"abcde")[0], u64::from_le_bytes(*b"abcde\0\0\0"));
    }
}
