//! The states of an alert. Pure: what happens follows from the state before, the time, and whether
//! the condition holds.

use crate::exchange::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where an alert is. Moments are in microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// All is well.
    #[default]
    Quiet,
    /// The condition holds, but not for long enough yet.
    Pending { since: i64 },
    /// It held for long enough.
    Firing {
        since: i64,
        /// When it last held.
        held: i64,
        /// When somebody was last told, if anybody was.
        told: Option<i64>,
    },
}

/// What the rule says of times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) pending_for: Duration,
    pub(super) resolve_after: Duration,
    pub(super) repeat_every: Option<Duration>,
    pub(super) silence_until: Option<Timestamp>,
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Fired {
        tell: bool,
    },
    /// It goes on, and is told again, or for the first time after a silence.
    GoesOn,
    Resolved {
        tell: bool,
    },
}

impl State {
    /// The state at a time, and what happened then.
    pub(super) fn step(
        self,
        now: Timestamp,
        holds: bool,
        timing: &Timing,
    ) -> (Self, Option<Change>) {
        let at = now.as_micros();
        let silent = timing.silence_until.is_some_and(|until| now < until);
        let passed = |since: i64, duration: Duration| {
            let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
            at.saturating_sub(since) >= micros
        };
        let fire = || {
            let firing = Self::Firing {
                since: at,
                held: at,
                told: (!silent).then_some(at),
            };
            (firing, Some(Change::Fired { tell: !silent }))
        };
        match self {
            Self::Quiet if holds && timing.pending_for.is_zero() => fire(),
            Self::Quiet if holds => (Self::Pending { since: at }, None),
            Self::Quiet => (self, None),
            Self::Pending { since } if holds && passed(since, timing.pending_for) => fire(),
            Self::Pending { .. } if holds => (self, None),
            Self::Pending { .. } => (Self::Quiet, None),
            Self::Firing { held, told, .. } if !holds => {
                if passed(held, timing.resolve_after) {
                    // Who was told that it began is told that it is over, silence or not: an end wakes nobody.
                    let tell = told.is_some();
                    (Self::Quiet, Some(Change::Resolved { tell }))
                } else {
                    (self, None)
                }
            }
            Self::Firing { since, told, .. } => {
                let again = told.is_none_or(|told| {
                    timing.repeat_every.is_some_and(|every| passed(told, every))
                });
                let tell = again && !silent;
                let firing = Self::Firing {
                    since,
                    held: at,
                    told: if tell { Some(at) } else { told },
                };
                (firing, tell.then_some(Change::GoesOn))
            }
        }
    }

    pub(super) fn is_firing(self) -> bool {
        matches!(self, Self::Firing { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRED: Option<Change> = Some(Change::Fired { tell: true });
    const RESOLVED: Option<Change> = Some(Change::Resolved { tell: true });
    const UNTOLD: Option<Change> = Some(Change::Fired { tell: false });

    fn timing(pending: u64, resolve: u64, repeat: Option<u64>, silence: Option<i64>) -> Timing {
        Timing {
            pending_for: Duration::from_secs(pending),
            resolve_after: Duration::from_secs(resolve),
            repeat_every: repeat.map(Duration::from_secs),
            silence_until: silence.map(|until| Timestamp::from_micros(until * 1_000_000)),
        }
    }

    #[test]
    fn an_alert_walks_from_pending_to_resolved() {
        type Steps = &'static [(i64, bool, Option<Change>)];
        let table: [(&str, Timing, Steps); 8] = [
            (
                "fires at once, resolves at once",
                timing(0, 0, None, None),
                &[
                    (0, false, None),
                    (1, true, FIRED),
                    (2, true, None),
                    (3, false, RESOLVED),
                    (4, true, FIRED),
                ],
            ),
            (
                "has to hold for a while",
                timing(10, 0, None, None),
                &[
                    (0, true, None),
                    (9, true, None),
                    (10, true, FIRED),
                    (11, false, RESOLVED),
                ],
            ),
            (
                "starts over where it did not hold",
                timing(10, 0, None, None),
                &[
                    (0, true, None),
                    (5, false, None),
                    (6, true, None),
                    (15, true, None),
                    (16, true, FIRED),
                ],
            ),
            (
                "resolves after it was quiet for a while",
                timing(0, 10, None, None),
                &[
                    (0, true, FIRED),
                    (5, false, None),
                    (9, false, None),
                    (9, true, None),
                    (18, false, None),
                    (19, false, RESOLVED),
                    (20, false, None),
                ],
            ),
            (
                "is told again",
                timing(0, 0, Some(10), None),
                &[
                    (0, true, FIRED),
                    (9, true, None),
                    (10, true, Some(Change::GoesOn)),
                    (19, true, None),
                    (21, true, Some(Change::GoesOn)),
                    (31, false, RESOLVED),
                ],
            ),
            (
                "is not told while silent, nor that it is over",
                timing(0, 0, None, Some(100)),
                &[
                    (0, true, UNTOLD),
                    (50, true, None),
                    (60, false, Some(Change::Resolved { tell: false })),
                ],
            ),
            (
                "is told when the silence is over",
                timing(0, 0, None, Some(100)),
                &[
                    (0, true, UNTOLD),
                    (99, true, None),
                    (100, true, Some(Change::GoesOn)),
                    (101, true, None),
                    (102, false, RESOLVED),
                ],
            ),
            (
                "was told, and the end falls in silence",
                timing(0, 0, Some(1), Some(-1)),
                &[
                    (0, true, FIRED),
                    (5, true, Some(Change::GoesOn)),
                    (6, false, RESOLVED),
                ],
            ),
        ];
        for (what, timing, steps) in table {
            let mut state = State::default();
            for (second, holds, expected) in steps {
                let now = Timestamp::from_micros(second * 1_000_000);
                let (next, change) = state.step(now, *holds, &timing);
                assert_eq!(change, *expected, "{what}, at {second}");
                let text = serde_json::to_string(&next).unwrap();
                state = serde_json::from_str(&text).unwrap();
                assert_eq!(state, next, "{what}");
            }
        }
    }

    #[test]
    fn who_was_told_of_the_beginning_is_told_of_an_end_in_silence() {
        let (firing, _) =
            State::Quiet.step(Timestamp::from_micros(0), true, &timing(0, 0, None, None));
        let silent = timing(0, 0, None, Some(100));
        let (state, change) = firing.step(Timestamp::from_micros(1), false, &silent);
        assert_eq!((state, change), (State::Quiet, RESOLVED));
    }
}
