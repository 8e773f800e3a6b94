use super::differences::{body, changes};
use super::head::{short, status};
use crate::api::{AppState, compared};
use crate::exchange::Exchange;
use crate::page::address::Params;
use crate::page::error::PageError;
use crate::page::format;
use crate::page::layout::{Nav, Page, Tab};
use crate::page::place::Place;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    #[serde(default)]
    a: String,
    #[serde(default)]
    b: String,
}

/// Two calls beside each other.
pub(super) async fn compare(
    State(state): State<AppState>,
    place: Place,
    Params(pair): Params<Pair>,
) -> Result<Response, PageError> {
    let (a, b, found) = compared(&state, place.bucket.id, pair.a.trim(), pair.b.trim()).await?;
    let swapped = place.linked(
        "/compare",
        &[("a", &b.uuid.to_string()), ("b", &a.uuid.to_string())],
    );
    let content = html! {
        div.page.compare #compare {
            nav.trail aria-label="Calls" {
                a #back href=(place.path(&format!("/c/{}", b.uuid))) { "← The second call" }
                span.trail-end { a #swap href=(swapped) { "Swap" } }
            }
            h1 { "Compare two calls" }
            div.sides {
                (card(&place, "First", &a))
                (card(&place, "Second", &b))
            }
            p #verdict role="status" {
                @if found.is_same() { "They are the same, but for the time they took." }
                @else { "What the second call adds is marked +, what it lacks −, and what differs ≠." }
            }
            section.card aria-labelledby="request-title" {
                h2 #request-title { "Request" }
                (changes("request-line", "Line", &found.line))
                (changes("request-query", "Query", &found.query))
                (changes("request-headers", "Headers", &found.request_headers))
                (body("request-body", &found.request_body))
            }
            section.card aria-labelledby="response-title" {
                h2 #response-title { "Response" }
                (changes("result", "Result", &found.result))
                (changes("response-headers", "Headers", &found.response_headers))
                (body("response-body", &found.response_body))
            }
        }
    };
    Ok(Page::new(
        "Compare two calls",
        Nav::Bucket(&place, Tab::Traffic),
        content,
    )
    .styles(&["call.css"])
    .scripts(&["call.js"])
    .into_response())
}

fn card(place: &Place, title: &str, exchange: &Exchange) -> Markup {
    let attributes = &exchange.attributes;
    let replay_of = exchange
        .message
        .context
        .as_ref()
        .is_some_and(|context| context.tags.contains_key("replay_of"));
    html! {
        section.card.side.compared {
            p.eyebrow { (title) @if replay_of { ", sent again from here" } }
            p {
                a href=(place.path(&format!("/c/{}", exchange.uuid))) {
                    span.method { (short(attributes.method.as_deref().unwrap_or("—"), 32)) } " "
                    (short(attributes.host.as_deref().unwrap_or_default(), 120))
                    (short(attributes.path.as_deref().unwrap_or("(no request)"), 200))
                }
            }
            p.call-result {
                (status(exchange))
                @if let Some(duration) = attributes.duration { span { (format::duration(duration)) } }
                @if let Some(size) = attributes.response_size { span { (format::size(size)) } }
                span { (format::time(attributes.time)) }
            }
        }
    }
}
