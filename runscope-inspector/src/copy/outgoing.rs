use runscope_core::{Message, Request};
use std::fmt;
use url::form_urlencoded::Serializer;

/// A request that can be sent: what was captured, less what belonged to its one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// A token (RFC 9110, section 5.6.2), in its own case.
    pub(crate) method: String,
    /// An absolute URL of http or https without control characters, spaces or fragment.
    pub(crate) url: String,
    /// Each name is a token and each value one line; in order, with several of one name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Why a captured request can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// The message has a response only.
    NoRequest,
    /// The method is no token.
    Method,
    /// The URL is not a whole one of http or https.
    Url,
}

impl Outgoing {
    /// The request of a message.
    ///
    /// `Host` and `Content-Length` are left out, as every sender writes its own; so are the headers of
    /// the one connection (RFC 9110, section 7.6.1), and those that can't stand in a message.
    pub(crate) fn of(message: &Message) -> Result<Self, Unsendable> {
        let request = message.request.as_ref().ok_or(Unsendable::NoRequest)?;
        let context = message.context.as_ref();
        let decoded = context
            .and_then(|context| context.request_body.as_ref())
            .is_some_and(|info| info.decoded.is_some());
        Self::from_request(request, decoded)
    }

    /// The same for a request alone; `decoded` says that its body is no longer in the content coding
    /// that its headers name.
    pub(crate) fn from_request(request: &Request, decoded: bool) -> Result<Self, Unsendable> {
        if !is_token(&request.method) {
            return Err(Unsendable::Method);
        }
        let url = clean_url(&request.url).ok_or(Unsendable::Url)?;
        let mut body = request.body_bytes().ok().flatten();
        let mut typed = None;
        if body.is_none() && !request.form.is_empty() {
            let mut form = Serializer::new(String::new());
            for (name, values) in request.form.iter() {
                for value in values {
                    form.append_pair(name, value);
                }
            }
            body = Some(form.finish().into_bytes());
            // The fields may have come as parts; they go as this.
            typed = Some("application/x-www-form-urlencoded");
        }
        let named: Vec<&str> = request
            .headers
            .all("connection")
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        let left_out = |name: &str| {
            is_hop_by_hop(name)
                || name.eq_ignore_ascii_case("host")
                || name.eq_ignore_ascii_case("content-length")
                || (decoded && name.eq_ignore_ascii_case("content-encoding"))
                || (typed.is_some() && name.eq_ignore_ascii_case("content-type"))
                || named.iter().any(|named| named.eq_ignore_ascii_case(name))
        };
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .filter(|(name, _)| is_token(name) && !left_out(name))
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
            .filter(|(_, value)| is_one_line(value))
            .map(|(name, value)| (name.to_owned(), value.trim_ascii().to_owned()))
            .collect();
        headers.extend(typed.map(|typed| ("Content-Type".to_owned(), typed.to_owned())));
        Ok(Self {
            method: request.method.clone(),
            url,
            headers,
            body,
        })
    }

    /// Whether there is a header of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRequest => "this call has no request",
            Self::Method => "the request's method is not one that HTTP can carry",
            Self::Url => "the request has no whole http or https URL",
        })
    }
}

/// Headers that speak to the next machine only (RFC 9110, section 7.6.1).
fn is_hop_by_hop(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_one_line(value: &str) -> bool {
    value
        .chars()
        .all(|character| character == '\t' || !character.is_control())
}

/// An absolute http or https URL that can stand in a request line: what can't is percent-encoded.
fn clean_url(url: &str) -> Option<String> {
    let url = url.split('#').next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !known || rest.is_empty() || rest.starts_with(['/', '?']) {
        return None;
    }
    let mut clean = format!("{}://", scheme.to_ascii_lowercase());
    for character in rest.chars() {
        if character.is_control() || character.is_whitespace() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                clean.push_str(&format!("%{byte:02X}"));
            }
        } else {
            clean.push(character);
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_urls_of_http_can_be_sent() {
        for (url, expected) in [
            ("https://h/a?b=c#d", Some("https://h/a?b=c")),
            ("HTTP://h", Some("http://h")),
            ("http://h/a b\r\nX: 1", Some("http://h/a%20b%0D%0AX:%201")),
            ("file:///etc/passwd", None),
            ("javascript:alert(1)", None),
            ("-o/tmp/x", None),
            ("/only/a/path", None),
            ("http:///x", None),
            ("", None),
        ] {
            assert_eq!(clean_url(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn what_belonged_to_the_connection_or_breaks_a_message_is_left_out() {
        let request = Request::new("POST", "http://h/")
            .header("Host", "other")
            .header("content-length", "7")
            .header("Connection", "close, X-Hop")
            .header("x-hop", "1")
            .header("TE", "trailers")
            .header("X-Two", "1")
            .header("X-Two", "2")
            .header("@file", "1")
            .header("X-Break", "a\r\nb: c")
            .header("Content-Encoding", "gzip")
            .body("text");
        let names = |decoded| {
            let outgoing = Outgoing::from_request(&request, decoded).unwrap();
            let names: Vec<_> = outgoing.headers.into_iter().map(|(name, _)| name).collect();
            names.join(" ")
        };
        assert_eq!(names(false), "X-Two X-Two Content-Encoding");
        assert_eq!(names(true), "X-Two X-Two");
    }

    #[test]
    fn a_form_becomes_a_body() {
        let request = Request::new("POST", "http://h/")
            .header("content-type", "multipart/form-data; boundary=x")
            .form_field("a", "1 2")
            .form_field("b", "&");
        let outgoing = Outgoing::from_request(&request, false).unwrap();
        assert_eq!(outgoing.body.as_deref(), Some(&b"a=1+2&b=%26"[..]));
        assert_eq!(outgoing.headers.len(), 1);
        assert_eq!(outgoing.headers[0].1, "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_method_that_is_no_token_is_refused() {
        for method in ["", "GET /", "G\nT"] {
            let request = Request::new(method, "http://h/");
            assert_eq!(
                Outgoing::from_request(&request, false),
                Err(Unsendable::Method)
            );
        }
        assert_eq!(Outgoing::of(&Message::new()), Err(Unsendable::NoRequest));
    }
}
