use super::desk::{Desk, Part};
use super::plot::Plot;
use super::silence::{menu, silent_until};
use super::words::{at, badge, condition, grouping, severity, span};
use super::{file, told};
use crate::alerts::{Alert, Alerts, AlertsError, Mistake, Rule};
use crate::api::AppState;
use crate::exchange::Timestamp;
use crate::page::PageError;
use crate::page::address::Params;
use crate::page::format;
use crate::store::AlertsWanted;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Alerts that are read for the histogram, and that are listed as firing.
const MOST: usize = 500;
const MOST_LISTED: usize = 100;

const BARS: u32 = 96;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Span {
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "31d")]
    Month,
}

impl Span {
    const ALL: [(Self, &'static str, &'static str, u64); 3] = [
        (Self::Day, "24h", "24 hours", 1),
        (Self::Week, "7d", "7 days", 7),
        (Self::Month, "31d", "31 days", 31),
    ];

    fn length(self) -> Duration {
        let found = Self::ALL.iter().find(|(span, ..)| *span == self);
        Duration::from_secs(found.map_or(1, |(.., days)| *days) * 86_400)
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    span: Span,
}

struct Found {
    firing: Vec<Alert>,
    recent: Vec<Alert>,
    last: HashMap<String, Alert>,
}

/// What fires, when it did, and every rule.
pub(super) async fn overview(
    State(state): State<AppState>,
    desk: Desk,
    Params(wanted): Params<Wanted>,
) -> Result<Response, PageError> {
    shown(&state, &desk, wanted.span, None).await
}

/// The same with a file of rules that was refused.
pub(super) async fn with_refused(
    state: &AppState,
    desk: &Desk,
    text: &str,
    mistake: &Mistake,
) -> Result<Response, PageError> {
    shown(state, desk, Span::Day, Some((text, mistake))).await
}

async fn shown(
    state: &AppState,
    desk: &Desk,
    span: Span,
    refused: Option<(&str, &Mistake)>,
) -> Result<Response, PageError> {
    let found = state.alerting(find).await?;
    let rules = state.alerts().rules();
    let content = html! {
        h1 { "Alerts" }
        @if let Some((_, mistake)) = refused {
            (told::refused(mistake, Some(("rules-file", "the file of rules"))))
        }
        (firing_now(desk, &found.firing, rules.is_empty()))
        @if !found.recent.is_empty() { (history(desk, span, &found.recent)) }
        section #rules aria-labelledby="rules-title" {
            div.head-line {
                h2 #rules-title { "Rules" }
                a.button.primary #add-rule href=(desk.path("/rules/new")) { "New rule" }
            }
            @if rules.is_empty() {
                p.empty-note {
                    "No rule yet. A rule says which calls matter and who is told: make one here, or filter the "
                    "traffic and choose + Alert."
                }
            } @else {
                ul.rules {
                    @for rule in rules.iter() { (row(state, desk, rule, found.last.get(&rule.id))) }
                }
            }
        }
        (file::section(desk, refused))
    };
    let status = if refused.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok(desk.page("Alerts", Part::Overview, status, &content))
}

fn find(alerts: &Alerts) -> Result<Found, AlertsError> {
    let firing = alerts.alerts(&AlertsWanted {
        firing: Some(true),
        limit: MOST_LISTED,
        ..AlertsWanted::default()
    })?;
    let recent = alerts.alerts(&AlertsWanted {
        limit: MOST,
        ..AlertsWanted::default()
    })?;
    let mut last: HashMap<String, Alert> = HashMap::new();
    for alert in &recent {
        last.entry(alert.rule.clone())
            .or_insert_with(|| alert.clone());
    }
    // A rule that has not fired for long can lie behind those that fire all the time.
    for rule in alerts.rules().iter().filter(|_| recent.len() >= MOST) {
        if !last.contains_key(&rule.id) {
            let found = alerts.alerts(&AlertsWanted {
                rule: Some(rule.id.clone()),
                limit: 1,
                ..AlertsWanted::default()
            })?;
            last.extend(found.into_iter().map(|alert| (rule.id.clone(), alert)));
        }
    }
    Ok(Found {
        firing,
        recent,
        last,
    })
}

fn firing_now(desk: &Desk, firing: &[Alert], no_rules: bool) -> Markup {
    html! {
        section.card #now data-fresh aria-labelledby="now-title" {
            h2 #now-title { "Firing now" }
            @if firing.is_empty() {
                p.quiet-note #all-well {
                    @if no_rules { "Nothing is watched yet." } @else { (badge("s2", "All is well")) " Nothing fires." }
                }
            } @else {
                ul.alert-list #firing { @for alert in firing { (line(desk, alert)) } }
                @if firing.len() >= MOST_LISTED { p.hint { "Only the last " (MOST_LISTED) " are listed." } }
            }
        }
    }
}

/// An alert in a list.
pub(super) fn line(desk: &Desk, alert: &Alert) -> Markup {
    html! {
        li {
            (super::words::alert_state(alert))
            div.alert-what {
                a.alert-name href=(desk.path(&format!("/{}", alert.id))) {
                    (alert.rule_name)
                    @if !alert.group.is_empty() { span.group { (alert.group) } }
                }
                span.muted { (alert.value) }
            }
            (severity(&alert.severity))
            span.alert-when { (span(alert)) }
        }
    }
}

fn history(desk: &Desk, wanted: Span, recent: &[Alert]) -> Markup {
    const PARTS: [(&str, &str); 4] = [
        ("critical", "b5"),
        ("error", "b4"),
        ("warning", "b3"),
        ("info", "b2"),
    ];
    let length = wanted.length();
    let start = Timestamp::now().saturating_sub(length);
    let step = length / BARS;
    let mut bars = vec![vec![0; PARTS.len()]; usize::try_from(BARS).unwrap_or(0)];
    for alert in recent {
        let since = at(alert.fired)
            .as_micros()
            .saturating_sub(start.as_micros());
        let place = u128::try_from(since)
            .ok()
            .map(|since| since / step.as_micros().max(1));
        let bar = place.and_then(|place| bars.get_mut(usize::try_from(place).ok()?));
        let part = PARTS.iter().position(|(name, _)| *name == alert.severity);
        if let Some(count) = bar.zip(part).and_then(|(bar, part)| bar.get_mut(part)) {
            *count += 1;
        }
    }
    let plot = Plot {
        id: "history-table",
        title: "Alerts that fired",
        parts: &PARTS,
        start,
        step,
        bars,
        marks: ("", Vec::new()),
    };
    html! {
        section.timeline #history aria-label="Alerts over time" {
            (plot.draw())
            div.plot-foot {
                nav.spans aria-label="Span of time" {
                    @for (span, name, label, _) in Span::ALL {
                        a href=(desk.path(&format!("?span={name}"))) aria-current=[(span == wanted).then_some("true")] { (label) }
                    }
                }
                @if recent.len() >= MOST { span.muted { "The last " (MOST) " alerts are counted." } }
            }
            details.panel {
                summary { h3 { "The last alerts" } }
                ul.alert-list #recent { @for alert in recent.iter().take(20) { (line(desk, alert)) } }
            }
        }
    }
}

fn row(state: &AppState, desk: &Desk, rule: &Rule, last: Option<&Alert>) -> Markup {
    html! {
        li.rule id={ "rule-" (rule.id) } {
            span.rule-state id={ "state-" (rule.id) } data-fresh { (standing(state, rule)) }
            div.rule-what {
                a.alert-name href=(desk.path(&format!("/rules/{}", rule.id))) { (rule.name) }
                span.muted {
                    (condition(rule))
                    @if !rule.filter.is_empty() { " of " code { (rule.filter) } }
                    (grouping(rule))
                }
                span.muted.rule-last id={ "last-" (rule.id) } data-fresh {
                    @match last {
                        Some(alert) => { "Last fired " (format::moment(at(alert.fired))) }
                        None => "Has not fired yet"
                    }
                    @if rule.channels.is_empty() { ", tells nobody" }
                }
            }
            (severity(rule.severity.name()))
            (menu(desk, rule, None))
        }
    }
}

/// How a rule stands, in a word or two.
pub(super) fn standing(state: &AppState, rule: &Rule) -> Markup {
    let counts = state.alerts().state(&rule.id);
    html! {
        @if !rule.enabled { (badge("s0", "Off")) }
        @else if counts.firing > 1 { (badge("s5", &format!("Firing ({})", format::count(counts.firing)))) }
        @else if counts.firing > 0 { (badge("s5", "Firing")) }
        @else if counts.pending > 0 { (badge("s4", "Pending")) }
        @else { (badge("s2", "OK")) }
        @if let Some(until) = silent_until(rule) {
            span.silent { "Silenced until " (format::moment(until)) }
        }
    }
}
