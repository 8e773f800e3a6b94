use crate::exchange::Timestamp;
use std::time::Duration;

/// The bars that fit a screen.
const MOST_BARS: i64 = 120;

/// The exchanges that are read one by one for bars shorter than a minute.
const FEW: u64 = 20_000;

/// The longest span that is shown unless a filter asks for it: a clock that was wrong once does not
/// make every chart one of decades.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Lengths of a bar that people count in, in seconds.
const STEPS: [i64; 19] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800,
    2_592_000,
];

/// The span of time of a chart, cut into bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// The beginning of the first bar, in microseconds.
    pub(super) start: i64,
    /// The length of a bar, in microseconds.
    pub(super) step: i64,
    /// How many bars there are; at least one, and no more than fit.
    pub(super) bars: usize,
}

impl Window {
    /// Bars over a span that has so many exchanges.
    pub(super) fn over(since: Timestamp, before: Timestamp, count: u64) -> Self {
        let (since, before) = (since.as_micros(), before.as_micros());
        let span = before.saturating_sub(since).max(1);
        let fits = |step: &i64| span / (step * 1_000_000) < MOST_BARS;
        let long_enough = |step: &i64| *step >= 60 || count <= FEW;
        let seconds = STEPS
            .iter()
            .copied()
            .find(|step| fits(step) && long_enough(step));
        // Centuries have no nice steps.
        let seconds = seconds.unwrap_or_else(|| {
            (span / 1_000_000 / MOST_BARS + 1)
                .div_euclid(60)
                .saturating_add(1)
                .saturating_mul(60)
        });
        let step = seconds.saturating_mul(1_000_000);
        let start = since.div_euclid(step).saturating_mul(step);
        let bars = before
            .saturating_sub(start)
            .saturating_sub(1)
            .div_euclid(step)
            + 1;
        Self {
            start,
            step,
            bars: usize::try_from(bars.clamp(1, MOST_BARS + 1)).unwrap_or(1),
        }
    }

    /// The span to show where the filter leaves an end open: that of the exchanges, but not longer
    /// than makes sense and not beyond now.
    pub(super) fn open(first: Timestamp, end: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
        let soon = Timestamp::from_micros(now.as_micros().saturating_add(60_000_000));
        let end = end.min(soon).max(first);
        (first.max(end.saturating_sub(LONGEST)), end)
    }

    /// When a bar begins, in microseconds.
    pub(super) fn at(&self, bar: usize) -> i64 {
        let bar = i64::try_from(bar).unwrap_or(i64::MAX);
        self.start.saturating_add(self.step.saturating_mul(bar))
    }

    /// The bar that a moment is in, if any.
    pub(super) fn bar_of(&self, micros: i64) -> Option<usize> {
        let bar = micros.saturating_sub(self.start).div_euclid(self.step);
        usize::try_from(bar).ok().filter(|bar| *bar < self.bars)
    }

    /// The length of a bar.
    pub(super) fn step(&self) -> Duration {
        Duration::from_micros(self.step.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn bars_are_of_round_lengths_and_fit_the_screen() {
        for (since, before, count, step, bars) in [
            (0, 60, 10, 1, 60),
            (0, 60, 1_000_000, 60, 1),
            (30, 90, 1_000_000, 60, 2),
            (0, 3600, 10, 60, 60),
            (0, 86_400, 1_000_000, 900, 96),
            (0, 31 * 86_400, 1_000_000, 43_200, 62),
            (5, 5, 0, 1, 1),
        ] {
            let window = Window::over(at(since), at(before), count);
            let found = (window.step / 1_000_000, window.bars);
            assert_eq!(found, (step, bars), "{since} {before} {count}");
        }
        let centuries = Window::over(at(-62_000_000_000), at(253_000_000_000), 9);
        assert!(centuries.bars <= 121 && centuries.step % 60_000_000 == 0);
    }

    #[test]
    fn a_clock_that_is_wrong_does_not_stretch_the_chart() {
        let now = at(100_000_000);
        assert_eq!(
            Window::open(at(0), at(99_000_000), now).0,
            at(99_000_000 - 31 * 86_400)
        );
        assert_eq!(
            Window::open(at(99_999_000), at(900_000_000), now),
            (at(99_999_000), at(100_000_060))
        );
    }

    #[test]
    fn a_moment_is_in_the_bar_it_lies_in() {
        let window = Window::over(at(60), at(120), 10);
        assert_eq!(window.bar_of(60_999_999), Some(0));
        assert_eq!(window.bar_of(61_000_000), Some(1));
        assert_eq!(window.bar_of(59_999_999), None);
        assert_eq!(window.bar_of(120_000_000), None);
        assert_eq!(window.at(1), 61_000_000);
    }
}
