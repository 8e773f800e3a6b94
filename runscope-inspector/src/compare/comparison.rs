use super::body::BodyChange;
use super::fields::{Change, headers, pairs, value};
use crate::exchange::{Exchange, UrlParts};
use crate::show::Shown;
use runscope_core::{Fields, Request};
use serde::Serialize;
use url::form_urlencoded;

/// Everything in which two calls differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Comparison {
    /// Method, scheme, host and path.
    pub(crate) line: Vec<Change>,
    pub(crate) query: Vec<Change>,
    pub(crate) request_headers: Vec<Change>,
    pub(crate) request_body: BodyChange,
    /// Status, outcome and time.
    pub(crate) result: Vec<Change>,
    pub(crate) response_headers: Vec<Change>,
    pub(crate) response_body: BodyChange,
}

impl Comparison {
    /// Compares two calls. It takes time: not for an async thread.
    pub(crate) fn of(a: &Exchange, b: &Exchange) -> Self {
        let requests = (a.message.request.as_ref(), b.message.request.as_ref());
        let responses = (a.message.response.as_ref(), b.message.response.as_ref());
        let none = Fields::new();
        let shown = |exchange: &Exchange| {
            (
                Shown::request(&exchange.message),
                Shown::response(&exchange.message),
            )
        };
        let (shown_a, shown_b) = (shown(a), shown(b));
        Self {
            line: line(requests.0, requests.1),
            query: pairs(query(requests.0), query(requests.1)),
            request_headers: headers(
                requests.0.map_or(&none, |request| &request.headers),
                requests.1.map_or(&none, |request| &request.headers),
            ),
            request_body: BodyChange::of(shown_a.0.as_ref(), shown_b.0.as_ref()),
            result: result(a, b),
            response_headers: headers(
                responses.0.map_or(&none, |response| &response.headers),
                responses.1.map_or(&none, |response| &response.headers),
            ),
            response_body: BodyChange::of(shown_a.1.as_ref(), shown_b.1.as_ref()),
        }
    }

    /// Whether the two are alike in all but the time they took.
    pub(crate) fn is_same(&self) -> bool {
        let lists = [
            &self.line,
            &self.query,
            &self.request_headers,
            &self.response_headers,
        ];
        lists.iter().all(|changes| changes.is_empty())
            && self.result.iter().all(|change| change.name == "time")
            && self.request_body.is_same()
            && self.response_body.is_same()
    }
}

fn line(a: Option<&Request>, b: Option<&Request>) -> Vec<Change> {
    let parts = |request: Option<&Request>| {
        let url = request.map(|request| UrlParts::of(&request.url));
        let text = |text: Option<&str>| text.map(str::to_owned);
        [
            request.map(|request| request.method.clone()),
            text(url.and_then(|url| url.scheme)),
            text(url.and_then(|url| url.host)),
            text(url.map(|url| url.path)),
        ]
    };
    ["method", "scheme", "host", "path"]
        .into_iter()
        .zip(parts(a).into_iter().zip(parts(b)))
        .filter_map(|(name, (a, b))| value(name, a, b))
        .collect()
}

fn result(a: &Exchange, b: &Exchange) -> Vec<Change> {
    let parts = |exchange: &Exchange| {
        let attributes = &exchange.attributes;
        [
            attributes.status.map(|status| status.to_string()),
            attributes.outcome.map(str::to_owned),
            attributes
                .duration
                .map(|duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3)),
        ]
    };
    ["status", "outcome", "time"]
        .into_iter()
        .zip(parts(a).into_iter().zip(parts(b)))
        .filter_map(|(name, (a, b))| value(name, a, b))
        .collect()
}

fn query(request: Option<&Request>) -> impl Iterator<Item = (String, String)> {
    let query = request.and_then(|request| UrlParts::of(&request.url).query);
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned()
}
