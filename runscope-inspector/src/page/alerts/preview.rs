use super::plot::Plot;
use super::words::{at, span};
use crate::alerts::{self, Preview, Rule};
use crate::api::{ApiError, AppState};
use crate::page::format;
use maud::{Markup, html};
use std::time::{Duration, Instant};

/// How far back can be looked, in hours.
pub(super) const SPANS: [(&str, &str, u64); 4] = [
    ("1h", "last hour", 1),
    ("24h", "last 24 hours", 24),
    ("7d", "last 7 days", 168),
    ("31d", "last 31 days", 744),
];

/// Alerts that are listed.
const LISTED: usize = 50;

/// Plays a rule on the stored traffic.
pub(super) async fn play(state: &AppState, rule: Rule, span: &str) -> Result<Preview, ApiError> {
    let hours = SPANS.iter().find(|(name, ..)| *name == span);
    let span = Duration::from_secs(hours.map_or(24, |(.., hours)| *hours) * 3600);
    let deadline = Instant::now() + state.limits().deadline;
    state
        .query(move |store| alerts::preview(store, &rule, span, deadline))
        .await
}

/// What the rule would have done.
pub(super) fn draw(prefix: &str, preview: &Preview) -> Markup {
    let others = |bar: &alerts::PreviewBar| bar.traffic.saturating_sub(bar.matches);
    let plot = Plot {
        id: "preview-table",
        title: "Calls, and when it would have fired",
        parts: &[("matches", "b4"), ("other calls", "b2")],
        start: preview.from,
        step: preview.step,
        bars: preview
            .bars
            .iter()
            .map(|bar| vec![bar.matches, others(bar)])
            .collect(),
        marks: (
            "alerts",
            preview.alerts.iter().map(|alert| at(alert.fired)).collect(),
        ),
    };
    html! {
        section #preview aria-labelledby="preview-title" {
            h2 #preview-title tabindex="-1" autofocus { "What it would have done" }
            p #preview-count role="status" {
                @match preview.fired {
                    0 => @match &preview.shortage {
                        Some(shortage) => { strong { "Not enough traffic to tell" } " (" (shortage.words()) ")" }
                        None => "It would not have fired",
                    }
                    1 => { strong { "It would have fired once" } }
                    fired => { strong { "It would have fired " (format::count(fired)) " times" } }
                }
                ": " (format::calls(preview.matches)) " matched since " (format::moment(preview.from)) "."
                @if !preview.complete { " There was more than could be looked at; the newest calls are counted." }
            }
            @if preview.matches == 0 {
                p.quiet-note {
                    "No call of that time matches. Look further back, or try the filter on the traffic first."
                }
            } @else {
                div.timeline { (plot.draw()) }
            }
            @if !preview.alerts.is_empty() {
                div.card.flush.scroll tabindex="0" role="region" aria-label="Alerts that would have fired" {
                    table.table #preview-alerts {
                        caption.visually-hidden { "Alerts that would have fired" }
                        thead { tr { th scope="col" { "When" } th scope="col" { "Group" } th scope="col" { "What held" } th scope="col" { "A call" } } }
                        tbody {
                            @for alert in preview.alerts.iter().take(LISTED) {
                                tr {
                                    td { (span(alert)) }
                                    td.wrap { (alert.group) }
                                    td { (alert.value) }
                                    td {
                                        @if let Some(call) = alert.calls.first() {
                                            a href={ (prefix) "/b/" (call.bucket) "/c/" (call.uuid) } { "Open" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if preview.fired > LISTED as u64 { p.hint { "The first " (LISTED) " are listed." } }
            }
        }
    }
}
