//! The keys of one JSON text that were judged already and are no secret's, nor hold one.

use super::octets;

const SLOTS: usize = 64;
const LONGEST: usize = 15;

/// In a list of objects the same keys come again and again. Short ones are kept with the quote that
/// ends them, so that one comparison finds both the end and the verdict. Each has one place, which
/// another may take from it: then it is judged anew.
pub(super) struct PlainKeys([[u64; 2]; SLOTS]);

impl Default for PlainKeys {
    fn default() -> Self {
        // What no key is, as each has its quote.
        Self([[u64::MAX; 2]; SLOTS])
    }
}

impl PlainKeys {
    /// Where the key ends whose content begins at `start`, if it is one of these.
    #[inline]
    pub(super) fn find(&self, text: &[u8], start: usize) -> Option<usize> {
        let (first, behind) = text.get(start..)?.split_first_chunk()?;
        let mut key = [u64::from_le_bytes(*first), 0];
        let mut end = octets::specials(key[0]);
        let mut close = start;
        if end == 0 {
            key[1] = u64::from_le_bytes(*behind.first_chunk()?);
            end = octets::specials(key[1]);
            close += 8;
            key[1] = octets::until(key[1], end);
        } else {
            key[0] = octets::until(key[0], end);
        }
        let is_known = end != 0 && self.0.get(place(key)) == Some(&key);
        is_known.then(|| close + octets::first(end))
    }

    /// Keeps a key without escapes, if it is short.
    pub(super) fn add(&mut self, name: &[u8]) {
        let mut bytes = [0; 16];
        if name.len() > LONGEST {
            return;
        }
        for (slot, byte) in bytes.iter_mut().zip(name.iter().chain(b"\"")) {
            *slot = *byte;
        }
        let [first, last] = [0, 8].map(|at| {
            let half = bytes.get(at..).and_then(<[u8]>::first_chunk);
            u64::from_le_bytes(half.copied().unwrap_or_default())
        });
        let key = [first, last];
        if let Some(slot) = self.0.get_mut(place(key)) {
            *slot = key;
        }
    }
}

fn place(key: [u64; 2]) -> usize {
    let mixed = (key[0] ^ key[1].rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 58) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_all_of_it_stands_and_nowhere_else() {
        for length in 0..=20 {
            let name = "abcdefghijklmnopqrst".get(..length).unwrap();
            let mut keys = PlainKeys::default();
            keys.add(name.as_bytes());
            let find = |text: &str| keys.find(text.as_bytes(), 1);
            let known = (length <= LONGEST).then_some(1 + length);
            assert_eq!(find(&format!("\"{name}\":1, and more to come")), known);
            for other in [
                format!("\"{name}x\":1, and more to come"),
                format!("\"{name}\\\":1, and more to come"),
                format!("\"{name} \":1, and more to come"),
                format!("\"{name}\u{0}\":1, and more to come"),
                format!("\"{name}é\":1, and more to come"),
                format!("\"{}\":1, and more to come", name.to_uppercase() + "X"),
            ] {
                assert_eq!(find(&other), None, "{other}");
            }
            if let Some((_, shorter)) = name.split_at_checked(1) {
                assert_eq!(find(&format!("\"{shorter}\":1, and more to come")), None);
            }
            assert_eq!(find(&format!("\"{name}")), None, "it is cut");
        }
    }

    #[test]
    fn who_knows_no_key_finds_none() {
        for byte in 0..=u8::MAX {
            let mut text = *b"\"?\":1, and more to come";
            text[1] = byte;
            assert_eq!(PlainKeys::default().find(&text, 1), None, "{byte}");
        }
    }

    #[test]
    fn of_two_keys_in_one_place_the_later_is_known() {
        let names: Vec<String> = (0..500).map(|number| format!("name{number}")).collect();
        let mut keys = PlainKeys::default();
        for name in &names {
            keys.add(name.as_bytes());
            let text = format!("\"{name}\":1, and more to come");
            assert_eq!(keys.find(text.as_bytes(), 1), Some(1 + name.len()));
        }
        let known = names.iter().filter(|name| {
            let text = format!("\"{name}\":1, and more to come");
            keys.find(text.as_bytes(), 1).is_some()
        });
        assert!((1..=SLOTS).contains(&known.count()));
    }
}
