//! Which texts of an exchange can be searched, and in which pieces.

use super::expr::{Name, Side};
use crate::exchange::{Attributes, UrlParts};
use runscope_core::{BodyEncoding, Context, Fields, Message};
use std::borrow::Cow;
use url::form_urlencoded;

/// How many bytes of a body words are searched in; wildcards and regular expressions see all of it.
pub const SEARCHED_BODY: usize = 256 * 1024;

/// Shows every piece of an exchange that free words are searched in, bodies apart. A phrase never
/// runs from one piece into the next.
pub fn pieces(message: &Message, mut see: impl FnMut(&str)) {
    if let Some(id) = &message.unique_identifier {
        see(id);
    }
    if let Some(request) = &message.request {
        see(&request.method);
        url_pieces(&request.url, &mut see);
        header_pieces(&request.headers, &mut see);
        for (name, values) in request.form.iter() {
            values
                .iter()
                .for_each(|value| see(&format!("{name} {value}")));
        }
    }
    if let Some(response) = &message.response {
        see(&response.status.to_string());
        if let Some(reason) = &response.reason {
            see(reason);
        }
        header_pieces(&response.headers, &mut see);
    }
    if let Some(context) = &message.context {
        context_pieces(context, &mut see);
    }
}

/// Which text of an exchange is shown by [`slots`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot<'a> {
    /// One that has nothing else of its kind, by its name.
    Plain(&'static str),
    /// An attribute, whole.
    Attribute(Name),
    /// The URL as it was sent, or a parameter of its query decoded.
    Url,
    /// A header with its name before it.
    Header { side: Side, name: &'a str },
    /// A form field with its name before it.
    Form(&'a str),
    /// One of the app's tags with its name before it.
    Tag(&'a str),
    /// A body: the part that words are searched in, or all of it.
    Body { side: Side, searched: bool },
}

/// Shows every text of an exchange with where it stands, as [`pieces`] and the bodies do, and the
/// attributes that are compared whole.
pub(super) fn slots(
    message: &Message,
    attributes: &Attributes,
    see: &mut dyn FnMut(Slot<'_>, &str),
) {
    for (name, value) in [
        (Name::Method, attributes.method.as_deref()),
        (Name::Host, attributes.host.as_deref()),
        (Name::Path, attributes.path.as_deref()),
        (Name::Route, attributes.route.as_deref()),
        (Name::Consumer, attributes.consumer.as_deref()),
        (Name::Service, attributes.service.as_deref()),
        (Name::Outcome, attributes.outcome),
    ] {
        value
            .into_iter()
            .for_each(|value| see(Slot::Attribute(name), value));
    }
    if let Some(id) = &message.unique_identifier {
        see(Slot::Plain("unique_identifier"), id);
    }
    if let Some(request) = &message.request {
        url_pieces(&request.url, |piece| see(Slot::Url, piece));
        headers(Side::Request, &request.headers, see);
        for (name, values) in request.form.iter() {
            for value in values {
                see(Slot::Form(name), &format!("{name} {value}"));
            }
        }
    }
    if let Some(response) = &message.response {
        see(Slot::Plain("status"), &response.status.to_string());
        if let Some(reason) = &response.reason {
            see(Slot::Plain("reason"), reason);
        }
        headers(Side::Response, &response.headers, see);
    }
    if let Some(context) = &message.context {
        for (name, value) in [
            ("error", &context.error),
            ("client_address", &context.client_address),
            ("trace_id", &context.trace_id),
        ] {
            value.iter().for_each(|value| see(Slot::Plain(name), value));
        }
        for (name, value) in &context.tags {
            see(Slot::Tag(name), &format!("{name} {value}"));
        }
    }
    for side in [Side::Request, Side::Response] {
        for searched in [true, false] {
            let body = match searched {
                true => searched_body(message, side),
                false => whole_body(message, side).map(Cow::Borrowed),
            };
            body.iter()
                .for_each(|body| see(Slot::Body { side, searched }, body));
        }
    }
}

fn headers(side: Side, headers: &Fields, see: &mut dyn FnMut(Slot<'_>, &str)) {
    for (name, values) in headers.iter() {
        for value in values {
            see(Slot::Header { side, name }, &format!("{name}: {value}"));
        }
    }
}

/// Shows the URL as it was sent, and each parameter of its query decoded.
pub fn url_pieces(url: &str, mut see: impl FnMut(&str)) {
    see(url);
    let query = UrlParts::of(url).query.unwrap_or_default();
    if query.contains(['%', '+']) {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            see(&format!("{name} {value}"));
        }
    }
}

/// The start of a body in which words are searched: in JSON the escapes are undone, so that
/// `"two\nlines"` holds the word `lines`. Bytes that are no text have no words.
#[must_use]
pub fn searched_body(message: &Message, side: Side) -> Option<Cow<'_, str>> {
    let body = whole_body(message, side)?;
    let mut end = body.len().min(SEARCHED_BODY);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let body = body.get(..end).unwrap_or_default();
    let json = body.trim_start().starts_with(['{', '[']);
    Some(if json && body.contains('\\') {
        Cow::Owned(unescaped(body))
    } else {
        Cow::Borrowed(body)
    })
}

/// A body as text, where it is text. [`Side::Either`] is not a side of its own and has none.
#[must_use]
pub fn whole_body(message: &Message, side: Side) -> Option<&str> {
    let (body, encoding) = match side {
        Side::Request => message
            .request
            .as_ref()
            .map(|request| (&request.body, request.body_encoding))?,
        Side::Response => message
            .response
            .as_ref()
            .map(|response| (&response.body, response.body_encoding))?,
        Side::Either => return None,
    };
    let text = encoding.unwrap_or_default() == BodyEncoding::Plaintext;
    body.as_deref().filter(|_| text)
}

fn header_pieces(headers: &Fields, see: &mut impl FnMut(&str)) {
    let mut text = String::new();
    for (name, values) in headers.iter() {
        for value in values {
            text.clear();
            text.extend([name, ": ", value.as_str()]);
            see(&text);
        }
    }
}

fn context_pieces(context: &Context, see: &mut impl FnMut(&str)) {
    let texts = [
        &context.error,
        &context.service,
        &context.route,
        &context.consumer,
        &context.client_address,
        &context.trace_id,
    ];
    texts.into_iter().flatten().for_each(|text| see(text));
    context
        .tags
        .iter()
        .for_each(|(name, value)| see(&format!("{name} {value}")));
}

/// Undoes JSON's escapes wherever they stand (RFC 8259, section 7); what is no escape stays.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (char, length) = escaped_char(escape);
        out.push(char);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character that an escape at the start of the text stands for, and the escape's length.
fn escaped_char(text: &str) -> (char, usize) {
    match text.as_bytes().get(1) {
        Some(b'n' | b'r' | b't' | b'b' | b'f') => (' ', 2),
        Some(b'"') => ('"', 2),
        Some(b'/') => ('/', 2),
        Some(b'u') => match (code_unit(text, 2), code_unit(text, 8)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff))
                if text.get(6..8) == Some("\\u") =>
            {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                (char::from_u32(code).unwrap_or(' '), 12)
            }
            (Some(unit), _) => (char::from_u32(unit).unwrap_or(' '), 6),
            (None, _) => ('\\', 1),
        },
        Some(b'\\') => ('\\', 2),
        _ => ('\\', 1),
    }
}

fn code_unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at.checked_add(4)?)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runscope_core::{Request, Response};

    #[test]
    fn json_escapes_are_undone() {
        for (text, expected) in [
            (r"two\nlines", "two lines"),
            (r"sn\u00f6 \ud83d\ude00 \ud83d!", "snö 😀  !"),
            (r#"\"a\" \/ \\n"#, r#""a" / \n"#),
            (r"bad \u12 \x \", r"bad \u12 \x \"),
            (r"\u+123", r"\u+123"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn only_json_has_escapes() {
        let message = Message::new()
            .request(Request::new("POST", "/").body(r"C:\new"))
            .response(Response::new(200).body(r#"{"a":"x\ny"}"#));
        assert_eq!(searched_body(&message, Side::Request).unwrap(), r"C:\new");
        assert_eq!(
            searched_body(&message, Side::Response).unwrap(),
            r#"{"a":"x y"}"#
        );
    }

    #[test]
    fn bytes_and_absent_bodies_have_no_text() {
        let message = Message::new().response(Response::new(200).body([0xff, 0xfe]));
        assert_eq!(whole_body(&message, Side::Response), None);
        assert_eq!(whole_body(&message, Side::Request), None);
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let message = Message::new().response(Response::new(200).body("ö".repeat(SEARCHED_BODY)));
        let length = searched_body(&message, Side::Response).unwrap().len();
        assert_eq!(length, SEARCHED_BODY);
        let message = Message::new()
            .response(Response::new(200).body(format!("a{}", "ö".repeat(SEARCHED_BODY))));
        assert_eq!(
            searched_body(&message, Side::Response).unwrap().len(),
            SEARCHED_BODY - 1
        );
    }

    #[test]
    fn a_decoded_query_is_shown_beside_the_url() {
        let mut seen = Vec::new();
        url_pieces("http://h/p?q=two%20words&n=1", |piece| {
            seen.push(piece.to_owned());
        });
        assert_eq!(seen, ["http://h/p?q=two%20words&n=1", "q two words", "n 1"]);
    }
}
