//! What rules cost, for the benchmark: not part of the API.

use super::compiled::Compiled;
use super::rule::Rule;
use super::seen::Seen;
use super::tracker::{Tracker, live_step};
use crate::exchange::{Attributes, Timestamp};
use runscope_core::Message;
use serde_json::Value;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long one message takes to be shown to rules, on average over messages: only judged, and judged
/// and counted with all that goes with it.
#[doc(hidden)]
pub fn time_of_a_message(
    rules: &[Value],
    messages: &[Message],
) -> Result<(Duration, Duration), String> {
    let read: Result<Vec<Rule>, _> = rules.iter().map(Rule::read).collect();
    let read = read.map_err(|mistake| mistake.to_string())?;
    let compiled: Vec<_> = read.iter().cloned().map(Compiled::new).collect();
    let now = Timestamp::now();
    let attributes: Vec<_> = messages
        .iter()
        .map(|message| Attributes::of(message, now))
        .collect();
    let mut matched = 0_u64;
    let begun = Instant::now();
    for (message, attributes) in messages.iter().zip(&attributes) {
        let seen = Seen::new(attributes, message, now);
        for rule in &compiled {
            matched = matched.saturating_add(u64::from(rule.judge(&seen).matches));
        }
    }
    let judged = begun.elapsed();
    std::hint::black_box(matched);
    let mut trackers: Vec<_> = read
        .into_iter()
        .map(|rule| {
            let step = live_step(&rule);
            Tracker::new(rule, step)
        })
        .collect();
    let begun = Instant::now();
    for message in messages {
        let now = Timestamp::now();
        let attributes = Attributes::of(message, now);
        let seen = Seen::new(&attributes, message, now);
        for tracker in &mut trackers {
            tracker.see(&seen, now, "default", Uuid::nil());
        }
    }
    let tracked = begun.elapsed();
    let each = |time: Duration| time / u32::try_from(messages.len().max(1)).unwrap_or(u32::MAX);
    Ok((each(judged), each(tracked)))
}
