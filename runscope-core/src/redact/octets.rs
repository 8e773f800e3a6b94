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
    find(text, |word| specials(word) | non_ascii(word)).is_none()
}

/// Where the first byte stands that a JSON string can't hold as it is.
#[inline]
pub(crate) fn find_special(text: &[u8]) -> Option<usize> {
    find(text, specials)
}

#[inline]
fn find(text: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(index * 8 + first(found));
        }
    }
    if rest.is_empty() {
        return None;
    }
    // Bytes that were looked at are looked at again, with those behind them.
    let (word, start) = match text.last_chunk::<8>() {
        Some(last) => (u64::from_le_bytes(*last), text.len() - 8),
        None => (few(rest) | each(b' ') << (8 * rest.len()), 0),
    };
    let found = marks(word);
    (found != 0).then(|| start + first(found))
}

/// Up to 16 bytes as two numbers. With the length they say all of the text; of a longer one they are
/// the first and the last eight bytes.
#[inline]
pub(crate) fn ends(text: &[u8]) -> [u64; 2] {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(head), Some(tail)) => [u64::from_le_bytes(*head), u64::from_le_bytes(*tail)],
        _ => [few(text), 0],
    }
}

/// Fewer than eight bytes in the place where a whole word would have them; the rest is zero.
#[inline]
fn few(text: &[u8]) -> u64 {
    match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
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
    }
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
    fn the_first_odd_byte_is_found_at_any_place_of_any_length() {
        for length in 0..=64 {
            let text = vec![b'~'; length];
            assert!(is_plain(&text) && find_special(&text).is_none(), "{length}");
            for place in 0..length {
                for (byte, plain, special) in [
                    (b' ', true, false),
                    (0x7f, true, false),
                    (b'"', false, true),
                    (b'\\', false, true),
                    (0x1f, false, true),
                    (0, false, true),
                    (0x80, false, false),
                    (0xff, false, false),
                ] {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    assert_eq!(is_plain(&text), plain, "{byte} at {place} of {length}");
                    let found = special.then_some(place);
                    assert_eq!(find_special(&text), found, "{byte} at {place} of {length}");
                    text[place..].fill(byte);
                    assert_eq!(
                        find_special(&text),
                        found,
                        "{byte} from {place} of {length}"
                    );
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
