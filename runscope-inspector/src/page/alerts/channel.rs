use super::channel_form::{ChannelForm, heading, of_channel, to_channel};
use super::channels::{KINDS, Said, shown as listed};
use super::desk::{Desk, Part};
use super::told::{sentences, told};
use crate::alerts::{Channel, Mistake};
use crate::api::{ApiError, AppState};
use crate::page::PageError;
use crate::page::address::{Params, Path};
use crate::page::form::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    kind: String,
}

pub(super) async fn new(desk: Desk, Params(wanted): Params<Wanted>) -> Result<Response, PageError> {
    let kind = known(&wanted.kind)?;
    Ok(shown(&desk, kind, None, &Form::with(Vec::new()), None))
}

/// Makes a channel. The secret that a webhook is signed with is shown this once.
pub(super) async fn create(
    State(state): State<AppState>,
    desk: Desk,
    form: Form,
) -> Result<Response, PageError> {
    let kind = known(form.field("kind"))?;
    let value = to_channel(&form, kind, true);
    let made = state.alerting(move |alerts| told(alerts.add_channel(&value)));
    match made.await? {
        Ok(channel) if channel.signing_secret().is_some() => Ok(made_with_secret(&desk, &channel)),
        Ok(channel) => Ok(to_list(&desk, &channel.id)),
        Err(mistake) => Ok(shown(&desk, kind, None, &form, Some(&mistake))),
    }
}

pub(super) async fn one(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let channel = state.alerting(move |alerts| alerts.channel(&id)).await?;
    let form = of_channel(&channel);
    Ok(shown(&desk, channel.kind(), Some(&channel), &form, None))
}

/// Changes a channel, or removes it where the form says so.
pub(super) async fn change(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, PageError> {
    let channel = state.alerting(move |alerts| alerts.channel(&id)).await?;
    let id = channel.id.clone();
    if form.field("action") == "delete" {
        let removed = state.alerting(move |alerts| told(alerts.remove_channel(&id)));
        return match removed.await? {
            Ok(()) => Ok(Redirect::to(&desk.path("/channels")).into_response()),
            Err(mistake) => {
                let said = Said::Refused(&channel.id, sentences(&mistake));
                listed(&state, &desk, StatusCode::CONFLICT, Some(said)).await
            }
        };
    }
    let value = to_channel(&form, channel.kind(), false);
    let changed = state.alerting(move |alerts| told(alerts.change_channel(&id, &value)));
    match changed.await? {
        Ok(_) => Ok(to_list(&desk, &channel.id)),
        Err(mistake) => Ok(shown(
            &desk,
            channel.kind(),
            Some(&channel),
            &form,
            Some(&mistake),
        )),
    }
}

fn to_list(desk: &Desk, id: &str) -> Response {
    Redirect::to(&desk.path(&format!("/channels#channel-{id}"))).into_response()
}

fn known(kind: &str) -> Result<&'static str, ApiError> {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found
        .map(|(kind, _)| *kind)
        .ok_or_else(|| ApiError::not_found("there is no such kind of channel"))
}

fn shown(
    desk: &Desk,
    kind: &str,
    channel: Option<&Channel>,
    form: &Form,
    mistake: Option<&Mistake>,
) -> Response {
    let title = channel.map_or_else(|| heading(kind), |channel| channel.name.clone());
    let drawn = ChannelForm {
        desk,
        kind,
        form,
        id: channel.map(|channel| channel.id.as_str()),
        mistake,
    };
    let content = html! {
        h1 { (title) }
        (drawn.draw())
    };
    let status = mistake.map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    desk.page(&title, Part::Channels, status, &content)
}

fn made_with_secret(desk: &Desk, channel: &Channel) -> Response {
    let secret = channel
        .signing_secret()
        .map_or("", |secret| secret.reveal());
    let content = html! {
        h1 { (channel.name) " is ready" }
        section.card {
            h2 { "Its signing secret" }
            p role="status" { "The receiver checks with it that a notice is from here. It is shown this once." }
            div.copyable {
                pre.lines #signing-secret tabindex="0" { (secret) }
                button.quiet type="button" data-copy="signing-secret" hidden { "Copy" }
            }
            p.actions { a.button.primary href=(desk.path(&format!("/channels#channel-{}", channel.id))) { "To the channels" } }
        }
    };
    desk.page(&channel.name, Part::Channels, StatusCode::OK, &content)
}
