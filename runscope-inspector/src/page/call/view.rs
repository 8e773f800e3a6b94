use super::actions::{actions, share_panel};
use super::copies::copies;
use super::head::{facts, headline, masked, short};
use super::links::{Links, Views};
use super::message::{request, response};
use super::neighbours::{Neighbours, neighbours};
use super::retry::retry_form;
use super::timing::timing;
use crate::api::{AppState, hindrance, message_uuid, no_message};
use crate::exchange::Exchange;
use crate::page::address::{Params, Path};
use crate::page::error::PageError;
use crate::page::found;
use crate::page::layout::{Nav, Page, Tab};
use crate::page::place::Place;
use crate::query::{Highlight, parse};
use crate::show::Shown;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// A call with its bodies read, which takes time: done off the async threads.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) exchange: Exchange,
    pub(super) request: Option<Shown>,
    pub(super) response: Option<Shown>,
}

impl Call {
    pub(super) fn of(exchange: Exchange) -> Self {
        Self {
            request: Shown::request(&exchange.message),
            response: Shown::response(&exchange.message),
            exchange,
        }
    }

    /// Its title, in plain text.
    pub(super) fn title(&self) -> String {
        let attributes = &self.exchange.attributes;
        let method = attributes.method.as_deref().unwrap_or("Call");
        let path = attributes.path.as_deref().unwrap_or_default();
        short(&format!("{method} {path}"), 80)
    }

    /// What is known of it, from the headline to the bodies.
    pub(super) fn sides(&self, links: &Links) -> Markup {
        html! {
            (timing(&self.exchange))
            (facts(&self.exchange))
            div.sides {
                (request(&self.exchange, self.request.as_ref(), links))
                (response(&self.exchange, self.response.as_ref(), links))
            }
        }
    }
}

/// One call in full.
pub(super) async fn view(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid)): Path<(String, String)>,
    Params(views): Params<Views>,
) -> Result<Response, PageError> {
    let uuid = message_uuid(&uuid)?;
    let bucket = place.bucket.id;
    // A filter with a mistake finds nothing; the list is the place to say so.
    let filter = parse(&views.q).ok();
    let (call, share, places) = state
        .query(move |store| {
            let Some(exchange) = store.exchange(bucket, uuid)? else {
                return Ok(None);
            };
            let share = store
                .shares(bucket)?
                .into_iter()
                .find(|share| share.uuid == uuid);
            let places = filter.map_or_else(Vec::new, |filter| found::places(&filter, &exchange));
            Ok(Some((Call::of(exchange), share, places)))
        })
        .await?
        .ok_or_else(no_message)?;
    let beside = neighbours(&state, bucket, call.exchange.sequence, &views.q).await?;
    let owner = place.caller.owns().is_ok();
    let hindrance = hindrance(&state, &call.exchange.message);
    let masked = masked(&call.exchange, call.request.as_ref());
    let share = share.map(|share| format!("{}/s/{}", state.config().link_base(), share.name));
    let links = Links {
        base: place.path(&format!("/c/{uuid}")),
        views,
    };
    let content = html! {
        div.page.call data-call=(uuid) data-title=(call.title()) {
            (trail(&place, &links.views.q, &beside))
            header.call-head {
                div { (headline(&call.exchange)) }
                (actions(&place, &call.exchange, share.is_some(), owner))
            }
            @if owner { (share_panel(&place, &links.base, share.as_deref())) }
            (words(&places))
            (call.sides(&links))
            (copies(&call.exchange.message))
            @if owner { (retry_form(&links.base, &call, hindrance.as_deref(), &masked)) }
        }
    };
    let title = call.title();
    Ok(
        Page::new(&title, Nav::Bucket(&place, Tab::Traffic), content)
            .styles(&["call.css"])
            .scripts(&["copy.js", "call.js"])
            .into_response(),
    )
}

/// Where the words stand by which the list found this call.
fn words(places: &[Highlight]) -> Markup {
    html! {
        @if !places.is_empty() {
            section.card #found aria-labelledby="found-title" {
                h2 #found-title { "Found in" }
                ul.found-places {
                    @for place in places { li.found { (found::draw(place)) } }
                }
            }
        }
    }
}

/// The way back to the list, and to the calls before and after.
fn trail(place: &Place, q: &str, beside: &Neighbours) -> Markup {
    let to = |uuid| place.filtered(&format!("/c/{uuid}"), q);
    html! {
        nav.trail aria-label="Calls" {
            a #back href=(place.filtered("", q)) { "← " @if q.is_empty() { "All traffic" } @else { "Back to the list" } }
            span.trail-end {
                @match beside.newer {
                    Some(newer) => a #newer href=(to(newer)) rel="prev" { "Newer " kbd { "[" } },
                    None => span.muted { "Newest" },
                }
                @match beside.older {
                    Some(older) => a #older href=(to(older)) rel="next" { "Older " kbd { "]" } },
                    None => span.muted { "Oldest" },
                }
            }
        }
    }
}
