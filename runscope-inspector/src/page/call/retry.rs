use super::view::Call;
use crate::api::{ApiError, AppState, Edit, Received, message_uuid, no_message, replayed};
use crate::copy::Outgoing;
use crate::page::address::Path;
use crate::page::error::PageError;
use crate::page::form::Form;
use crate::page::format;
use crate::page::place::Place;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use runscope_core::{Fields, Message};

/// The most bytes of a body that is edited in a page.
const LARGEST: usize = 256 << 10;

/// The request, to be edited and sent again; where that can't be, the reason.
pub(super) fn retry_form(
    base: &str,
    call: &Call,
    hindrance: Option<&str>,
    masked: &[String],
) -> Markup {
    let message = &call.exchange.message;
    let Some(request) = &message.request else {
        return html! {};
    };
    let outgoing = Outgoing::of(message).ok();
    let headers = outgoing.as_ref().map_or_else(String::new, header_lines);
    let url = outgoing
        .as_ref()
        .map_or(&request.url, |outgoing| &outgoing.url);
    let body = outgoing
        .as_ref()
        .and_then(|outgoing| outgoing.body.as_deref());
    let text = editable(message);
    html! {
        section.card.retry #retry aria-labelledby="retry-title" {
            h2 #retry-title { "Edit and retry" }
            @if let Some(hindrance) = hindrance {
                p.note.warning #retry-off { "As it is, it can't be sent: " (hindrance) "." }
            }
            @if !masked.is_empty() {
                p.note #retry-masked {
                    "Secrets were masked before this call came here. Fill them in, or they are sent as "
                    code { "[redacted]" } ": " (masked.join(", ")) "."
                }
            }
            form.stack method="post" action={ (base) "/retry" } {
                fieldset disabled[off(hindrance)] {
                    legend.visually-hidden { "Request" }
                    div.retry-line {
                        label.visually-hidden for="retry-method" { "Method" }
                        input.mono #retry-method name="method" value=(request.method) required maxlength="32" size="8" autocomplete="off" spellcheck="false";
                        label.visually-hidden for="retry-url" { "URL" }
                        input.mono #retry-url name="url" value=(url) required autocomplete="off" spellcheck="false";
                    }
                    label for="retry-headers" { "Headers, one a line" }
                    textarea.mono #retry-headers name="headers" rows=(headers.lines().count().clamp(3, 12)) spellcheck="false" { "\n" (headers) }
                    @match (&text, body) {
                        (Some(text), _) => {
                            label for="retry-body" { "Body" }
                            textarea.mono #retry-body name="body" rows=(text.lines().count().clamp(3, 20)) spellcheck="false" { "\n" (text) }
                        }
                        (None, Some(body)) => p.note {
                            "The body goes as it was captured, "
                            (format::size(u64::try_from(body.len()).unwrap_or(u64::MAX)))
                            ": it is no text, or too long to be edited here."
                        },
                        (None, None) => {}
                    }
                    button.primary #retry-send type="submit" { "Send again" }
                }
            }
        }
    }
}

/// Whether the form would do nothing: replay is off, whatever is edited.
fn off(hindrance: Option<&str>) -> bool {
    hindrance.is_some_and(|hindrance| hindrance.starts_with("replay is off"))
}

/// Sends the edited request, and leads to the comparison of the two calls.
pub(super) async fn retry(
    State(state): State<AppState>,
    place: Place,
    Path((_, uuid)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let received = Received::read(&state, place.caller, &headers, body).await?;
    let form = received.work(&state, |_, body| Ok(Form::of(body))).await?;
    let original = message_uuid(&uuid)?;
    let bucket = place.bucket.id;
    let before = state
        .query(move |store| {
            let exchange = store.exchange(bucket, original)?;
            Ok(exchange.map(|exchange| editable(&exchange.message)))
        })
        .await?
        .ok_or_else(no_message)?;
    let headers = header_fields(form.field("headers"))?;
    let edit = Edit {
        method: Some(form.field("method").trim().to_owned()),
        url: Some(form.field("url").trim().to_owned()),
        headers: Some(headers),
        body: changed_body(before.as_deref(), form.field("body")),
        body_encoding: None,
    };
    let new = replayed(&state, bucket, original, edit).await?;
    let to = place.linked(
        "/compare",
        &[("a", &original.to_string()), ("b", &new.to_string())],
    );
    Ok(Redirect::to(&to).into_response())
}

/// The body as a text field can hold it: no control characters but line ends and tabs.
fn editable(message: &Message) -> Option<String> {
    let outgoing = Outgoing::of(message).ok()?;
    let body = outgoing.body.unwrap_or_default();
    let text = String::from_utf8(body).ok()?;
    let plain =
        |character: char| !character.is_control() || matches!(character, '\n' | '\t' | '\r');
    (text.len() <= LARGEST && text.chars().all(plain)).then_some(text)
}

/// The body of a form, where it is another than before. Forms send every line end as CR LF; a text that
/// had none of these gets its own back.
fn changed_body(before: Option<&str>, sent: &str) -> Option<String> {
    let before = before?;
    let unified = sent.replace("\r\n", "\n");
    if unified == before.replace("\r\n", "\n") {
        return None;
    }
    let crlf = before.contains("\r\n");
    Some(if crlf {
        unified.replace('\n', "\r\n")
    } else {
        unified
    })
}

fn header_lines(outgoing: &Outgoing) -> String {
    let lines = outgoing.headers.iter();
    lines
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}

fn header_fields(lines: &str) -> Result<Fields, ApiError> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once(':') {
            Some((name, value)) => Ok((name.trim(), value.trim())),
            None => Err(ApiError::bad_request(format!(
                "{line:?} is no header: one is written as Name: value"
            ))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_was_not_edited_stays_as_it_was() {
        for (before, sent, expected) in [
            (Some("a\nb"), "a\r\nb", None),
            (Some("a\r\nb"), "a\r\nb", None),
            (Some("a\nb"), "a\r\nc", Some("a\nc")),
            (Some("a\r\nb"), "a\r\nc", Some("a\r\nc")),
            (Some(""), "new", Some("new")),
            (Some("old"), "", Some("")),
            (None, "", None),
        ] {
            assert_eq!(changed_body(before, sent).as_deref(), expected);
        }
    }

    #[test]
    fn header_lines_are_read_back() {
        let fields = header_fields("A: 1\r\n\r\nb:2:3\nA: 4").unwrap();
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "4"]);
        assert_eq!(fields.first("b"), Some("2:3"));
        assert!(header_fields("no colon").is_err());
    }
}
