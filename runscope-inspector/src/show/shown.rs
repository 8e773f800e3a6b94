use super::coding::{Decoded, LIMIT, codings, decode};
use super::{MediaType, Presence, View, text};
use runscope_core::{BodyInfo, BodyState, Fields, Message};

/// A body as it is shown: what is known of it, and its bytes read by their type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) presence: Presence,
    /// The bytes that passed on the wire, where they are known.
    pub(crate) size: Option<u64>,
    /// Whether something in it was masked.
    pub(crate) redacted: bool,
    /// The coding that the sender had undone before it sent the message.
    pub(crate) decoded_before: Option<String>,
    pub(crate) media: MediaType,
    pub(crate) decoded: Decoded,
    pub(crate) view: View,
}

impl Shown {
    /// The body of the request; `None` where there is no request.
    pub(crate) fn request(message: &Message) -> Option<Self> {
        let request = message.request.as_ref()?;
        let context = message.context.as_ref();
        let info = context.and_then(|context| context.request_body.as_ref());
        let mut bytes = request.body_bytes().ok().flatten();
        if bytes.is_none() && !request.form.is_empty() {
            let fields = request.form.iter().flat_map(|(name, values)| {
                values
                    .iter()
                    .map(move |value| (name.to_owned(), value.clone()))
            });
            return Some(Self::form(info, fields.collect()));
        }
        if info.is_some_and(|info| info.state == BodyState::Empty) {
            bytes = None;
        }
        Some(Self::new(
            info,
            bytes,
            &request.headers,
            bodiless_request(&request.method),
        ))
    }

    /// The body of the response; `None` where there is no response.
    pub(crate) fn response(message: &Message) -> Option<Self> {
        let response = message.response.as_ref()?;
        let context = message.context.as_ref();
        let info = context.and_then(|context| context.response_body.as_ref());
        let bytes = response.body_bytes().ok().flatten();
        let head = message
            .request
            .as_ref()
            .is_some_and(|request| request.method.eq_ignore_ascii_case("HEAD"));
        let bodiless = head || matches!(response.status, 100..=199 | 204 | 304);
        Some(Self::new(info, bytes, &response.headers, bodiless))
    }

    /// Whether there are bytes to show.
    pub(crate) fn has_bytes(&self) -> bool {
        !self.decoded.bytes.is_empty()
    }

    /// The decoded bytes as text, where they are that.
    pub(crate) fn text(&self) -> Option<String> {
        let cut = matches!(self.presence, Presence::Truncated(_)) || self.decoded.stop.is_some();
        text::any_text(&self.decoded.bytes, self.media.charset.as_deref(), cut)
    }

    /// A form that came as fields, in the place of a body.
    fn form(info: Option<&BodyInfo>, fields: Vec<(String, String)>) -> Self {
        Self {
            presence: match Presence::of(info, Some(1), &Fields::new(), false) {
                // The fields are here, whatever is said of the body they were read from.
                Presence::Empty | Presence::NotCaptured(_) | Presence::Unknown => Presence::Whole,
                known => known,
            },
            size: info.map(|info| info.size),
            redacted: info.is_some_and(|info| info.redacted)
                || fields.iter().any(|(_, value)| is_redacted(value)),
            decoded_before: info.and_then(|info| info.decoded.clone()),
            media: MediaType::of("application/x-www-form-urlencoded"),
            decoded: decode(Vec::new(), &[], LIMIT),
            view: View::Form(fields, false),
        }
    }

    fn new(
        info: Option<&BodyInfo>,
        bytes: Option<Vec<u8>>,
        headers: &Fields,
        bodiless: bool,
    ) -> Self {
        let presence = Presence::of(info, bytes.as_ref().map(Vec::len), headers, bodiless);
        let media = MediaType::of(headers.first("content-type").unwrap_or_default());
        let decoded_before = info.and_then(|info| info.decoded.clone());
        // A mask is not in the coding that the headers name, and what was decoded before is not either.
        let codings = if decoded_before.is_some() || presence == Presence::Masked {
            Vec::new()
        } else {
            codings(headers.all("content-encoding"))
        };
        let here = bytes
            .as_ref()
            .map(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let decoded = decode(bytes.unwrap_or_default(), &codings, LIMIT);
        let cut = matches!(presence, Presence::Truncated(_)) || decoded.stop.is_some();
        let view = View::of(&decoded.bytes, &media, cut);
        Self {
            presence,
            size: info.map(|info| info.size).or(here),
            redacted: info.is_some_and(|info| info.redacted)
                || match &view {
                    View::Json(painted) | View::Xml(painted) => is_redacted(painted.text()),
                    View::Text(text) => is_redacted(text),
                    View::Form(fields, _) => fields.iter().any(|(_, value)| is_redacted(value)),
                    _ => false,
                },
            decoded_before,
            media,
            decoded,
            view,
        }
    }
}

/// Whether a value has the mark that runscope leaves where a secret stood.
pub(crate) fn is_redacted(value: &str) -> bool {
    value.contains("[redacted]")
}

fn bodiless_request(method: &str) -> bool {
    ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
        .iter()
        .any(|known| method.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use runscope_core::{Context, Request, Response};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_coded_body_is_decoded_once_also_where_the_sender_did_it() {
        let response = |body: &[u8]| {
            Response::new(200)
                .header("Content-Encoding", "gzip")
                .header("Content-Type", "application/json")
                .body(body)
        };
        let message = Message::new().response(response(&gzip(b"[1]")));
        let shown = Shown::response(&message).unwrap();
        assert_eq!(shown.decoded.bytes, b"[1]");
        assert_eq!(shown.decoded.steps.len(), 1);

        let mut info = BodyInfo::default();
        info.state = BodyState::Captured;
        info.size = 1000;
        info.decoded = Some("gzip".to_owned());
        let mut context = Context::default();
        context.response_body = Some(info);
        let message = Message::new().response(response(b"[1]")).context(context);
        let shown = Shown::response(&message).unwrap();
        assert_eq!((shown.decoded.steps.len(), shown.size), (0, Some(1000)));
        assert!(matches!(shown.view, View::Json(_)));
    }

    #[test]
    fn a_form_stands_in_for_the_body() {
        let request = Request::new("POST", "http://h/").form_field("a", "[redacted]");
        let shown = Shown::request(&Message::new().request(request)).unwrap();
        assert_eq!(shown.presence, Presence::Whole);
        assert!(shown.redacted);
        let View::Form(fields, false) = shown.view else {
            panic!("{:?}", shown.view);
        };
        assert_eq!(fields, [("a".to_owned(), "[redacted]".to_owned())]);
    }

    #[test]
    fn an_answer_that_may_have_no_body_is_empty_without_one() {
        for (method, status, expected) in [
            ("HEAD", 200, Presence::Empty),
            ("GET", 204, Presence::Empty),
            ("GET", 304, Presence::Empty),
            ("GET", 200, Presence::Unknown),
        ] {
            let message = Message::new()
                .request(Request::new(method, "http://h/"))
                .response(Response::new(status));
            assert_eq!(Shown::response(&message).unwrap().presence, expected);
            assert_eq!(Shown::request(&message).unwrap().presence, Presence::Empty);
        }
    }
}
