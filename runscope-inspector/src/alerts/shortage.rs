use super::rule::{Condition, Rule};
use crate::query::write_duration;
use std::time::Duration;

/// What the stored traffic lacks for a preview without any alert to say that there would be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub(crate) calls: Option<FewCalls>,
    pub(crate) time: Option<ShortTime>,
    /// What a window of the rule is, in words.
    window: String,
}

/// No window had as many calls as the rule's minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FewCalls {
    /// The most that a window had.
    pub(crate) found: u64,
    pub(crate) needed: u64,
}

/// The calls lie in less time than the condition has to hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShortTime {
    pub(crate) covered: Duration,
    pub(crate) needed: Duration,
}

impl Shortage {
    /// What is lacking where the busiest window had so many calls, and there are calls from so long ago
    /// on.
    pub(super) fn of(rule: &Rule, busiest: u64, covered: Duration) -> Option<Self> {
        let window = rule.condition.window()?;
        let minimum = match &rule.condition {
            Condition::Every | Condition::Count { .. } => None,
            Condition::Ratio { minimum, .. } | Condition::Percentile { minimum, .. } => {
                Some(*minimum)
            }
        };
        let calls = minimum
            .filter(|needed| busiest < *needed)
            .map(|needed| FewCalls {
                found: busiest,
                needed,
            });
        let needed = window.saturating_mul(rule.windows);
        let time = (covered < needed).then_some(ShortTime { covered, needed });
        (calls.is_some() || time.is_some()).then(|| Self {
            calls,
            time,
            window: write_duration(window),
        })
    }

    /// The same for people, without a full stop.
    pub(crate) fn words(&self) -> String {
        let calls = self.calls.map(|FewCalls { found, needed }| {
            let window = &self.window;
            format!("no window of {window} has the {needed} calls that the rule asks for; the most is {found}")
        });
        let time = self.time.map(|ShortTime { covered, needed }| {
            let needed = write_duration(needed);
            match covered.as_secs() {
                0 => format!("there are no calls, and the rule looks at {needed}"),
                covered => {
                    let covered = write_duration(Duration::from_secs(covered));
                    format!("the calls go back {covered}, and the rule looks at {needed}")
                }
            }
        });
        let all: Vec<_> = calls.into_iter().chain(time).collect();
        all.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn too_few_calls_and_too_short_a_time_are_told() {
        let ratio = json!({"kind": "ratio", "window": "5m", "above": "5%", "minimum": 20});
        let slow = json!({"kind": "percentile", "window": "5m", "percentile": 95, "above": "1s", "minimum": 20});
        let count = json!({"kind": "count", "window": "1h", "at_least": 10});
        let every = json!({"kind": "every"});
        for (condition, windows, busiest, minutes, expected) in [
            (&ratio, 1, 20, 5, None),
            (
                &ratio,
                1,
                7,
                60,
                Some("no window of 5m has the 20 calls that the rule asks for; the most is 7"),
            ),
            (
                &slow,
                1,
                0,
                60,
                Some("no window of 5m has the 20 calls that the rule asks for; the most is 0"),
            ),
            (
                &ratio,
                3,
                20,
                14,
                Some("the calls go back 14m, and the rule looks at 15m"),
            ),
            (&ratio, 3, 20, 15, None),
            (
                &ratio,
                1,
                2,
                1,
                Some(
                    "no window of 5m has the 20 calls that the rule asks for; the most is 2; the calls go back 1m, and the rule looks at 5m",
                ),
            ),
            // What a count asks for is its threshold, and no call at all is an answer to it.
            (&count, 1, 0, 60, None),
            (
                &count,
                1,
                3,
                0,
                Some("there are no calls, and the rule looks at 1h"),
            ),
            (&every, 1, 0, 0, None),
        ] {
            let rule = json!({"name": "a", "condition": condition, "windows": windows});
            let rule = Rule::read(&rule).unwrap();
            let found = Shortage::of(&rule, busiest, Duration::from_secs(minutes * 60));
            let words = found.as_ref().map(Shortage::words);
            assert_eq!(
                words.as_deref(),
                expected,
                "{condition} {busiest} {minutes}"
            );
        }
    }
}
