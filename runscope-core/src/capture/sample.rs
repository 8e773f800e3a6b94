//! Which exchanges are captured, where only a share of them is.

use super::head::trace_id;

/// Whether an exchange falls into the share `rate` (0 to 1).
///
/// With a trace id the answer is the id's own, so that every service of a trace decides alike: its
/// rightmost 56 bits are compared with a threshold, as OpenTelemetry's consistent probability
/// sampling does (W3C Trace Context level 2 asks for these bits to be random). Without one it is
/// drawn by `random`, which gives a number from 0 up to 1.
pub(super) fn is_sampled(
    rate: f64,
    traceparent: Option<&[u8]>,
    random: impl FnOnce() -> f64,
) -> bool {
    if rate >= 1.0 {
        return true;
    }
    let position = traceparent
        .and_then(trace_id)
        .and_then(position)
        .unwrap_or_else(random);
    rate > 0.0 && position >= 1.0 - rate
}

/// Where a trace id lies between 0 and 1.
fn position(trace_id: &str) -> Option<f64> {
    let low = u64::from_str_radix(trace_id.get(18..)?, 16).ok()?;
    // A float holds 53 of the 56 bits; cutting the last three off keeps the value below 1.
    #[allow(clippy::cast_precision_loss)]
    Some((low >> 3) as f64 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traceparent(low: u64) -> String {
        format!("00-4bf92f3577b34da6a3{low:014x}-00f067aa0ba902b7-01")
    }

    #[test]
    fn a_trace_is_kept_or_left_out_as_a_whole_and_by_its_threshold() {
        let half = 1u64 << 55;
        for (rate, low, kept) in [
            (0.0, (1 << 56) - 1, false),
            (0.5, half - 1, false),
            (0.5, half, true),
            (0.25, half, false),
            (0.25, half + half / 2, true),
            (1.0, 0, true),
        ] {
            let header = traceparent(low);
            let decide = || is_sampled(rate, Some(header.as_bytes()), || panic!("not drawn"));
            assert_eq!((decide(), decide()), (kept, kept), "{rate} {low:x}");
        }
    }

    #[test]
    fn a_higher_rate_keeps_all_that_a_lower_one_keeps() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..1_000 {
            let header = traceparent(random.u64(..1 << 56));
            let kept = |rate| is_sampled(rate, Some(header.as_bytes()), || 0.0);
            assert!(kept(0.3) || !kept(0.1));
        }
    }

    #[test]
    fn without_a_trace_the_share_is_drawn() {
        for (rate, drawn, kept) in [
            (0.1, 0.89, false),
            (0.1, 0.91, true),
            (0.0, 0.999, false),
            (1.0, 0.0, true),
        ] {
            assert_eq!(is_sampled(rate, None, || drawn), kept, "{rate} {drawn}");
            assert_eq!(
                is_sampled(rate, Some(b"junk"), || drawn),
                kept,
                "{rate} {drawn}"
            );
        }
    }
}
