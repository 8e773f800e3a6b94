use runscope_core::{Context, Fields, Message};

/// The bytes of a message's texts without its bodies and form: what every listing of it holds.
pub(crate) fn head_weight(message: &Message) -> usize {
    let request = message.request.as_ref().map_or(0, |request| {
        let optional = [&request.host, &request.path, &request.scheme];
        let optional: usize = optional.into_iter().map(length).sum();
        request.method.len()
            + request.url.len()
            + optional
            + fields(&request.headers)
            + fields(&request.params)
    });
    let response = message.response.as_ref().map_or(0, |response| {
        length(&response.reason) + fields(&response.headers)
    });
    let identifier = length(&message.unique_identifier);
    request + response + identifier + message.context.as_ref().map_or(0, context)
}

/// The same with the bodies and the form.
pub(crate) fn weight(message: &Message) -> usize {
    let request = message.request.as_ref();
    let request = request.map_or(0, |request| length(&request.body) + fields(&request.form));
    let response = message.response.as_ref();
    let response = response.map_or(0, |response| length(&response.body));
    head_weight(message) + request + response
}

/// What a field takes beside its texts.
const FIELD: usize = 64;

fn fields(fields: &Fields) -> usize {
    let names = fields.iter().map(|(name, values)| {
        let values: usize = values.iter().map(|value| value.len() + FIELD).sum();
        name.len() + values
    });
    names.sum()
}

fn context(context: &Context) -> usize {
    let texts = [
        &context.error,
        &context.service,
        &context.route,
        &context.consumer,
        &context.client_address,
        &context.protocol,
        &context.trace_id,
    ];
    let tags = context.tags.iter();
    let tags: usize = tags
        .map(|(name, value)| name.len() + value.len() + FIELD)
        .sum();
    texts.into_iter().map(length).sum::<usize>() + tags
}

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runscope_core::{Request, Response};

    #[test]
    fn every_text_that_a_sender_chooses_is_weighed() {
        let long = "x".repeat(1000);
        let empty = head_weight(&Message::new().request(Request::new("", "")));
        let with_url = Message::new().request(Request::new("GET", &long));
        let with_header = Message::new().request(Request::new("", "").header(&long, ""));
        let with_reason = {
            let mut response = Response::new(200);
            response.reason = Some(long.clone());
            Message::new().response(response)
        };
        let with_tag = {
            let mut context = Context::default();
            context.tags.insert("a".to_owned(), long.clone());
            Message::new().context(context)
        };
        for message in [with_url, with_header, with_reason, with_tag] {
            assert!(head_weight(&message) >= empty + 1000, "{message:?}");
        }
        let form = Message::new().request(Request::new("", "").form_field("a", &long));
        let body = Message::new().response(Response::new(200).body(&long));
        for message in [form, body] {
            assert!(head_weight(&message) < 1000 && weight(&message) >= 1000);
        }
    }
}
