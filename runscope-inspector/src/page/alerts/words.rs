//! Rules and alerts in words.

use crate::alerts::{Alert, Condition, Rule};
use crate::exchange::Timestamp;
use crate::page::format;
use crate::query::write_duration;
use maud::{Markup, html};

/// When a rule fires: `10 calls in 5m`.
pub(super) fn condition(rule: &Rule) -> String {
    let mut words = match &rule.condition {
        Condition::Every => "every call".to_owned(),
        Condition::Count { window, at_least } => {
            format!(
                "{} in {}",
                format::calls(*at_least),
                write_duration(*window)
            )
        }
        Condition::Ratio { window, above, .. } => {
            let percent = (above * 1e4).round() / 1e2;
            format!("over {percent} % of calls in {}", write_duration(*window))
        }
        Condition::Percentile {
            window,
            percentile,
            above,
            ..
        } => format!(
            "p{percentile} over {} in {}",
            write_duration(*above),
            write_duration(*window)
        ),
    };
    if rule.windows > 1 {
        words.push_str(&format!(", {} times in a row", rule.windows));
    }
    words
}

/// What alerts of a rule are told apart by: `, for each route`.
pub(super) fn grouping(rule: &Rule) -> String {
    let group = rule.group_by.as_ref();
    group.map_or_else(String::new, |group| format!(", for each {}", group.name()))
}

/// A state by its word, its shape and its colour.
pub(super) fn badge(class: &str, word: &str) -> Markup {
    html! { span class={ "state status " (class) } { (word) } }
}

pub(super) fn severity(name: &str) -> Markup {
    let class = match name {
        "critical" | "error" => "severe",
        "warning" => "warns",
        _ => "informs",
    };
    html! { span class={ "severity " (class) } { (name) } }
}

/// How an alert stands.
pub(super) fn alert_state(alert: &Alert) -> Markup {
    match alert.resolved {
        None => badge("s5", "Firing"),
        Some(_) => badge("s2", "Resolved"),
    }
}

pub(super) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap_or_default()
}

/// From when to when an alert fired.
pub(super) fn span(alert: &Alert) -> Markup {
    html! {
        (format::moment(at(alert.fired)))
        @match alert.resolved {
            Some(resolved) => { " to " (format::moment(at(resolved))) }
            None => " until now"
        }
    }
}
