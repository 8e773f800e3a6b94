use super::desk::{Desk, Part, missing};
use super::silence::menu;
use super::words::{alert_state, badge, severity, span};
use crate::alerts::{Alert, Call, Notice};
use crate::api::AppState;
use crate::page::PageError;
use crate::page::address::Path;
use crate::page::format;
use crate::store::{AlertsWanted, KeptNotice, NoticeState, NoticesWanted};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

/// Notices of a rule among which those of an alert are looked for.
const LOOKED_AT: usize = 500;

/// One alert with the calls that caused it, and who was told.
pub(super) async fn alert(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let found = state
        .alerting(move |alerts| {
            let wanted = AlertsWanted {
                id: Some(id),
                limit: 1,
                ..AlertsWanted::default()
            };
            let Some(alert) = alerts.alerts(&wanted)?.into_iter().next() else {
                return Ok(None);
            };
            let calls = alerts.look_up(&alert);
            let mut notices = alerts.notices(&NoticesWanted {
                rule: Some(alert.rule.clone()),
                limit: LOOKED_AT,
                ..NoticesWanted::default()
            })?;
            notices.retain(|(_, notice)| is_about(notice.as_ref(), &alert));
            Ok(Some((alert, calls, notices)))
        })
        .await?;
    let (alert, calls, notices) = found.ok_or_else(missing)?;
    let rule = state.alerts().rule(&alert.rule);
    let content = html! {
        div.head-line {
            h1 #alert-title { (alert.rule_name) @if !alert.group.is_empty() { " " span.group { (alert.group) } } }
            @if let Some(rule) = &rule {
                div.actions {
                    a.button href=(desk.path(&format!("/rules/{}", rule.id))) { "To the rule" }
                    (menu(&desk, rule, Some(&alert.id)))
                }
            }
        }
        dl.alert-facts #facts {
            div { dt { "State" } dd #alert-state data-fresh { (alert_state(&alert)) } }
            div { dt { "What held" } dd { (alert.value) } }
            div { dt { "When" } dd #alert-span data-fresh { (span(&alert)) } }
            div { dt { "Matches" } dd #alert-matches data-fresh { (format::calls(alert.matches)) } }
            div { dt { "Severity" } dd { (severity(&alert.severity)) } }
        }
        (calls_section(&desk, &alert, &calls))
        (notices_section(&desk, &notices, rule.is_some_and(|rule| rule.channels.is_empty())))
    };
    Ok(desk.page(&alert.rule_name, Part::Other, StatusCode::OK, &content))
}

fn is_about(notice: Option<&Notice>, alert: &Alert) -> bool {
    notice.is_some_and(|notice| notice.alerts.iter().any(|known| known.id == alert.id))
}

fn calls_section(desk: &Desk, alert: &Alert, calls: &[(Call, bool)]) -> Markup {
    let shown = u64::try_from(calls.len()).unwrap_or(u64::MAX);
    html! {
        section.card #calls-of-alert aria-labelledby="calls-title" {
            h2 #calls-title { "Calls that caused it" }
            @if calls.is_empty() {
                p.quiet-note { "None is named." }
            }
            ul.alert-calls {
                @for (call, kept) in calls {
                    @let line = call.line.as_deref().unwrap_or("A call");
                    li {
                        @if *kept {
                            a.mono href={ (desk.prefix) "/b/" (call.bucket) "/c/" (call.uuid) } { (line) }
                        } @else {
                            span.mono { (line) } " " span.muted { "is not kept any more" }
                        }
                        @if let Some(excerpt) = &call.excerpt { p.excerpt.mono { (excerpt) } }
                    }
                }
            }
            @if alert.matches > shown && shown > 0 {
                p.hint { "These are some of " (format::calls(alert.matches)) "." }
            }
        }
    }
}

fn notices_section(
    desk: &Desk,
    notices: &[(KeptNotice, Option<Notice>)],
    tells_nobody: bool,
) -> Markup {
    html! {
        section.card #notices data-fresh aria-labelledby="notices-title" {
            h2 #notices-title { "Who was told" }
            @if notices.is_empty() {
                p.quiet-note {
                    @if tells_nobody { "Nobody: the rule has no channel. Choose some in the rule." }
                    @else { "Nobody yet. A notice waits a moment for others of its rule." }
                }
            } @else {
                ul.notices { @for (kept, notice) in notices { (told_line(desk, kept, notice.as_ref())) } }
            }
        }
    }
}

/// A notice, and what its channel answered.
pub(super) fn told_line(desk: &Desk, kept: &KeptNotice, notice: Option<&Notice>) -> Markup {
    let state = match kept.state {
        NoticeState::Sent => badge("s2", "Sent"),
        NoticeState::Failed => badge("s5", "Given up"),
        NoticeState::Waiting => badge("s4", "Waiting"),
    };
    html! {
        li {
            (state)
            div.alert-what {
                span {
                    @if let Some(notice) = notice { (notice.title()) }
                    " to " a href=(desk.path(&format!("/channels/{}", kept.channel))) { (kept.channel) }
                }
                @if let Some(answer) = &kept.answer { span.muted { "Answer: " (answer) } }
                @if kept.state == NoticeState::Waiting {
                    span.muted { "Next try " (format::moment(kept.due)) ", " (kept.attempts) " so far" }
                }
            }
            span.alert-when { (format::moment(kept.answered.unwrap_or(kept.created))) }
        }
    }
}
