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
        Self([[0; 2]; SLOTS])
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
