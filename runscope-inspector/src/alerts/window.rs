//! What was counted in the last so and so long, in ten slices: it looks back over its length to a
//! tenth, and costs the same however many calls it counts.

use super::rule::Condition;
use crate::exchange::Timestamp;
use crate::query::write_duration;
use crate::store::Latencies;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

const SLICES: u32 = 10;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Window {
    slices: VecDeque<Slice>,
}

/// What was counted from one multiple of a slice's length to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Slice {
    number: i64,
    matches: u64,
    traffic: u64,
    #[serde(default, skip_serializing_if = "Latencies::is_empty", with = "bins")]
    latencies: Latencies,
}

/// What a window holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) matches: u64,
    pub(super) traffic: u64,
    pub(super) latencies: Latencies,
}

impl Window {
    pub(super) fn count(
        &mut self,
        condition: &Condition,
        at: Timestamp,
        matches: bool,
        time: Option<Duration>,
    ) {
        let number = number_of(condition, at);
        let slice = match self.slices.back_mut() {
            // A call that is evaluated a little late counts in the newest slice.
            Some(last) if last.number >= number => last,
            _ => {
                self.slices.push_back(Slice {
                    number,
                    ..Slice::default()
                });
                while self.slices.len() > SLICES as usize {
                    self.slices.pop_front();
                }
                match self.slices.back_mut() {
                    Some(slice) => slice,
                    None => return,
                }
            }
        };
        slice.traffic = slice.traffic.saturating_add(1);
        if matches {
            slice.matches = slice.matches.saturating_add(1);
            if let (Condition::Percentile { .. }, Some(time)) = (condition, time) {
                slice.latencies.add(time, 1);
            }
        }
    }

    /// What is in the window that ends now. What lies before it is forgotten.
    pub(super) fn sum(&mut self, condition: &Condition, now: Timestamp) -> Sum {
        let oldest = number_of(condition, now).saturating_sub(i64::from(SLICES) - 1);
        while self
            .slices
            .front()
            .is_some_and(|slice| slice.number < oldest)
        {
            self.slices.pop_front();
        }
        let mut sum = Sum::default();
        for slice in &self.slices {
            sum.matches = sum.matches.saturating_add(slice.matches);
            sum.traffic = sum.traffic.saturating_add(slice.traffic);
            sum.latencies.add_all(&slice.latencies);
        }
        sum
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }
}

/// The length of a slice.
pub(super) fn slice(condition: &Condition) -> Duration {
    condition
        .window()
        .map_or(Duration::from_millis(250), |window| window / SLICES)
        .max(Duration::from_millis(100))
}

fn number_of(condition: &Condition, at: Timestamp) -> i64 {
    let length = i64::try_from(slice(condition).as_micros()).unwrap_or(i64::MAX);
    at.as_micros().div_euclid(length.max(1))
}

impl Sum {
    /// Whether the condition holds of it.
    pub(super) fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Every => self.matches > 0,
            Condition::Count { at_least, .. } => self.matches >= *at_least,
            Condition::Ratio { above, minimum, .. } => {
                self.traffic >= *minimum && self.matches as f64 > *above * self.traffic as f64
            }
            Condition::Percentile {
                percentile,
                above,
                minimum,
                ..
            } => {
                self.matches >= *minimum
                    && self
                        .latencies
                        .percentile(*percentile)
                        .is_some_and(|time| time > *above)
            }
        }
    }

    /// What it comes to, for people: `12 of 40 calls (30%) in 5m`.
    pub(super) fn words(&self, condition: &Condition) -> String {
        let calls = |count: u64| {
            if count == 1 {
                "1 call".to_owned()
            } else {
                format!("{count} calls")
            }
        };
        let window = write_duration(condition.window().unwrap_or_default());
        match condition {
            Condition::Every => calls(self.matches),
            Condition::Count { .. } => format!("{} in {window}", calls(self.matches)),
            Condition::Ratio { .. } => {
                let share = self.matches as f64 / self.traffic.max(1) as f64;
                let percent = (share * 1000.0).round() / 10.0;
                format!(
                    "{} of {} ({percent}%) in {window}",
                    self.matches,
                    calls(self.traffic)
                )
            }
            Condition::Percentile { percentile, .. } => {
                let time = self.latencies.percentile(*percentile).unwrap_or_default();
                let time =
                    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
                format!(
                    "p{percentile} {} of {} in {window}",
                    write_duration(time),
                    calls(self.matches)
                )
            }
        }
    }
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.slices.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slices = VecDeque::deserialize(deserializer)?;
        Ok(Self { slices })
    }
}

/// Bins of durations as text.
mod bins {
    use crate::store::Latencies;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        latencies: &Latencies,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(latencies.encode()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Latencies, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Latencies::decode(
            &STANDARD_NO_PAD.decode(text).unwrap_or_default(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::rule::Rule;
    use serde_json::{Value, json};

    fn condition(written: &Value) -> Condition {
        Rule::read(&json!({ "name": "a", "condition": written }))
            .unwrap()
            .condition
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn calls_are_forgotten_when_the_window_has_passed_them() {
        let condition = condition(&json!({"kind": "count", "window": "100s", "at_least": 3}));
        let mut window = Window::default();
        for (second, matches, held) in [
            (1000, true, 1),
            (1001, false, 1),
            (1050, true, 2),
            (1099, true, 3),
            (1100, true, 3),
            (1149, true, 4),
            (1199, true, 3),
            (1500, false, 0),
        ] {
            window.count(&condition, at(second), matches, None);
            let sum = window.sum(&condition, at(second));
            assert_eq!(sum.matches, held, "{second}");
            assert_eq!(sum.holds(&condition), held >= 3, "{second}");
            let text = serde_json::to_string(&window).unwrap();
            assert_eq!(serde_json::from_str::<Window>(&text).unwrap(), window);
        }
        window.sum(&condition, at(5000));
        assert!(window.is_empty());
    }

    #[test]
    fn a_share_needs_its_minimum_of_traffic() {
        let condition =
            condition(&json!({"kind": "ratio", "window": "10s", "above": "50%", "minimum": 4}));
        let mut window = Window::default();
        for (matches, holds, words) in [
            (true, false, "1 of 1 call (100%) in 10s"),
            (true, false, "2 of 2 calls (100%) in 10s"),
            (false, false, "2 of 3 calls (66.7%) in 10s"),
            (false, false, "2 of 4 calls (50%) in 10s"),
            (true, true, "3 of 5 calls (60%) in 10s"),
        ] {
            window.count(&condition, at(7), matches, None);
            let sum = window.sum(&condition, at(7));
            assert_eq!(
                (sum.holds(&condition), sum.words(&condition).as_str()),
                (holds, words)
            );
        }
    }

    #[test]
    fn a_percentile_is_of_the_calls_that_match() {
        let condition = condition(
            &json!({"kind": "percentile", "window": "1m", "percentile": 90, "above": "400ms", "minimum": 10}),
        );
        let mut window = Window::default();
        for millis in [100_u64; 9].into_iter().chain([500]) {
            window.count(&condition, at(7), true, Some(Duration::from_millis(millis)));
        }
        assert!(!window.sum(&condition, at(7)).holds(&condition));
        for _ in 0..5 {
            window.count(&condition, at(8), true, Some(Duration::from_millis(500)));
            window.count(&condition, at(8), false, Some(Duration::from_millis(1)));
        }
        let text = serde_json::to_string(&window).unwrap();
        let mut window: Window = serde_json::from_str(&text).unwrap();
        assert!(window.sum(&condition, at(60)).holds(&condition));
        assert!(!window.sum(&condition, at(70)).holds(&condition));
    }
}
