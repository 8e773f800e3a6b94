use super::links::Side;
use crate::api::reason;
use crate::exchange::{Exchange, UrlParts};
use crate::page::format;
use crate::show::{Shown, is_redacted};
use maud::{Markup, html};
use runscope_core::{Context, Direction};

/// The headline of a call: what was asked, and what came of it.
pub(super) fn headline(exchange: &Exchange) -> Markup {
    let message = &exchange.message;
    let url = message
        .request
        .as_ref()
        .map(|request| UrlParts::of(&request.url));
    html! {
        h1.call-title #call-title {
            span.method.writes { (short(exchange.attributes.method.as_deref().unwrap_or("—"), 32)) }
            " "
            @if let Some(url) = url {
                @if let Some(host) = url.host { span.call-host { (short(host, 120)) } }
                span.call-path { (short(url.path, 300)) }
            } @else {
                span.call-path { "(no request)" }
            }
        }
        p.call-result #call-result {
            (status(exchange))
            @if let Some(duration) = exchange.attributes.duration {
                span { (format::duration(duration)) }
            }
            @if let Some(size) = exchange.attributes.response_size {
                span { (format::size(size)) }
            }
            span { (format::time(exchange.attributes.time)) }
        }
    }
}

/// The status by number, words, shape and colour.
pub(super) fn status(exchange: &Exchange) -> Markup {
    let class = match exchange.attributes.status_class() {
        class @ 0..=5 => class,
        _ => 0,
    };
    let response = exchange.message.response.as_ref();
    html! {
        span class={ "status s" (class) } {
            @if let Some(response) = response {
                (response.status) " "
                (short(response.reason.as_deref().unwrap_or_else(|| reason(response.status)), 80))
            } @else {
                "No response"
            }
        }
        @if let Some(outcome) = exchange.attributes.outcome.filter(|outcome| *outcome != "complete") {
            span.outcome { (outcome) }
        }
    }
}

/// What is known beyond the two messages.
pub(super) fn facts(exchange: &Exchange) -> Markup {
    let message = &exchange.message;
    let nothing = Context::default();
    let context = message.context.as_ref().unwrap_or(&nothing);
    let direction = context.direction.map(|direction| match direction {
        Direction::Outgoing => "sent by the service",
        _ => "received by the service",
    });
    let facts = [
        ("Route", context.route.as_deref()),
        ("Consumer", context.consumer.as_deref()),
        ("Service", context.service.as_deref()),
        ("Direction", direction),
        ("Client", context.client_address.as_deref()),
        ("Protocol", context.protocol.as_deref()),
        ("Trace", context.trace_id.as_deref()),
        ("Identifier", message.unique_identifier.as_deref()),
        ("Error", context.error.as_deref()),
    ];
    html! {
        dl.facts #facts {
            @for (name, value) in facts {
                @if let Some(value) = value {
                    div { dt { (name) } dd { (marked(value)) } }
                }
            }
            @for (name, value) in &context.tags {
                div.tag { dt { "tag." (name) } dd { (marked(value)) } }
            }
            @if let Some(rate) = context.sample_rate {
                div { dt { "Sampled" } dd { (format!("{:.3}", rate * 100.0).trim_end_matches('0').trim_end_matches('.')) " %" } }
            }
        }
    }
}

/// A text in which the marks of redaction stand out.
pub(super) fn marked(text: &str) -> Markup {
    const MASK: &str = "[redacted]";
    html! {
        @if is_redacted(text) {
            @for (at, piece) in text.split(MASK).enumerate() {
                @if at > 0 { span.redacted title="A secret was masked before the call came here" { (MASK) } }
                (piece)
            }
        } @else {
            (text)
        }
    }
}

/// What of a request was masked, by name: whoever sends it again fills these in.
pub(super) fn masked(exchange: &Exchange, shown: Option<&Shown>) -> Vec<String> {
    let Some(request) = &exchange.message.request else {
        return Vec::new();
    };
    let mut masked = Vec::new();
    if is_redacted(&request.url) || request.url.contains("%5Bredacted%5D") {
        masked.push("URL".to_owned());
    }
    let headers = request.headers.iter();
    masked.extend(
        headers
            .filter(|(_, values)| values.iter().any(|value| is_redacted(value)))
            .map(|(name, _)| short(name, 60)),
    );
    if shown.is_some_and(|shown| shown.redacted) {
        masked.push(format!("{} body", Side::Request));
    }
    masked
}

/// At most so many characters.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
