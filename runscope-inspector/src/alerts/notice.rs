//! What a channel is told: alerts of one rule that began, go on or are over, in one piece.

use super::describe::one_line;
use super::machine::Change;
use crate::exchange::Timestamp;
use serde::{Deserialize, Serialize};

/// The alerts that one notice names; the others are counted.
const MOST_NAMED: usize = 50;

/// The characters of a title, and of a group's name in a text.
const LONGEST_TITLE: usize = 500;
const LONGEST_GROUP: usize = 200;

/// A call that is part of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The key of its bucket.
    pub(crate) bucket: String,
    pub(crate) uuid: String,
    /// Method, URL, status and time, cleaned of secrets; where it was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<String>,
    /// The beginning of the response's body, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) excerpt: Option<String>,
}

/// One alert: a group of a rule, from when it fired to when it was resolved. Moments are in Unix
/// seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) rule_name: String,
    pub(crate) severity: String,
    /// What it is told apart by; empty where the rule does not.
    pub(crate) group: String,
    pub(crate) fired: f64,
    pub(crate) resolved: Option<f64>,
    /// What held, in words: `12 calls in 5m`.
    pub(crate) value: String,
    /// How many calls matched since it fired, those that made it fire included.
    pub(crate) matches: u64,
    /// Some of them.
    pub(crate) calls: Vec<Call>,
}

/// What became of an alert.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) change: Change,
    pub(super) alert: Alert,
    pub(super) at: Timestamp,
}

/// What is said to one channel at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) rule: String,
    pub(crate) rule_name: String,
    pub(crate) severity: String,
    /// When the last of it happened, in Unix seconds.
    pub(crate) at: f64,
    /// How many alerts of the rule are firing after it; 0 says that all is well again.
    pub(crate) firing: u64,
    pub(crate) fired: u64,
    pub(crate) going_on: u64,
    pub(crate) resolved: u64,
    /// The alerts it is about, each once, in the state they came to.
    pub(crate) alerts: Vec<Alert>,
    /// Alerts that are not named.
    pub(crate) more: u64,
    /// Whether it only tries a channel.
    #[serde(default)]
    pub(crate) test: bool,
}

impl Notice {
    /// What is to be told of the events of one rule; `None` where nobody is to be told of any.
    pub(super) fn of(events: &[&Event], firing: u64) -> Option<Self> {
        let first = events.first()?;
        let mut notice = Self {
            rule: first.alert.rule.clone(),
            rule_name: first.alert.rule_name.clone(),
            severity: first.alert.severity.clone(),
            at: first.at.as_seconds(),
            firing,
            fired: 0,
            going_on: 0,
            resolved: 0,
            alerts: Vec::new(),
            more: 0,
            test: false,
        };
        for event in events {
            let count = match event.change {
                Change::Fired { tell: true } => &mut notice.fired,
                Change::GoesOn => &mut notice.going_on,
                Change::Resolved { tell: true } => &mut notice.resolved,
                _ => continue,
            };
            *count = count.saturating_add(1);
            notice.at = event.at.as_seconds();
            notice.add(event.alert.clone());
        }
        (notice.fired > 0 || notice.going_on > 0 || notice.resolved > 0).then_some(notice)
    }

    /// A notice that nobody needs to act on.
    pub(crate) fn trial(now: Timestamp) -> Self {
        Self {
            rule: "test".to_owned(),
            rule_name: "Test of this channel".to_owned(),
            severity: "info".to_owned(),
            at: now.as_seconds(),
            firing: 0,
            fired: 0,
            going_on: 0,
            resolved: 0,
            alerts: Vec::new(),
            more: 0,
            test: true,
        }
    }

    /// One that was not sent yet, and a later one of the same rule: the state of each alert is that of
    /// the later.
    pub(super) fn merged(mut self, later: Self) -> Self {
        self.fired = self.fired.saturating_add(later.fired);
        self.going_on = self.going_on.saturating_add(later.going_on);
        self.resolved = self.resolved.saturating_add(later.resolved);
        self.more = self.more.saturating_add(later.more);
        self.firing = later.firing;
        self.at = later.at;
        self.severity = later.severity;
        self.rule_name = later.rule_name;
        later.alerts.into_iter().for_each(|alert| self.add(alert));
        self
    }

    fn add(&mut self, alert: Alert) {
        if let Some(known) = self.alerts.iter_mut().find(|known| known.id == alert.id) {
            *known = alert;
        } else if self.alerts.len() < MOST_NAMED {
            self.alerts.push(alert);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    pub(crate) fn is_firing(&self) -> bool {
        self.firing > 0
    }

    /// What it is, in a word.
    pub(crate) fn status(&self) -> &'static str {
        match (self.test, self.is_firing()) {
            (true, _) => "test",
            (false, true) => "firing",
            (false, false) => "resolved",
        }
    }

    /// The notice in a line: `[FIRING] Checkout errors: 12 calls in 5m`.
    pub(crate) fn title(&self) -> String {
        one_line(&self.whole_title(), LONGEST_TITLE)
    }

    fn whole_title(&self) -> String {
        let status = self.status().to_uppercase();
        let name = &self.rule_name;
        if self.test {
            return format!("[{status}] {name}: it works");
        }
        let named = u64::try_from(self.alerts.len()).unwrap_or(u64::MAX);
        match self.alerts.as_slice() {
            [alert] if self.more == 0 => {
                let group = if alert.group.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", alert.group)
                };
                format!("[{status}] {name}{group}: {}", alert.value)
            }
            _ => format!(
                "[{status}] {name}: {} alerts",
                named.saturating_add(self.more)
            ),
        }
    }

    /// The notice in paragraphs, one for each alert that is named.
    pub(crate) fn paragraphs(&self) -> Vec<String> {
        let mut paragraphs: Vec<String> = self.alerts.iter().map(Alert::paragraph).collect();
        if self.test {
            paragraphs.push("Alerts of the inspector will arrive here.".to_owned());
        }
        if self.more > 0 {
            paragraphs.push(format!("… and {} more", self.more));
        }
        paragraphs
    }
}

impl Alert {
    fn paragraph(&self) -> String {
        let moment = |seconds: f64| {
            let whole = Timestamp::from_seconds(seconds.floor()).unwrap_or_default();
            whole.to_string()
        };
        let group = match self.group.as_str() {
            "" => &self.rule_name,
            group => group,
        };
        let group = one_line(group, LONGEST_GROUP);
        let mut text = match self.resolved {
            None => format!("{group}: {}, since {}", self.value, moment(self.fired)),
            Some(resolved) => format!(
                "{group}: resolved at {}, fired at {}; {} matched",
                moment(resolved),
                moment(self.fired),
                self.matches
            ),
        };
        for call in &self.calls {
            if let Some(line) = &call.line {
                text.push_str("\n  ");
                text.push_str(line);
            }
            if let Some(excerpt) = &call.excerpt {
                text.push_str("\n    ");
                text.push_str(excerpt);
            }
        }
        text
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn alert(id: &str, group: &str) -> Alert {
        Alert {
            id: id.to_owned(),
            rule: "errors".to_owned(),
            rule_name: "Errors".to_owned(),
            severity: "critical".to_owned(),
            group: group.to_owned(),
            fired: 1_795_341_600.0,
            resolved: None,
            value: "12 calls in 5m".to_owned(),
            matches: 12,
            calls: Vec::new(),
        }
    }

    fn event(change: Change, id: &str) -> Event {
        let mut alert = alert(id, id);
        if matches!(change, Change::Resolved { .. }) {
            alert.resolved = Some(1_795_341_700.0);
        }
        Event {
            change,
            alert,
            at: Timestamp::from_micros(7_000_000),
        }
    }

    #[test]
    fn what_fires_and_ends_before_it_was_told_is_one_notice() {
        let fired = event(Change::Fired { tell: true }, "a");
        let over = event(Change::Resolved { tell: true }, "a");
        let first = Notice::of(&[&fired], 1).unwrap();
        assert_eq!(first.title(), "[FIRING] Errors (a): 12 calls in 5m");
        let both = first.merged(Notice::of(&[&over], 0).unwrap());
        assert_eq!(
            (both.status(), both.fired, both.resolved),
            ("resolved", 1, 1)
        );
        assert_eq!(both.alerts.len(), 1);
        assert_eq!(
            both.paragraphs(),
            ["a: resolved at 2026-11-22T10:01:40Z, fired at 2026-11-22T10:00:00Z; 12 matched"]
        );
    }

    #[test]
    fn nobody_is_told_of_what_is_silent() {
        let silent = event(Change::Fired { tell: false }, "a");
        assert_eq!(Notice::of(&[&silent], 1), None);
        assert_eq!(Notice::of(&[], 0), None);
    }

    #[test]
    fn a_thousand_groups_are_one_notice_of_bounded_size() {
        let events: Vec<_> = (0..1000)
            .map(|number| event(Change::Fired { tell: true }, &number.to_string()))
            .collect();
        let notice = Notice::of(&events.iter().collect::<Vec<_>>(), 1000).unwrap();
        assert_eq!((notice.alerts.len(), notice.more), (MOST_NAMED, 950));
        assert_eq!(notice.title(), "[FIRING] Errors: 1000 alerts");
        assert_eq!(notice.paragraphs().last().unwrap(), "… and 950 more");
    }
}
