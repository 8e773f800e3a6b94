/// A set of identifiers that may claim one it does not have (1 in 100), and never denies one it has.
///
/// Each sealed partition has one, so that a new message costs a few memory reads per partition and
/// not an index lookup in each file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bloom {
    bits: Vec<u8>,
}

/// With ten bits an entry, seven probes find a stranger by mistake once in 120.
const BITS_PER_ENTRY: usize = 10;
const PROBES: u64 = 7;

impl Bloom {
    pub(super) fn new(entries: usize) -> Self {
        let bytes = entries.saturating_mul(BITS_PER_ENTRY).div_ceil(8).max(8);
        Self {
            bits: vec![0; bytes],
        }
    }

    pub(super) fn from_bytes(bits: Vec<u8>) -> Self {
        Self { bits }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    pub(super) fn insert(&mut self, hash: i64) {
        for (byte, mask) in probes(hash, self.bits.len()) {
            if let Some(byte) = self.bits.get_mut(byte) {
                *byte |= mask;
            }
        }
    }

    pub(super) fn may_have(&self, hash: i64) -> bool {
        probes(hash, self.bits.len())
            .all(|(byte, mask)| self.bits.get(byte).is_none_or(|byte| byte & mask != 0))
    }
}

/// The hash is already uniform, so its two halves make all the probes (Kirsch and Mitzenmacher).
fn probes(hash: i64, bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    let hash = u64::from_ne_bytes(hash.to_ne_bytes());
    let bits = u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_mul(8)
        .max(1);
    let step = (hash >> 32) | 1;
    (0..PROBES).map(move |probe| {
        let bit = hash.wrapping_add(probe.wrapping_mul(step)) % bits;
        (
            usize::try_from(bit / 8).unwrap_or(usize::MAX),
            1 << (bit % 8),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: i64) -> i64 {
        number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)
            .rotate_left(31)
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
    }

    #[test]
    fn it_has_all_it_was_given_and_few_others() {
        let mut bloom = Bloom::new(10_000);
        (0..10_000).for_each(|number| bloom.insert(hash(number)));
        let bloom = Bloom::from_bytes(bloom.as_bytes().to_vec());
        assert!((0..10_000).all(|number| bloom.may_have(hash(number))));
        let strangers = (10_000..20_000)
            .filter(|number| bloom.may_have(hash(*number)))
            .count();
        assert!(strangers < 200, "{strangers} of 10000");
    }

    #[test]
    fn an_empty_one_has_nothing() {
        assert!(!Bloom::new(0).may_have(7));
    }
}
