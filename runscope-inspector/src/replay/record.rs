use super::send::{Ending, MARK, Sent};
use crate::copy::Outgoing;
use crate::show;
use axum::http::HeaderMap;
use runscope_core::redact::{BodyContext, BodyVerdict, Redactor, Side};
use runscope_core::{
    BodyInfo, BodyState, Context, Direction, Fields, Message, Outcome, Request, Response, Withheld,
};
use uuid::Uuid;

/// The replayed call as a message, cleaned of secrets as the library does it by default: the original
/// was cleaned before it came here, and what a person filled in must not be kept either.
pub(crate) fn message(outgoing: &Outgoing, sent: &Sent, original: Uuid) -> Message {
    let redactor = Redactor::default();
    let clean = |name: &str, value: &[u8]| {
        let mut cleaned = Vec::new();
        redactor.header(name, value, &mut cleaned);
        String::from_utf8_lossy(&cleaned).into_owned()
    };
    let mut url = Vec::new();
    redactor.url(outgoing.url.as_bytes(), &mut url);
    let mut context = Context::default();
    context.direction = Some(Direction::Outgoing);
    context.protocol = Some("HTTP/1.1".to_owned());
    context.total_time = Some(sent.total.as_secs_f64());
    context
        .tags
        .insert("replay_of".to_owned(), original.to_string());
    context.outcome = Some(match &sent.ending {
        Ending::Whole => Outcome::Complete,
        // This side left.
        Ending::TooLarge => Outcome::Aborted,
        Ending::Failed(error) => {
            context.error = Some(error.clone());
            Outcome::Error
        }
    });

    let mut request = Request::new(&outgoing.method, String::from_utf8_lossy(&url))
        .timestamp(sent.began.as_seconds());
    request.headers = outgoing
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(MARK))
        .map(|(name, value)| (name.as_str(), clean(name, value.as_bytes())))
        .collect();
    request.headers.push(MARK, original.to_string());
    let body = outgoing.body.as_deref().unwrap_or_default();
    let (body, info) = cleaned(
        &redactor,
        Side::Request,
        &request.headers,
        body,
        &Ending::Whole,
    );
    request = body.into_iter().fold(request, Request::body);
    context.request_body = Some(info);

    let mut message = Message::new().request(request);
    if let Some(head) = &sent.head {
        let at = sent.began.as_seconds() + head.after.as_secs_f64();
        let mut response = Response::new(head.status)
            .response_time(head.after.as_secs_f64())
            .timestamp(at);
        response.reason.clone_from(&head.reason);
        response.headers = fields(&head.headers, clean);
        let (body, info) = cleaned(
            &redactor,
            Side::Response,
            &response.headers,
            &sent.body,
            &sent.ending,
        );
        response = body.into_iter().fold(response, Response::body);
        context.response_body = Some(info);
        message = message.response(response);
    }
    message
        .unique_identifier(format!("replay-{}", Uuid::new_v4()))
        .context(context)
}

fn fields(headers: &HeaderMap, clean: impl Fn(&str, &[u8]) -> String) -> Fields {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), clean(name.as_str(), value.as_bytes())))
        .collect()
}

/// A body that may be kept, and what became of it. In a content coding it can't be judged, so it is
/// decoded; where that fails it is left out.
fn cleaned(
    redactor: &Redactor,
    side: Side,
    headers: &Fields,
    body: &[u8],
    ending: &Ending,
) -> (Option<Vec<u8>>, BodyInfo) {
    let whole = *ending == Ending::Whole;
    let mut info = BodyInfo::default();
    info.size = u64::try_from(body.len()).unwrap_or(u64::MAX);
    info.complete = whole;
    if body.is_empty() {
        return (None, info);
    }
    let Some((plain, codings)) = show::undo_codings(headers, body) else {
        info.state = BodyState::NotCaptured;
        info.reason = Some(Withheld::ContentEncoding);
        return (None, info);
    };
    info.decoded = Some(codings).filter(|codings| !codings.is_empty());
    info.state = if whole {
        BodyState::Captured
    } else {
        info.reason = (*ending == Ending::TooLarge).then_some(Withheld::OverCap);
        BodyState::Truncated
    };
    let mut context = BodyContext::new(side).content_type(headers.first("content-type"));
    context.truncated = !whole;
    let mut out = Vec::new();
    match redactor.body(context, &plain, &mut out) {
        BodyVerdict::Unchanged => (Some(plain), info),
        BodyVerdict::Cleaned => {
            info.redacted = true;
            (Some(out), info)
        }
        BodyVerdict::MaskedWhole => {
            info.redacted = true;
            info.state = BodyState::Masked;
            info.reason = None;
            (Some(out), info)
        }
    }
}
