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

    pub(super) fn insert(&mut self, identity: i64) {
        for (byte, mask) in probes(identity, self.bits.len()) {
            if let Some(byte) = self.bits.get_mut(byte) {
                *byte |= mask;
            }
        }
    }

    pub(super) fn may_have(&self, identity: i64) -> bool {
        probes(identity, self.bits.len())
            .all(|(byte, mask)| self.bits.get(byte).is_none_or(|byte| byte & mask != 0))
    }
}

/// The two halves of one hash make all the probes (Kirsch and Mitzenmacher).
fn probes(identity: i64, bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    let hash = mixed(u64::from_ne_bytes(identity.to_ne_bytes()));
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

/// Identities of one time begin alike, and a filter needs all bits to vary (the finalizer of Steele, Lea
/// and Flood's `SplitMix64`).
fn mixed(identity: u64) -> u64 {
    let hash = (identity ^ (identity >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_all_it_was_given_and_few_others() {
        let mut bloom = Bloom::new(10_000);
        (0..10_000).for_each(|number| bloom.insert(number << 3));
        let bloom = Bloom::from_bytes(bloom.as_bytes().to_vec());
        assert!((0..10_000).all(|number| bloom.may_have(number << 3)));
        let strangers = (10_000..20_000)
            .filter(|number| bloom.may_have(*number << 3))
            .count();
        assert!(strangers < 200, "{strangers} of 10000");
    }

    #[test]
    fn an_empty_one_has_nothing() {
        assert!(!Bloom::new(0).may_have(7));
    }
}
