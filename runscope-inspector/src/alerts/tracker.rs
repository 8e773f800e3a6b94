//! A rule at work: what its groups have counted, and the state of their alerts.

use super::compiled::Compiled;
use super::machine::{Change, State, Timing};
use super::notice::{Alert, Call, Event};
use super::rule::{Condition, Rule, counts_differ};
use super::seen::Seen;
use super::window::{Sum, Window, slice};
use crate::exchange::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// The groups of a rule that are told apart; who comes later is one of the others.
const MOST_GROUPS: usize = 1000;
const OTHERS: &str = "(others)";

/// The calls that an alert names.
const MOST_CALLS: usize = 10;

/// A call may be this much older than the window and still count: what sends them sends in batches.
const GRACE: Duration = Duration::from_secs(60);

/// The points in time at which a pause without calls is looked at, at most.
const MOST_STEPS: i64 = 300;

#[derive(Debug)]
pub(super) struct Tracker {
    compiled: Compiled,
    groups: HashMap<String, Group>,
    step: Duration,
    next: Option<Timestamp>,
    events: Vec<Event>,
    changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Group {
    window: Window,
    state: State,
    /// The alert's identifier while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    /// Matches since it fired, or since the window was last empty.
    matches: u64,
    calls: Vec<Call>,
    /// When the alert fired, in microseconds since the Unix epoch.
    #[serde(default)]
    fired: i64,
    #[serde(default)]
    value: String,
    /// The matches when the alert was last written.
    #[serde(skip)]
    written: u64,
}

/// What became of a call that a rule was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    No,
    /// It matches.
    Match,
    /// It is older than anybody wants to be woken for.
    Late,
}

impl Tracker {
    /// A rule whose groups are looked at this often.
    pub(super) fn new(rule: Rule, step: Duration) -> Self {
        Self {
            compiled: Compiled::new(rule),
            groups: HashMap::new(),
            step,
            next: None,
            events: Vec::new(),
            changed: true,
        }
    }

    /// The same with what was counted before a restart, if it was counted by the same rule.
    pub(super) fn restored(rule: Rule, step: Duration, kept: &str) -> Self {
        #[derive(Deserialize)]
        struct Kept {
            rule: Value,
            groups: HashMap<String, Group>,
        }
        let mut tracker = Self::new(rule, step);
        if let Ok(Kept { rule, groups }) = serde_json::from_str(kept)
            && let Ok(before) = Rule::read(&rule)
        {
            tracker.groups = groups;
            if counts_differ(&before, tracker.rule()) {
                tracker.close(Timestamp::now());
            }
        }
        tracker
    }

    pub(super) fn kept(&self) -> String {
        json!({ "rule": self.rule().to_json(), "groups": self.groups }).to_string()
    }

    pub(super) fn rule(&self) -> &Rule {
        self.compiled.rule()
    }

    /// Takes a changed rule. What was counted stays, unless it would be counted otherwise now.
    pub(super) fn change(&mut self, rule: Rule, now: Timestamp) {
        if counts_differ(self.rule(), &rule) {
            self.close(now);
        }
        self.compiled = Compiled::new(rule);
        self.changed = true;
    }

    /// Shows the rule a call that arrived at a time.
    pub(super) fn see(
        &mut self,
        seen: &Seen<'_>,
        at: Timestamp,
        bucket: &str,
        uuid: Uuid,
    ) -> Counted {
        self.advance(at);
        let verdict = self.compiled.judge(seen);
        let condition = &self.compiled.rule().condition;
        let compares = matches!(condition, Condition::Ratio { .. });
        if !(verdict.matches || compares && verdict.traffic) {
            return Counted::No;
        }
        let time = seen.attributes().time;
        if time < at.saturating_sub(condition.window().unwrap_or_default().saturating_add(GRACE)) {
            return Counted::Late;
        }
        let name = self.compiled.group(seen).into_owned();
        let time = seen.attributes().duration;
        self.count(&name, at, verdict.matches, time, || Call {
            bucket: bucket.to_owned(),
            uuid: uuid.to_string(),
            line: None,
            excerpt: None,
        });
        if verdict.matches {
            Counted::Match
        } else {
            Counted::No
        }
    }

    /// Counts a call in a group, whatever the rule says of it.
    pub(super) fn count(
        &mut self,
        name: &str,
        at: Timestamp,
        matches: bool,
        time: Option<Duration>,
        call: impl FnOnce() -> Call,
    ) {
        let group = match self.groups.get_mut(name) {
            Some(group) => group,
            None => {
                let full = self.groups.len() >= MOST_GROUPS;
                let name = if full { OTHERS } else { name };
                self.groups.entry(name.to_owned()).or_default()
            }
        };
        let condition = &self.compiled.rule().condition;
        group.window.count(condition, at, matches, time);
        self.changed = true;
        if !matches {
            return;
        }
        group.matches = group.matches.saturating_add(1);
        if group.calls.len() >= MOST_CALLS {
            if group.state.is_firing() {
                return;
            }
            group.calls.remove(0);
        }
        group.calls.push(call());
    }

    /// Looks at the groups at every step up to a time.
    pub(super) fn advance(&mut self, to: Timestamp) {
        let next = *self.next.get_or_insert(to);
        if next > to {
            return;
        }
        if self.groups.is_empty() {
            self.next = Some(later(to, self.step));
            return;
        }
        let gap = to.as_micros().saturating_sub(next.as_micros());
        let least = Duration::from_micros((gap / MOST_STEPS).unsigned_abs());
        let step = self.step.max(least);
        let mut at = next;
        while at <= to && !self.groups.is_empty() {
            self.sweep(at);
            at = later(at, step);
        }
        self.next = Some(later(to, self.step).min(at.max(later(to, Duration::from_micros(1)))));
    }

    /// Ends every alert: the rule is gone, or counts otherwise.
    pub(super) fn close(&mut self, now: Timestamp) {
        for (name, group) in std::mem::take(&mut self.groups) {
            if let State::Firing { told, .. } = group.state {
                let change = Change::Resolved {
                    tell: told.is_some(),
                };
                let alert = group.alert(&name, self.compiled.rule(), Some(now));
                self.events.push(Event {
                    change,
                    alert,
                    at: now,
                });
            }
        }
        self.changed = true;
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How many alerts are firing.
    pub(super) fn firing(&self) -> u64 {
        let firing = self.groups.values().filter(|group| group.state.is_firing());
        u64::try_from(firing.count()).unwrap_or(u64::MAX)
    }

    /// How many alerts wait for the condition to have held for long enough.
    pub(super) fn pending(&self) -> u64 {
        let pending = self
            .groups
            .values()
            .filter(|group| matches!(group.state, State::Pending { .. }));
        u64::try_from(pending.count()).unwrap_or(u64::MAX)
    }

    /// The alerts that fire and have seen more calls since this was asked.
    pub(super) fn grown(&mut self) -> Vec<Alert> {
        let rule = self.compiled.rule();
        let grown = self.groups.iter_mut().filter_map(|(name, group)| {
            if !group.state.is_firing() || group.written == group.matches {
                return None;
            }
            group.written = group.matches;
            Some(group.alert(name, rule, None))
        });
        grown.collect()
    }

    /// Whether anything changed since this was asked.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Has it asked for again.
    pub(super) fn set_changed(&mut self) {
        self.changed = true;
    }

    /// Takes over how the calls of an alert were described.
    pub(super) fn described(&mut self, alert: &Alert) {
        if let Some(group) = self.groups.get_mut(&alert.group)
            && group.alert.as_deref() == Some(alert.id.as_str())
        {
            group.calls.clone_from(&alert.calls);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        let rule = self.compiled.rule();
        let timing = Timing {
            pending_for: rule.pending_for(),
            resolve_after: rule.resolve_after,
            repeat_every: rule.repeat_every,
            silence_until: rule.silence_until,
        };
        let (events, changed) = (&mut self.events, &mut self.changed);
        self.groups.retain(|name, group| {
            let sum = group.window.sum(&rule.condition, now);
            let holds = sum.holds(&rule.condition);
            if rule.condition == Condition::Every {
                // Each match counts once.
                group.window = Window::default();
            }
            let (state, change) = group.state.step(now, holds, &timing);
            *changed |= state != group.state;
            if holds {
                group.value = group.words(&sum, &rule.condition);
            }
            let begun = !group.state.is_firing() && state.is_firing();
            group.state = state;
            if begun {
                group.alert = Some(Uuid::new_v4().simple().to_string());
                group.fired = now.as_micros();
                group.matches = group.matches.max(sum.matches);
            }
            if let Some(change) = change {
                let over = matches!(change, Change::Resolved { .. }).then_some(now);
                let alert = group.alert(name, rule, over);
                group.written = group.matches;
                events.push(Event {
                    change,
                    alert,
                    at: now,
                });
            }
            if !state.is_firing() && (group.window.is_empty() || group.alert.is_some()) {
                group.alert = None;
                group.matches = 0;
                group.calls.clear();
            }
            state != State::Quiet || !group.window.is_empty()
        });
    }
}

impl Group {
    fn words(&self, sum: &Sum, condition: &Condition) -> String {
        let total = Sum {
            matches: self.matches,
            ..Sum::default()
        };
        match condition {
            Condition::Every => total.words(condition),
            condition => sum.words(condition),
        }
    }

    fn alert(&self, name: &str, rule: &Rule, resolved: Option<Timestamp>) -> Alert {
        Alert {
            id: self.alert.clone().unwrap_or_default(),
            rule: rule.id.clone(),
            rule_name: rule.name.clone(),
            severity: rule.severity.name().to_owned(),
            group: name.to_owned(),
            fired: Timestamp::from_micros(self.fired).as_seconds(),
            resolved: resolved.map(Timestamp::as_seconds),
            value: self.value.clone(),
            matches: self.matches,
            calls: self.calls.clone(),
        }
    }
}

/// How often the groups of a rule are looked at as calls arrive.
pub(super) fn live_step(rule: &Rule) -> Duration {
    slice(&rule.condition).clamp(Duration::from_millis(250), Duration::from_secs(1))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.as_micros().saturating_add(micros.max(1)))
}
