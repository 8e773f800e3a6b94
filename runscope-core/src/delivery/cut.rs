//! Makes a message smaller that the API finds too large.

use crate::message::{BodyInfo, BodyState, Message, Withheld};

/// The message without its bodies, each flagged as withheld for its size; `None` where there is no
/// body to leave out.
pub(super) fn without_bodies(json: &[u8]) -> Option<Vec<u8>> {
    let mut message: Message = serde_json::from_slice(json).ok()?;
    let mut had_body = false;
    if let Some(request) = &mut message.request {
        let had = request.body.take().is_some() || !request.form.is_empty();
        request.form = crate::Fields::new();
        request.body_encoding = None;
        had_body |= had;
        flag(
            had,
            message
                .context
                .as_mut()
                .and_then(|context| context.request_body.as_mut()),
        );
    }
    if let Some(response) = &mut message.response {
        let had = response.body.take().is_some();
        response.body_encoding = None;
        had_body |= had;
        flag(
            had,
            message
                .context
                .as_mut()
                .and_then(|context| context.response_body.as_mut()),
        );
    }
    if !had_body {
        return None;
    }
    serde_json::to_vec(&message).ok()
}

fn flag(had_body: bool, info: Option<&mut BodyInfo>) {
    if let (true, Some(info)) = (had_body, info) {
        info.state = BodyState::NotCaptured;
        info.reason = Some(Withheld::TooLarge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Context, Request, Response};

    #[test]
    fn bodies_are_left_out_and_flagged_and_the_rest_stays() {
        let captured = BodyInfo {
            state: BodyState::Captured,
            size: 3,
            ..BodyInfo::default()
        };
        let message = Message::new()
            .unique_identifier("018f")
            .request(Request::new("POST", "http://a.example/").form_field("a", "b"))
            .response(Response::new(200).header("x", "y").body([0xff]))
            .context(Context {
                request_body: Some(captured.clone()),
                response_body: Some(captured.clone()),
                ..Context::default()
            });
        let json = serde_json::to_vec(&message).unwrap();

        let smaller = without_bodies(&json).unwrap();
        let smaller_message: Message = serde_json::from_slice(&smaller).unwrap();
        let info = BodyInfo {
            state: BodyState::NotCaptured,
            reason: Some(Withheld::TooLarge),
            ..captured
        };
        let expected = Message::new()
            .unique_identifier("018f")
            .request(Request::new("POST", "http://a.example/"))
            .response(Response::new(200).header("x", "y"))
            .context(Context {
                request_body: Some(info.clone()),
                response_body: Some(info),
                ..Context::default()
            });
        assert_eq!(smaller_message, expected);
        assert!(
            smaller.starts_with(b"{\"unique_identifier\":\"018f\""),
            "results find it by this"
        );
        assert_eq!(
            without_bodies(&smaller),
            None,
            "there is nothing left to cut"
        );
    }
}
