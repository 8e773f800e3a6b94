use super::body::body;
use super::head::{marked, status};
use super::links::{Links, Side};
use crate::exchange::{Exchange, UrlParts};
use crate::page::format;
use crate::show::Shown;
use maud::{Markup, html};
use runscope_core::Fields;
use url::form_urlencoded;

/// A table is cut after so many rows: a message of another kind than people read.
const MOST: usize = 1000;

/// The request with all that is known of it.
pub(super) fn request(exchange: &Exchange, shown: Option<&Shown>, links: &Links) -> Markup {
    let Some(request) = &exchange.message.request else {
        return side(
            Side::Request,
            &html! {},
            &html! {
                p.nothing { "This call has no request: its sender sent a response alone." }
            },
        );
    };
    let query = UrlParts::of(&request.url).query.unwrap_or_default();
    let params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .take(MOST)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let line = html! { (size(exchange.attributes.request_size)) };
    side(
        Side::Request,
        &line,
        &html! {
            p.url { span.method { (request.method) } " " (marked(&request.url)) }
            @if !params.is_empty() {
                (section("request-query", "Query", params.len(), &pairs(&params)))
            }
            (headers(Side::Request, &request.headers))
            @if let Some(shown) = shown { (body(Side::Request, shown, links)) }
        },
    )
}

/// The response with all that is known of it.
pub(super) fn response(exchange: &Exchange, shown: Option<&Shown>, links: &Links) -> Markup {
    let Some(response) = &exchange.message.response else {
        return side(
            Side::Response,
            &html! {},
            &html! {
                p.nothing { "There is no response: the call ended before one came, or its sender sent the request alone." }
            },
        );
    };
    let line = html! { (size(exchange.attributes.response_size)) };
    side(
        Side::Response,
        &line,
        &html! {
            p.url { (status(exchange)) }
            (headers(Side::Response, &response.headers))
            @if let Some(shown) = shown { (body(Side::Response, shown, links)) }
        },
    )
}

/// Names with their values in a table of two columns.
pub(super) fn pairs(pairs: &[(String, String)]) -> Markup {
    html! {
        table.pairs {
            tbody {
                @for (name, value) in pairs {
                    tr { th scope="row" { (name) } td { (marked(value)) } }
                }
            }
        }
    }
}

fn side(side: Side, line: &Markup, content: &Markup) -> Markup {
    let title = match side {
        Side::Request => "Request",
        Side::Response => "Response",
    };
    html! {
        section.card.side id=(side) aria-labelledby={ (side) "-title" } {
            header.side-head { h2 id={ (side) "-title" } { (title) } (line) }
            (content)
        }
    }
}

fn size(size: Option<u64>) -> Markup {
    html! { @if let Some(size) = size { span.muted { (format::size(size)) } } }
}

fn headers(side: Side, headers: &Fields) -> Markup {
    let lines: Vec<(String, String)> = headers
        .iter()
        .flat_map(|(name, values)| {
            values
                .iter()
                .map(move |value| (name.to_owned(), value.clone()))
        })
        .take(MOST)
        .collect();
    let table = html! {
        @if lines.is_empty() { p.nothing { "No headers." } } @else { (pairs(&lines)) }
    };
    section(&format!("{side}-headers"), "Headers", lines.len(), &table)
}

fn section(id: &str, title: &str, count: usize, content: &Markup) -> Markup {
    html! {
        details.part id=(id) open {
            summary { h3 { (title) " " span.count { (count) } } }
            (content)
        }
    }
}
