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
}
