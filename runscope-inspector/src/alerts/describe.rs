//! A call in a line, for notices: cleaned of secrets, whatever was captured.

use super::notice::Call;
use crate::exchange::Exchange;
use crate::query::{Side, whole_body};
use crate::store::Store;
use runscope_core::redact::{BodyContext, BodyVerdict, Redactor, Side as Redacted};
use uuid::Uuid;

/// The characters of a URL, and of a body's beginning.
const LONGEST_URL: usize = 200;
const LONGEST_EXCERPT: usize = 200;

/// The bytes of a body that are cleaned for its beginning's sake.
const CLEANED: usize = 64 << 10;

/// Looks calls up and describes them. One that is gone stays without a line.
pub(super) fn describe(store: &dyn Store, redactor: &Redactor, calls: &mut [Call]) {
    for call in calls {
        let found = Uuid::parse_str(&call.uuid).ok().and_then(|uuid| {
            let bucket = store.bucket(&call.bucket).ok()??;
            store.exchange(bucket.id, uuid).ok()?
        });
        if let Some(exchange) = found {
            call.line = Some(line(redactor, &exchange));
            call.excerpt = excerpt(redactor, &exchange);
        }
    }
}

fn line(redactor: &Redactor, exchange: &Exchange) -> String {
    let attributes = &exchange.attributes;
    let mut url = Vec::new();
    if let Some(request) = &exchange.message.request {
        redactor.url(request.url.as_bytes(), &mut url);
    }
    let url = one_line(&String::from_utf8_lossy(&url), LONGEST_URL);
    let method = one_line(attributes.method.as_deref().unwrap_or("?"), 20);
    let outcome = match (attributes.status, attributes.outcome) {
        (Some(status), _) => status.to_string(),
        (None, outcome) => outcome.unwrap_or("no response").to_owned(),
    };
    let time = attributes
        .duration
        .map_or_else(String::new, |time| format!(" in {} ms", time.as_millis()));
    format!("{method} {url} → {outcome}{time}")
}

fn excerpt(redactor: &Redactor, exchange: &Exchange) -> Option<String> {
    let body = whole_body(&exchange.message, Side::Response)?;
    let mut end = body.len().min(CLEANED);
    while !body.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let begins = body.get(..end)?;
    let headers = exchange
        .message
        .response
        .as_ref()
        .map(|response| &response.headers);
    let context = BodyContext::new(Redacted::Response)
        .content_type(headers.and_then(|headers| headers.first("content-type")))
        .truncated(end < body.len());
    let mut cleaned = Vec::new();
    let cleaned = match redactor.body(context, begins.as_bytes(), &mut cleaned) {
        BodyVerdict::Unchanged => begins.to_owned(),
        BodyVerdict::Cleaned | BodyVerdict::MaskedWhole => {
            String::from_utf8_lossy(&cleaned).into_owned()
        }
    };
    let excerpt = one_line(&cleaned, LONGEST_EXCERPT);
    (!excerpt.is_empty()).then_some(excerpt)
}

/// Text without control characters and runs of space, cut to so many characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let (mut count, mut space) = (0_usize, false);
    for char in text.chars() {
        if char.is_whitespace() || char.is_control() || is_invisible(char) {
            space = !line.is_empty();
            continue;
        }
        if count >= most {
            line.push('…');
            break;
        }
        if space {
            line.push(' ');
            space = false;
        }
        line.push(char);
        count = count.saturating_add(1);
    }
    line
}

/// Characters that turn the direction of text, or take no room: they could make a line read like
/// another.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Settings, Sqlite};
    use runscope_core::{Message, Request, Response};

    #[test]
    fn a_call_is_told_without_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(Settings::new(directory.path())).unwrap();
        let bucket = store.buckets().unwrap().remove(0);
        let url = "https://me:hunter2@shop.example/pay?token=s3cr3tt0ken&page=2";
        let body = r#"{"password": "hunter2", "error": "declined"}"#;
        let mut response = Response::new(402).response_time(0.12).body(body.as_bytes());
        response.headers.push("Content-Type", "application/json");
        let message = Message::new()
            .request(Request::new("POST", url))
            .response(response);
        let appended = store.append(bucket.id, vec![message]).unwrap();
        let mut calls = [Call {
            bucket: bucket.key,
            uuid: appended[0].uuid.to_string(),
            line: None,
            excerpt: None,
        }];
        describe(&store, &Redactor::default(), &mut calls);
        let told = format!("{calls:?}");
        assert!(
            !told.contains("hunter2") && !told.contains("s3cr3t"),
            "{told}"
        );
        let [call] = calls;
        let line = call.line.unwrap();
        assert!(
            line.starts_with("POST https://") && line.ends_with("→ 402 in 120 ms"),
            "{line}"
        );
        assert!(call.excerpt.unwrap().contains("declined"));
    }

    #[test]
    fn a_line_is_one_line() {
        for (text, line) in [
            ("a\r\n b\u{202e}c", "a b c"),
            ("  a  ", "a"),
            ("abcdef", "abcd…"),
            ("ab cd ef", "ab cd…"),
            ("\0", ""),
        ] {
            assert_eq!(one_line(text, 4), line, "{text:?}");
        }
    }
}
