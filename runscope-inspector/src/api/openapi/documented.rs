//! The messages API.

use super::operation::{Needs, Operation};
use super::schemas::{list_of, reference};
use crate::api::body::CODINGS;
use crate::api::buckets::LONGEST_NAME;
use crate::api::messages::MOST_LISTED;
use crate::api::state::Limits;
use serde_json::{Value, json};

const TAG: &str = "messages";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        account(),
        buckets(),
        create_bucket(),
        bucket(),
        delete_bucket(),
        listing(
            "/buckets/{key}/messages",
            "The messages that arrived last, the last first, without bodies.",
        ),
        post(),
        clear(),
        message(),
        listing(
            "/buckets/{key}/errors",
            "The same of failed connections and error statuses only.",
        ),
        shared(),
        share(),
        unshare(),
    ]
}

fn account() -> Operation {
    Operation::new(
        "get",
        "/account",
        TAG,
        Needs::Owner,
        "Whose account this is: there is one, the owner's.",
    )
    .gives(reference("Account"))
}

fn buckets() -> Operation {
    Operation::new("get", "/buckets", TAG, Needs::Owner, "Every bucket.").gives(list_of("Bucket"))
}

fn create_bucket() -> Operation {
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "\\S", "description": description });
    let schema = json!({
        "type": "object",
        "required": ["name"],
        "properties": { "name": text("Its name."), "team_id": text("A label; `default` if it is left out.") },
    });
    Operation::new(
        "post",
        "/buckets",
        TAG,
        Needs::Owner,
        "Makes a bucket with a new key.",
    )
    .body(json!({ "application/json": { "schema": schema } }))
    .stores()
    .gives(reference("Bucket"))
}

fn bucket() -> Operation {
    Operation::new("get", "/buckets/{key}", TAG, Needs::Read, "One bucket.")
        .gives(reference("Bucket"))
}

fn delete_bucket() -> Operation {
    Operation::new(
        "delete",
        "/buckets/{key}",
        TAG,
        Needs::Owner,
        "Deletes a bucket with all that is in it. The default bucket can't be deleted: 400.",
    )
    .stores()
    .gives_nothing()
}

fn listing(path: &'static str, summary: &'static str) -> Operation {
    let moment = json!({ "type": "number", "minimum": -62_135_596_800_i64, "exclusiveMaximum": 253_402_300_799_i64 });
    Operation::new("get", path, TAG, Needs::Read, summary)
        .query(
            "count",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 50 }),
            "How many at most: those that arrived last of all that match.",
        )
        .query(
            "since",
            moment.clone(),
            "Only messages whose time is this or later, in Unix seconds: the request's timestamp, else the response's, else when it arrived. They are listed in the order of arrival all the same.",
        )
        .query(
            "before",
            moment,
            "Only messages whose time, as for `since`, is earlier than this. Times can be in another order than arrivals, so asking again before the last one's time can miss some: `/search` has a cursor.",
        )
        .refuses(
            503,
            "The list took too long: narrow it by `since` and `before`, or ask for fewer.",
        )
        .gives(list_of("StoredMessage"))
}

fn post() -> Operation {
    let limit = Limits::default().messages;
    let schema = json!({ "anyOf": [
        reference("Message"),
        { "type": "array", "items": reference("Message"), "maxItems": limit },
    ] });
    Operation::new("post", "/buckets/{key}/messages", TAG, Needs::Write, "Stores a message, or an array of them. What is wrong with one is told in its result, and the others are stored. Answered is committed.")
        .body(json!({ "application/json": { "schema": schema } }))
        .stores()
        .answers(200, "One result a message, in their order.", results())
        .says(
            200,
            "Accept-Encoding",
            CODINGS,
            "How further messages may be compressed (RFC 7694).",
        )
}

pub(super) fn results() -> Value {
    json!({ "application/json": { "schema": reference("Results") } })
}

fn clear() -> Operation {
    Operation::new(
        "delete",
        "/buckets/{key}/messages",
        TAG,
        Needs::Owner,
        "Forgets every message of a bucket.",
    )
    .stores()
    .gives_nothing()
}

fn message() -> Operation {
    Operation::new(
        "get",
        "/buckets/{key}/messages/{uuid}",
        TAG,
        Needs::Read,
        "One message with its bodies.",
    )
    .gives(reference("StoredMessage"))
}

fn shared() -> Operation {
    Operation::new(
        "get",
        "/buckets/{key}/shared",
        TAG,
        Needs::Read,
        "The messages that are shared, the last shared first, without bodies.",
    )
    .gives(list_of("StoredMessage"))
}

fn share() -> Operation {
    let shared = json!({
        "type": "object",
        "required": ["uuid", "public_url", "public_api_url"],
        "properties": {
            "uuid": { "type": "string" },
            "public_url": { "type": "string", "description": "The page that shows it." },
            "public_api_url": { "type": "string", "description": "The same as JSON." },
        },
    });
    Operation::new(
        "put",
        "/buckets/{key}/shared/{uuid}",
        TAG,
        Needs::Owner,
        "Gives a message a link that anyone can read it by; always the same one.",
    )
    .stores()
    .gives(shared)
}

fn unshare() -> Operation {
    Operation::new(
        "delete",
        "/buckets/{key}/shared/{uuid}",
        TAG,
        Needs::Owner,
        "Takes the link back.",
    )
    .stores()
    .gives_nothing()
}
