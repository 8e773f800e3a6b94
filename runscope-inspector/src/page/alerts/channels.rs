use super::alert::told_line;
use super::desk::{Desk, Part};
use super::words::badge;
use crate::alerts::{Alerts, Channel, Notice, Trial};
use crate::api::AppState;
use crate::page::PageError;
use crate::page::address::Path;
use crate::store::{KeptNotice, NoticesWanted};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

/// The kinds of channels, and what they are called.
pub(super) const KINDS: [(&str, &str); 6] = [
    ("slack", "Slack"),
    ("teams", "Teams"),
    ("discord", "Discord"),
    ("pagerduty", "PagerDuty"),
    ("email", "Email"),
    ("webhook", "Webhook"),
];

/// Notices among which the last of each channel is looked for.
const LOOKED_AT: usize = 500;

/// What is said above the list: of a test, or of a channel that can't be removed.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Tested(&'a str, &'a Trial),
    Refused(&'a str, String),
}

/// Every channel with what it last answered.
pub(super) async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, PageError> {
    shown(&state, &desk, StatusCode::OK, None).await
}

/// Sends a notice that needs no action, and shows what the channel answered.
pub(super) async fn test(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let channel = state.alerting(move |alerts| alerts.channel(&id)).await?;
    let trial = state.alerts().test(&channel).await;
    let said = Said::Tested(&channel.id, &trial);
    shown(&state, &desk, StatusCode::OK, Some(said)).await
}

pub(super) async fn shown(
    state: &AppState,
    desk: &Desk,
    status: StatusCode,
    said: Option<Said<'_>>,
) -> Result<Response, PageError> {
    let (channels, notices) = state
        .alerting(|alerts: &Alerts| {
            let wanted = NoticesWanted {
                limit: LOOKED_AT,
                ..NoticesWanted::default()
            };
            Ok((alerts.channels()?, alerts.notices(&wanted)?))
        })
        .await?;
    let content = html! {
        h1 { "Channels" }
        p.muted { "Where alerts are told. Their secrets are kept here and never shown again." }
        @if channels.is_empty() {
            p.empty-note #no-channels { "No channel yet. Without one, alerts are seen on these pages only. Add where your team reads." }
        } @else {
            ul.channels #channel-list {
                @for channel in &channels {
                    @let users = state.alerts().rules().iter().filter(|rule| rule.channels.contains(&channel.id)).count();
                    @let last = notices.iter().find(|(kept, _)| kept.channel == channel.id);
                    (card(desk, channel, users, last, said.as_ref()))
                }
            }
        }
        section.card aria-labelledby="add-title" {
            h2 #add-title { "Add a channel" }
            ul.kinds #kinds {
                @for (kind, name) in KINDS {
                    li { a.button href=(desk.path(&format!("/channels/new?kind={kind}"))) { (name) } }
                }
            }
        }
    };
    Ok(desk.page("Channels", Part::Channels, status, &content))
}

fn card(
    desk: &Desk,
    channel: &Channel,
    users: usize,
    last: Option<&(KeptNotice, Option<Notice>)>,
    said: Option<&Said<'_>>,
) -> Markup {
    let path = desk.path(&format!("/channels/{}", channel.id));
    html! {
        li.card id={ "channel-" (channel.id) } {
            div.head-line {
                div.alert-what {
                    h2 { (channel.name) " " span.muted { (kind_name(channel.kind())) } }
                    span.muted { code { (channel.id) } ", " (address(channel)) }
                    span.muted {
                        @match users { 0 => "No rule tells it", 1 => "One rule tells it", users => { (users) " rules tell it" } }
                    }
                }
                div.actions {
                    form method="post" action={ (path) "/test" } {
                        button type="submit" { "Send test" span.visually-hidden { " to " (channel.name) } }
                    }
                    a.button href=(path) { "Change" span.visually-hidden { " " (channel.name) } }
                    form method="post" action=(path) {
                        button.danger.quiet type="submit" name="action" value="delete" {
                            "Remove" span.visually-hidden { " " (channel.name) }
                        }
                    }
                }
            }
            @match said {
                Some(Said::Tested(id, trial)) if *id == channel.id => {
                    p.trial role="status" tabindex="-1" autofocus {
                        @if trial.sent { (badge("s2", "Sent")) } @else { (badge("s5", "Not sent")) }
                        " Answer: " (trial.answer)
                    }
                }
                Some(Said::Refused(id, why)) if *id == channel.id => {
                    p.error role="alert" { "It is not removed. " (why) }
                }
                _ => {}
            }
            @if let Some((kept, notice)) = last {
                ul.notices { (told_line(desk, kept, notice.as_ref())) }
            }
        }
    }
}

pub(super) fn kind_name(kind: &str) -> &'static str {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found.map_or("", |(_, name)| name)
}

/// Where it leads, without what is secret of it.
fn address(channel: &Channel) -> String {
    let shown = channel.to_shown();
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    match shown["to"].as_array() {
        Some(to) => {
            let to: Vec<_> = to.iter().filter_map(|to| to.as_str()).collect();
            format!("{} by {}", to.join(", "), text("server"))
        }
        None => text("url"),
    }
}
