//! How long to wait before the next try.

use std::time::Duration;

/// No server is obeyed for longer than this, whatever its `Retry-After` says.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Full jitter: a random share of a bound that doubles from `initial` to `longest` with each
/// failure. Clients that failed together come back spread over the whole bound.
///
/// `failures` counts from 1; `random` is a number from 0 up to 1.
pub(super) fn back_off(
    failures: u32,
    initial: Duration,
    longest: Duration,
    random: f64,
) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let bound = initial.saturating_mul(1 << doublings).min(longest);
    bound.mul_f64(random.clamp(0.0, 1.0))
}

/// The server's wish is a lower bound, up to a limit.
pub(super) fn with_retry_after(back_off: Duration, retry_after: Option<Duration>) -> Duration {
    retry_after.map_or(back_off, |wish| back_off.max(wish.min(LONGEST_PAUSE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest() {
        let (initial, longest) = (Duration::from_millis(500), Duration::from_secs(60));
        for (failures, bound) in [
            (0, 500),
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (7, 32_000),
            (8, 60_000),
            (9, 60_000),
            (u32::MAX, 60_000),
        ] {
            let wait = |random| back_off(failures, initial, longest, random);
            assert_eq!(wait(1.0), Duration::from_millis(bound), "{failures}");
            assert_eq!(wait(0.5), Duration::from_millis(bound / 2), "{failures}");
            assert_eq!(wait(0.0), Duration::ZERO);
        }
    }

    #[test]
    fn the_servers_wish_is_a_lower_bound_up_to_a_limit() {
        let seconds = Duration::from_secs;
        for (back_off, wish, wait) in [
            (1, None, 1),
            (1, Some(0), 1),
            (1, Some(30), 30),
            (40, Some(30), 40),
            (1, Some(900), 900),
            (1, Some(901), 900),
            (1, Some(u64::MAX), 900),
        ] {
            let answer = with_retry_after(seconds(back_off), wish.map(seconds));
            assert_eq!(answer, seconds(wait), "{back_off} {wish:?}");
        }
    }

    /// When each of 1,000 clients that met the same outage gets through, in seconds after its end.
    fn comes_back(seed: u64, outage: f64, began_within: f64) -> Vec<f64> {
        let (initial, longest) = (Duration::from_millis(500), Duration::from_secs(60));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut client = || {
            let mut now = rng.f64() * began_within;
            let mut failures = 0;
            while now < outage {
                failures += 1;
                now += back_off(failures, initial, longest, rng.f64()).as_secs_f64();
            }
            now - outage
        };
        (0..1000).map(|_| client()).collect()
    }

    /// The fullest of the spread's bins, in multiples of their mean.
    fn peak(came: &[f64]) -> f64 {
        const BINS: usize = 20;
        let first = came.iter().copied().fold(f64::MAX, f64::min);
        let last = came.iter().copied().fold(f64::MIN, f64::max);
        let mut bins = [0_usize; BINS];
        for at in came {
            let bin = (at - first) / (last - first) * BINS as f64;
            bins[(bin as usize).min(BINS - 1)] += 1;
        }
        let fullest = bins.into_iter().max().unwrap_or_default();
        fullest as f64 * BINS as f64 / came.len() as f64
    }

    #[test]
    fn a_thousand_clients_come_back_spread_out() {
        // All lose the API at the same instant, or within a second of traffic. After an outage of seconds
        // most come back by one of their first waits, which are short, and few by a long one: there the
        // spread has no such bound.
        for outage in [30.0, 60.0, 90.0, 300.0, 3600.0] {
            for began_within in [0.0, 1.0] {
                for seed in 0..20 {
                    let peak = peak(&comes_back(seed, outage, began_within));
                    assert!(peak <= 3.0, "{outage} {began_within} {seed}: {peak}");
                }
            }
        }
    }

    #[test]
    fn control_clients_without_jitter_come_back_in_one_bin() {
        let together = vec![12.5; 980];
        let stragglers: Vec<_> = (0..20).map(f64::from).collect();
        assert!(peak(&[together, stragglers].concat()) > 3.0);
    }
}
