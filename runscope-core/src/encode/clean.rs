//! Cleans a message that the app made itself, by the same rules as a captured exchange.

use super::body::{Described, Scratch, prepare};
use crate::capture::Tap;
use crate::message::{Body, BodyEncoding, BodyInfo, BodyState, Fields, Message};
use crate::redact::{BodyContext, Redactor, Side};
use bytes::Bytes;
use std::borrow::Cow;

/// The message without its secrets. A body that can't be cleaned is masked, or left out where its
/// content coding is not known here.
pub(crate) fn clean(message: &Message, redactor: &Redactor, max_decoded_bytes: usize) -> Message {
    let mut message = message.clone();
    let mut context = message.context.take();
    let cleaner = Cleaner {
        redactor,
        max_decoded_bytes,
    };
    if let Some(request) = &mut message.request {
        request.url = cleaner.url(&request.url);
        request.host = request.host.as_deref().map(|host| cleaner.url(host));
        request.path = request.path.as_deref().map(|path| cleaner.url(path));
        request.form = cleaner.fields(&request.form);
        request.params = cleaner.fields(&request.params);
        let info = context
            .as_mut()
            .and_then(|context| context.request_body.as_mut());
        let side = BodyContext::new(Side::Request).url(Some(&request.url));
        let mut slot = Slot {
            body: &mut request.body,
            encoding: &mut request.body_encoding,
        };
        cleaner.body(&mut slot, &request.headers, side, info);
        request.headers = cleaner.headers(&request.headers);
    }
    let url = message.request.as_ref().map(|request| request.url.as_str());
    if let Some(response) = &mut message.response {
        let info = context
            .as_mut()
            .and_then(|context| context.response_body.as_mut());
        let side = BodyContext::new(Side::Response).url(url);
        let mut slot = Slot {
            body: &mut response.body,
            encoding: &mut response.body_encoding,
        };
        cleaner.body(&mut slot, &response.headers, side, info);
        response.headers = cleaner.headers(&response.headers);
        response.reason = response
            .reason
            .as_deref()
            .map(|reason| redactor.field("reason", reason).into_owned());
    }
    if let Some(context) = &mut context {
        for (name, text) in [
            ("error", &mut context.error),
            ("consumer", &mut context.consumer),
        ] {
            *text = text
                .take()
                .map(|text| redactor.field(name, &text).into_owned());
        }
        context.tags = std::mem::take(&mut context.tags)
            .into_iter()
            .map(|(name, value)| {
                let value = redactor.field(&name, &value).into_owned();
                (redactor.field("", &name).into_owned(), value)
            })
            .collect();
    }
    message.context = context;
    message
}

struct Cleaner<'a> {
    redactor: &'a Redactor,
    max_decoded_bytes: usize,
}

/// Where a message holds a body.
struct Slot<'a> {
    body: &'a mut Option<String>,
    encoding: &'a mut Option<BodyEncoding>,
}

impl Cleaner<'_> {
    fn url(&self, url: &str) -> String {
        let mut out = Vec::with_capacity(url.len());
        self.redactor.url(url.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn headers(&self, headers: &Fields) -> Fields {
        each(headers, |name, value| {
            let mut out = Vec::with_capacity(value.len());
            self.redactor
                .header(&name.to_ascii_lowercase(), value.as_bytes(), &mut out);
            String::from_utf8_lossy(&out).into_owned()
        })
    }

    fn fields(&self, fields: &Fields) -> Fields {
        each(fields, |name, value| {
            self.redactor.field(name, value).into_owned()
        })
    }

    fn body(
        &self,
        slot: &mut Slot<'_>,
        headers: &Fields,
        context: BodyContext<'_>,
        info: Option<&mut BodyInfo>,
    ) {
        let Some(text) = slot.body.take() else { return };
        let encoding = slot.encoding.take();
        let Ok(Some(bytes)) = Body::decode(Some(&text), encoding) else {
            *slot.body = Some(crate::redact::MASK.to_owned());
            return;
        };
        let is_cut = info
            .as_ref()
            .is_some_and(|info| info.state == BodyState::Truncated);
        let mut tap = Tap::whole(Bytes::from(bytes));
        tap.complete = !is_cut;
        let described = Described {
            context: context.content_type(headers.first("content-type")),
            content_encoding: self.coding(headers, encoding),
        };
        let mut scratch = Scratch::default();
        let prepared = prepare(
            &tap,
            &described,
            self.redactor,
            self.max_decoded_bytes,
            &mut scratch,
        );
        let found = prepared.info;
        if let Some(bytes) = prepared.bytes {
            let body = Body::encode(bytes);
            *slot.body = Some(body.text);
            *slot.encoding = body.encoding.unless_default();
        }
        if let Some(info) = info {
            info.redacted |= found.redacted;
            if found.state != BodyState::Captured {
                (info.state, info.reason) = (found.state, found.reason.or(info.reason));
            }
        }
    }

    /// A body that is given as text has been decoded by whoever made the message, whatever the
    /// headers of the exchange said.
    fn coding(&self, headers: &Fields, encoding: Option<BodyEncoding>) -> Option<Cow<'_, [u8]>> {
        let lines: Vec<_> = headers.all("content-encoding").collect();
        let is_coded = encoding == Some(BodyEncoding::Base64) && !lines.is_empty();
        is_coded.then(|| lines.join(",").into_bytes().into())
    }
}

fn each(fields: &Fields, clean: impl Fn(&str, &str) -> String) -> Fields {
    let values = |(name, values): (&str, &[String])| {
        values
            .iter()
            .map(|value| (name.to_owned(), clean(name, value)))
            .collect::<Vec<_>>()
    };
    fields.iter().flat_map(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Context, Request, Response};

    #[test]
    fn a_message_leaves_without_its_secrets_and_otherwise_as_it_was() {
        let message = |secret: &str| {
            Message::new()
                .unique_identifier("018f")
                .request(
                    Request::new("POST", format!("https://a.example/x?token={secret}&page=2"))
                        .header("Authorization", secret)
                        .header("content-type", "application/json")
                        .form_field("password", secret)
                        .form_field("item", "tea")
                        .body(format!(r#"{{"password":"{secret}","item":"tea"}}"#)),
                )
                .response(Response::new(200).header("Set-Cookie", secret).body("fine"))
                .context(Context {
                    tags: [("api_key".to_owned(), secret.to_owned())].into(),
                    ..Context::default()
                })
        };
        let cleaned = clean(&message("hunter2"), &Redactor::default(), 1 << 20);
        assert_eq!(cleaned, message("[redacted]"));
    }

    #[test]
    fn bytes_stay_bytes_and_what_cannot_be_read_is_masked() {
        let clean = |request: Request| {
            let message = Message::new().request(request);
            clean(&message, &Redactor::default(), 1 << 20)
                .request
                .unwrap_or_default()
        };
        let image = Request::new("PUT", "https://a.example/").header("content-type", "image/png");
        assert_eq!(
            clean(image.clone().body([0xff, 0xd8])),
            image.clone().body([0xff, 0xd8])
        );

        let mut broken = image;
        broken.body = Some("%%%".into());
        broken.body_encoding = Some(BodyEncoding::Base64);
        assert_eq!(clean(broken).body.as_deref(), Some("[redacted]"));
    }
}
