use crate::exchange::{Exchange, UrlParts};
use crate::page::place::Place;
use crate::page::{format, found};
use crate::query::Highlight;
use maud::{Markup, html};
use std::time::Duration;

/// The one definition of a call's row, for the page, for older rows and for live ones; with a place
/// of the filter's words, where there is one to show.
pub(super) fn row(
    place: &Place,
    q: &str,
    exchange: &Exchange,
    words: Option<&Highlight>,
) -> Markup {
    let attributes = &exchange.attributes;
    let method = attributes.method.as_deref().unwrap_or("—");
    let writes = !matches!(method, "GET" | "HEAD" | "OPTIONS" | "—");
    let url = exchange
        .message
        .request
        .as_ref()
        .map(|request| UrlParts::of(&request.url));
    let (scheme, query) = url.map_or((None, None), |url| (url.scheme, url.query));
    let host = attributes.host.as_deref();
    let path = attributes.path.as_deref().unwrap_or("(no request)");
    let link = place.filtered(&format!("/c/{}", exchange.uuid), q);
    html! {
        tr id={ "c-" (exchange.uuid) } data-sequence=(exchange.sequence) {
            td.when { (format::time(attributes.time)) }
            td.what-method { span.method.writes[writes] { (short(method, 16)) } }
            td.what-status { (status(exchange)) }
            td.what {
                a.call href=(link) {
                    @if let Some(host) = host {
                        span.host title=[scheme] { (short(host, 100)) }
                    }
                    span.path { (short(path, 400)) }
                    @if let Some(query) = query {
                        span.query { "?" (short(query, 200)) }
                    }
                }
                @if let Some(words) = words { div.found { (found::draw(words)) } }
            }
            td.who { (short(attributes.consumer.as_deref().unwrap_or(""), 60)) }
            td.num.size {
                @match attributes.response_size {
                    Some(size) => (format::size(size)),
                    None => span.muted { "—" }
                }
            }
            td.num.took {
                @match attributes.duration {
                    Some(duration) => { span.took-text { (format::duration(duration)) } (bar(duration)) }
                    None => span.muted { "—" }
                }
            }
        }
    }
}

fn status(exchange: &Exchange) -> Markup {
    let attributes = &exchange.attributes;
    let class = attributes.status_class();
    let class = if class <= 5 { class } else { 0 };
    let broken = attributes
        .outcome
        .filter(|outcome| matches!(*outcome, "aborted" | "error" | "panic"));
    let class = if broken.is_some() { 5 } else { class };
    html! {
        span class={ "status s" (class) } {
            @match (attributes.status, attributes.outcome) {
                (Some(status), _) => (status),
                (None, Some(outcome)) => (outcome),
                (None, None) => "no answer",
            }
        }
        @if let (Some(_), Some(outcome)) = (attributes.status, broken) {
            span.outcome { (outcome) }
        }
    }
}

/// A bar whose length is the duration's logarithm, from 1 ms to 10 s: each quarter is ten times as
/// long as the one before, so bars mean the same on every page.
fn bar(duration: Duration) -> Markup {
    let millis = duration.as_secs_f64() * 1e3;
    let width = (millis.max(1.0).log10() * 25.0).clamp(2.0, 100.0);
    let slow = duration >= Duration::from_secs(1);
    html! {
        svg.bar viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.rail width="100" height="4" {}
            rect.length.slow[slow] width=(format!("{width:.1}")) height="4" {}
        }
    }
}

/// A text cut to so many characters: a row is one line, however long a hostile value is.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
