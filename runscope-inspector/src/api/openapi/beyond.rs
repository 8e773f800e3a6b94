//! What the inspector adds under `/api/v1`.

use super::documented::results;
use super::operation::{Needs, Operation};
use super::schemas::{list_of, reference};
use crate::api::import::MOST_LISTED;
use crate::api::numbers::LONGEST_DEADLINE;
use crate::api::search::{LONGEST_STEP, MOST_BARS, MOST_COUNTED, MOST_FOUND, MOST_VALUES};
use crate::api::tokens::LONGEST_NAME;
use serde_json::{Value, json};

const TRAFFIC: &str = "traffic";
const ACCESS: &str = "access";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        search(),
        facets(),
        histogram(),
        summary(),
        tail(),
        export(),
        import(),
        compare(),
        replay(),
        tokens(),
        create_token(),
        delete_token(),
        views(),
        create_view(),
        change_view(),
        delete_view(),
        read_shared(),
        stats(),
    ]
}

/// An operation that looks at what matches a filter.
fn query(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, TRAFFIC, Needs::Read, summary).query(
        "q",
        json!({ "type": "string", "default": "" }),
        "The filter; without one, everything matches.",
    )
}

fn deadline(operation: Operation) -> Operation {
    let seconds =
        json!({ "type": "number", "minimum": 0, "maximum": LONGEST_DEADLINE, "default": 2 });
    operation.query(
        "deadline",
        seconds,
        "After how many seconds to answer with what was found.",
    )
}

fn integer(minimum: u64, maximum: u64, default: u64) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum, "default": default })
}

fn search() -> Operation {
    deadline(query("/api/v1/buckets/{key}/search", "A page of the exchanges that match, newest first."))
        .query("cursor", json!({ "type": "integer", "format": "int64" }), "The `meta.next` of the page before.")
        .query("limit", integer(0, MOST_FOUND as u64, 50), "How many at most.")
        .query("count_to", integer(0, MOST_COUNTED, 1000), "How far to count what matches.")
        .query("bodies", json!({ "type": "boolean", "default": false }), "Whether bodies come along.")
        .query("highlight", json!({ "type": "boolean", "default": false }), "Whether each exchange tells where the filter's words stand, in `highlights`.")
        .gives_with(list_of("StoredMessage"), json!({
            "next": { "type": ["integer", "null"], "description": "The cursor of the next page; null where all was looked at." },
            "count": { "type": "integer", "description": "How many match, from this page to the oldest." },
            "count_is_exact": { "type": "boolean", "description": "Whether there may be more." },
            "examined": { "type": "integer", "description": "How many had to be read one by one." },
            "timed_out": { "type": "boolean", "description": "Whether the deadline ended the search; `next` goes on." },
        }))
}

fn facets() -> Operation {
    deadline(query(
        "/api/v1/buckets/{key}/facets",
        "The most frequent values of each facet.",
    ))
    .query(
        "values",
        integer(0, MOST_VALUES as u64, 10),
        "How many of each.",
    )
    .gives_with(reference("Facets"), counted())
}

fn histogram() -> Operation {
    deadline(query("/api/v1/buckets/{key}/histogram", "What matches counted over time, the oldest first; steps without any are left out."))
        .query("step", json!({ "type": "integer", "minimum": 1, "maximum": LONGEST_STEP }), &format!("Seconds of a bar, rounded up to whole minutes where it has a minute or more. It has to make at most {MOST_BARS} bars. Without one: 60, or as many as it takes for that."))
        .gives_with(list_of("Bar"), json!({
            "step": { "type": "integer", "description": "Seconds of a bar." },
            "complete": { "type": "boolean", "description": "Whether all that match were counted." },
        }))
}

fn summary() -> Operation {
    deadline(query(
        "/api/v1/buckets/{key}/summary",
        "What matches by method and route, the most frequent first, at most 1,000 rows.",
    ))
    .gives_with(list_of("SummaryRow"), counted())
}

fn counted() -> Value {
    json!({
        "counted": { "type": "integer", "description": "How many were counted, newest first." },
        "complete": { "type": "boolean", "description": "Whether these are all that match." },
    })
}

fn tail() -> Operation {
    query("/api/v1/buckets/{key}/tail", "Follows what matches as it is stored: server-sent events `ready`, `exchange` (a StoredMessage without bodies), `update` (one that got its other half) and `gap` (`after` and `through`: places in the order of arrival that were passed over).")
        .parameter("header", "Last-Event-ID", false, json!({ "type": "string" }), "The last event's id; what came after it is sent first.")
        .refuses(503, "There are as many tails as the server keeps up with.")
        .answers(200, "Events, until either side ends it.", json!({ "text/event-stream": {} }))
}

fn format() -> Value {
    json!({ "type": "string", "enum": ["ndjson", "har"], "default": "ndjson" })
}

fn export() -> Operation {
    query("/api/v1/buckets/{key}/export", "Everything that matches with its bodies, newest first, as a download.")
        .query("format", format(), "One message a line, or one HTTP Archive.")
        .refuses(503, "There are as many downloads as the server keeps up with.")
        .answers(200, "The download. It breaks off where the store fails.", json!({
            "application/x-ndjson": { "schema": { "type": "string" } },
            "application/json": { "schema": { "type": "object", "required": ["log"], "description": "HTTP Archive 1.2." } },
        }))
}

fn import() -> Operation {
    Operation::new(
        "post",
        "/api/v1/buckets/{key}/import",
        TRAFFIC,
        Needs::Write,
        "Stores what an export wrote, or another tool's archive. What the bucket has already is not stored again.",
    )
    .query(
        "format",
        format(),
        "One message a line, or one HTTP Archive.",
    )
    .body(json!({
        "application/x-ndjson": { "schema": { "type": "string" } },
        "application/json": { "schema": {}, "description": "HTTP Archive 1.2." },
    }))
    .stores()
    .answers(200, &format!("One result a message, in their order: the first {MOST_LISTED} of those stored, and of those refused. The others are only counted."), results())
}

fn compare() -> Operation {
    let uuid = || json!({ "type": "string", "format": "uuid" });
    Operation::new(
        "get",
        "/api/v1/buckets/{key}/compare",
        TRAFFIC,
        Needs::Read,
        "What differs between two messages.",
    )
    .parameter("query", "a", true, uuid(), "The first message's `uuid`.")
    .parameter("query", "b", true, uuid(), "The second message's `uuid`.")
    .gives_with(
        reference("Comparison"),
        json!({
            "a": uuid(),
            "b": uuid(),
            "same": { "type": "boolean", "description": "Whether nothing differs." },
        }),
    )
}

fn replay() -> Operation {
    let uuid = || json!({ "type": "string", "format": "uuid" });
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "method": { "type": ["string", "null"] },
            "url": { "type": ["string", "null"] },
            "headers": { "anyOf": [reference("Fields"), { "type": "null" }] },
            "body": { "type": ["string", "null"], "description": "An empty text sends no body." },
            "body_encoding": { "enum": ["base64", null] },
        },
    });
    let replayed = json!({
        "type": "object",
        "required": ["uuid", "replay_of"],
        "properties": { "uuid": uuid(), "replay_of": uuid() },
    });
    let mut operation = Operation::new(
        "post",
        "/api/v1/buckets/{key}/exchanges/{uuid}/replay",
        TRAFFIC,
        Needs::Owner,
        "Sends a message's request again, edited or as it was, and stores what comes of it as a message of its own. Only to the hosts that the server was started with.",
    )
    .body(json!({ "application/json": { "schema": schema } }))
    .stores()
    .gives(replayed);
    operation.body_is_optional();
    operation
}

fn tokens() -> Operation {
    Operation::new(
        "get",
        "/api/v1/buckets/{key}/tokens",
        ACCESS,
        Needs::Owner,
        "The bucket's tokens, without the tokens themselves.",
    )
    .gives(list_of("TokenInfo"))
}

fn create_token() -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["scope"],
        "properties": {
            "scope": { "type": "string", "enum": ["read", "write"] },
            "name": { "type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "\\S", "description": "Who or what is to have it, for people." },
        },
    });
    let shown = json!({ "allOf": [reference("TokenInfo"), {
        "type": "object",
        "required": ["token"],
        "properties": { "token": { "type": "string", "description": "The token, shown this once." } },
    }] });
    Operation::new(
        "post",
        "/api/v1/buckets/{key}/tokens",
        ACCESS,
        Needs::Owner,
        "Makes a token that can only read, or only write, in this bucket.",
    )
    .body(json!({ "application/json": { "schema": schema } }))
    .stores()
    .gives(shown)
}

fn delete_token() -> Operation {
    Operation::new(
        "delete",
        "/api/v1/buckets/{key}/tokens/{id}",
        ACCESS,
        Needs::Owner,
        "Takes a token away.",
    )
    .stores()
    .gives_nothing()
}

const VIEW: &str = "/api/v1/buckets/{key}/views/{id}";

fn views() -> Operation {
    Operation::new(
        "get",
        "/api/v1/buckets/{key}/views",
        TRAFFIC,
        Needs::Read,
        "The bucket's saved views: filters with a name.",
    )
    .gives(list_of("View"))
}

/// A body that is a view.
fn view(operation: Operation) -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["name", "filter"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S" },
            "filter": { "type": "string", "description": "The filter; without one, everything matches." },
        },
    });
    operation
        .body(json!({ "application/json": { "schema": schema } }))
        .stores()
}

fn create_view() -> Operation {
    view(Operation::new(
        "post",
        "/api/v1/buckets/{key}/views",
        TRAFFIC,
        Needs::Owner,
        "Saves a view.",
    ))
    .gives(reference("View"))
}

fn change_view() -> Operation {
    view(Operation::new(
        "put",
        VIEW,
        TRAFFIC,
        Needs::Owner,
        "Gives a view another name and filter.",
    ))
    .gives(reference("View"))
}

fn delete_view() -> Operation {
    Operation::new("delete", VIEW, TRAFFIC, Needs::Owner, "Removes a view.")
        .stores()
        .gives_nothing()
}

fn read_shared() -> Operation {
    Operation::new(
        "get",
        "/api/v1/shared/{name}",
        ACCESS,
        Needs::Nothing,
        "A shared message with its bodies: the link is the key.",
    )
    .gives(reference("StoredMessage"))
}

fn stats() -> Operation {
    Operation::new(
        "get",
        "/api/v1/stats",
        "service",
        Needs::Owner,
        "What is stored, in numbers.",
    )
    .gives(reference("Stats"))
}
