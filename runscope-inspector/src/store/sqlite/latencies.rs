//! Durations counted in bins, for percentiles of many exchanges in little room.

use std::collections::BTreeMap;
use std::time::Duration;

/// Bins in each power of two, so a bin is at most an eighth as wide as it is high.
const IN_A_POWER: u64 = 8;

/// The bins that 64 bits of microseconds can fall in.
const BINS: u16 = 496;

/// How many durations fall in each bin. As the changes of a transaction, counts can be negative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Latencies(BTreeMap<u16, i64>);

impl Latencies {
    /// Counts a duration so many times more.
    pub(crate) fn add(&mut self, duration: Duration, by: i64) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.add_to(bin(micros), by);
    }

    /// Counts all that another counted.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (bin, count) in &other.0 {
            self.add_to(*bin, *count);
        }
    }

    /// The duration that a share of all, in hundredths, does not exceed: within a sixteenth, as
    /// durations are taken to lie evenly in their bin.
    pub(crate) fn percentile(&self, share: u64) -> Option<Duration> {
        let counts = || {
            self.0
                .iter()
                .map(|(bin, count)| (*bin, (*count).max(0).unsigned_abs()))
        };
        let total = counts().fold(0_u64, |total, (_, count)| total.saturating_add(count));
        let rank = total.saturating_mul(share).div_ceil(100).max(1);
        let mut below = 0_u64;
        for (bin, count) in counts() {
            if count > 0 && below.saturating_add(count) >= rank {
                let (low, width) = (floor(bin), floor(bin + 1).saturating_sub(floor(bin)));
                let part = u128::from(width) * u128::from(rank - below) / u128::from(count);
                let part = u64::try_from(part)
                    .unwrap_or(width)
                    .min(width.saturating_sub(1));
                return Some(Duration::from_micros(low.saturating_add(part)));
            }
            below = below.saturating_add(count);
        }
        None
    }

    /// The bins that are not empty: for each the distance from the one before and its count, in
    /// variable length (LEB128).
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut before = 0;
        for (bin, count) in &self.0 {
            if *count > 0 {
                push_varint(&mut bytes, u64::from(bin - before));
                push_varint(&mut bytes, count.unsigned_abs());
                before = *bin;
            }
        }
        bytes
    }

    /// What [`encode`](Self::encode) wrote; of other bytes, as much as makes sense.
    pub(crate) fn decode(mut bytes: &[u8]) -> Self {
        let mut latencies = Self::default();
        let mut bin = 0_u64;
        while let (Some(distance), Some(count)) = (take_varint(&mut bytes), take_varint(&mut bytes))
        {
            bin = bin.saturating_add(distance);
            match (u16::try_from(bin), i64::try_from(count)) {
                (Ok(bin), Ok(count)) if bin < BINS => latencies.add_to(bin, count),
                _ => break,
            }
        }
        latencies
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add_to(&mut self, bin: u16, by: i64) {
        let count = self.0.entry(bin).or_default();
        *count = count.saturating_add(by);
    }
}

/// Small numbers have a bin each; larger ones are told apart by their power and the three bits below
/// the highest.
fn bin(micros: u64) -> u16 {
    if micros < IN_A_POWER {
        return u16::try_from(micros).unwrap_or(0);
    }
    let power = u64::from(63 - micros.leading_zeros());
    let bits = (micros >> (power - 3)) & (IN_A_POWER - 1);
    u16::try_from((power - 2) * IN_A_POWER + bits).unwrap_or(BINS - 1)
}

/// The smallest number of a bin.
fn floor(bin: u16) -> u64 {
    let bin = u64::from(bin);
    if bin < IN_A_POWER {
        return bin;
    }
    let (power, bits) = (bin / IN_A_POWER + 2, bin % IN_A_POWER);
    let shift = u32::try_from(power - 3).unwrap_or(u32::MAX);
    (IN_A_POWER + bits)
        .checked_shl(shift)
        .filter(|_| shift <= 60)
        .unwrap_or(u64::MAX)
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7f) as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bin_begins_where_the_one_before_ends() {
        for number in 0..BINS {
            assert_eq!(bin(floor(number)), number);
            if number > 0 {
                assert_eq!(bin(floor(number) - 1), number - 1);
            }
        }
        assert_eq!(bin(u64::MAX), BINS - 1);
    }

    #[test]
    fn percentiles_are_near_what_was_measured() {
        let mut latencies = Latencies::default();
        for millis in 1..=1000 {
            latencies.add(Duration::from_millis(millis), 1);
        }
        for (share, expected) in [(50, 500.0), (95, 950.0), (99, 990.0), (100, 1000.0)] {
            let found = latencies.percentile(share).unwrap().as_secs_f64() * 1e3;
            assert!(
                (found / expected - 1.0).abs() < 1.0 / 16.0,
                "{share}: {found}"
            );
        }
        assert_eq!(Latencies::default().percentile(50), None);
    }

    #[test]
    fn what_is_taken_back_is_counted_no_more() {
        let mut latencies = Latencies::default();
        latencies.add(Duration::from_secs(1), 1);
        latencies.add(Duration::from_secs(9), 1);
        latencies.add(Duration::from_secs(9), -1);
        assert!(latencies.percentile(99).unwrap() < Duration::from_secs(2));
        latencies.add(Duration::from_secs(1), -1);
        assert_eq!(latencies.percentile(50), None);
        assert!(latencies.encode().is_empty());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(micros in proptest::collection::vec(any::<u64>(), 0..50)) {
            let mut latencies = Latencies::default();
            for micros in micros {
                latencies.add(Duration::from_micros(micros), 3);
            }
            prop_assert_eq!(Latencies::decode(&latencies.encode()), latencies);
        }

        #[test]
        fn any_bytes_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            Latencies::decode(&bytes).percentile(99);
        }
    }
}
