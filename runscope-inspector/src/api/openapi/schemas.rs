//! What goes in and out, each described once.

use crate::store::FacetField;
use serde_json::{Map, Value, json};

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn list_of(name: &str) -> Value {
    json!({ "type": "array", "items": reference(name) })
}

/// The answer that every error is.
pub(super) fn error_response() -> Value {
    json!({
        "description": "The request was refused.",
        "content": { "application/json": { "schema": reference("Error") } },
    })
}

pub(super) fn all() -> Value {
    let mut schemas = messages();
    for more in [stored(), buckets(), reports(), super::alerts::schemas()] {
        if let (Some(schemas), Value::Object(more)) = (schemas.as_object_mut(), more) {
            schemas.extend(more);
        }
    }
    schemas
}

/// What is sent, and what is answered to it.
fn messages() -> Value {
    let text = json!({ "type": "string" });
    let seconds = json!({ "type": "number", "description": "Unix seconds." });
    json!({
        "Error": {
            "type": "object",
            "required": ["data", "meta", "error"],
            "properties": {
                "data": { "type": "object", "maxProperties": 0 },
                "meta": { "type": "object", "required": ["status"], "properties": { "status": { "const": "error" } } },
                "error": {
                    "type": "object",
                    "required": ["status", "message", "more_info"],
                    "properties": {
                        "status": { "type": "integer", "description": "The status code." },
                        "message": { "type": "string", "description": "What is wrong, for people." },
                        "more_info": {
                            "type": ["object", "null"],
                            "description": "For a filter: where it is wrong, in characters from 0, and what was expected there. For a rule or a channel: the place of the mistake (RFC 6901), the character in a filter or path if it is one, why it is wrong, and what to do about it.",
                            "properties": {
                                "position": { "type": ["integer", "null"] }, "expected": text,
                                "field": text, "reason": text, "fix": text,
                            },
                        },
                    },
                },
            },
        },
        "Fields": {
            "type": "object",
            "description": "Names with one value or several.",
            "additionalProperties": { "anyOf": [text, { "type": "array", "items": text }] },
        },
        "BodyEncoding": { "type": "string", "enum": ["plaintext", "base64"], "default": "plaintext" },
        "Message": {
            "type": "object",
            "description": "A request, a response, or both. Two halves with one `unique_identifier` become one exchange, and an identifier is stored once.",
            "anyOf": [{ "required": ["request"] }, { "required": ["response"] }],
            "properties": {
                "unique_identifier": { "type": ["string", "null"], "minLength": 1, "maxLength": 256, "description": "1 to 256 bytes." },
                "request": {
                    "type": ["object", "null"],
                    "required": ["method", "url"],
                    "properties": {
                        "method": { "type": "string", "minLength": 1 },
                        "url": { "type": "string", "minLength": 1, "description": "With its query." },
                        "headers": reference("Fields"),
                        "form": reference("Fields"),
                        "body": { "type": ["string", "null"] },
                        "body_encoding": reference("BodyEncoding"),
                        "timestamp": seconds,
                    },
                },
                "response": {
                    "type": ["object", "null"],
                    "required": ["status"],
                    "properties": {
                        "status": { "type": "integer", "minimum": 100, "maximum": 999 },
                        "reason": { "type": ["string", "null"] },
                        "headers": reference("Fields"),
                        "body": { "type": ["string", "null"] },
                        "body_encoding": reference("BodyEncoding"),
                        "response_time": { "type": "number", "description": "Seconds." },
                        "timestamp": seconds,
                    },
                },
                "context": reference("Context"),
            },
        },
        "Results": {
            "type": "object",
            "required": ["data", "meta", "error"],
            "properties": {
                "data": { "type": "array", "items": {
                    "type": "object",
                    "required": ["status", "unique_identifier", "uuid", "warning", "error"],
                    "properties": {
                        "status": { "enum": ["success", "warning", "error"] },
                        "unique_identifier": { "type": ["string", "null"] },
                        "uuid": { "type": ["string", "null"], "description": "What it can be read by." },
                        "warning": reference("Remark"),
                        "error": reference("Remark"),
                    },
                } },
                "meta": {
                    "type": "object",
                    "required": ["status", "success_count", "succcess_count", "warning_count", "error_count"],
                    "properties": {
                        "status": { "const": "success" },
                        "success_count": { "type": "integer" },
                        "succcess_count": { "type": "integer", "description": "The same, as the original's description spells it." },
                        "warning_count": { "type": "integer" },
                        "error_count": { "type": "integer" },
                        "duplicate_count": { "type": "integer", "description": "After an import: how many of `success_count` were there before, by `unique_identifier` or by the `uuid` they were exported under, and were not stored again." },
                        "unlisted_count": { "type": "integer", "description": "After an import of many: how many are counted, but not listed in `data`." },
                    },
                },
                "error": { "type": "null" },
            },
        },
        "Remark": {
            "type": ["object", "null"],
            "required": ["code", "message", "more_info"],
            "properties": { "code": { "type": "integer" }, "message": text, "more_info": { "type": ["string", "null"] } },
        },
    })
}

/// What is read back.
fn stored() -> Value {
    let text = json!({ "type": "string" });
    let text_or_none = json!({ "type": ["string", "null"] });
    let size = json!({ "type": "integer", "minimum": 0 });
    json!({
        "Arrays": {
            "type": "object",
            "description": "Names with their values.",
            "additionalProperties": { "type": "array", "items": text },
        },
        "StoredMessage": {
            "type": "object",
            "required": ["uuid", "unique_identifier", "request", "response"],
            "properties": {
                "uuid": text,
                "unique_identifier": text_or_none,
                "request": {
                    "type": ["object", "null"],
                    "required": ["method", "url", "scheme", "host", "path", "params", "headers", "form", "timestamp"],
                    "properties": {
                        "method": text,
                        "url": text,
                        "scheme": text_or_none,
                        "host": text_or_none,
                        "path": text,
                        "params": reference("Arrays"),
                        "headers": reference("Arrays"),
                        "form": reference("Arrays"),
                        "body": { "type": ["string", "null"], "description": "Left out of lists." },
                        "body_encoding": reference("BodyEncoding"),
                        "timestamp": { "type": "number", "description": "Unix seconds." },
                    },
                },
                "response": {
                    "type": ["object", "null"],
                    "required": ["status", "reason", "headers", "response_time", "timestamp", "size_bytes"],
                    "properties": {
                        "status": { "type": "integer" },
                        "reason": text,
                        "headers": reference("Arrays"),
                        "body": { "type": ["string", "null"], "description": "Left out of lists." },
                        "body_encoding": reference("BodyEncoding"),
                        "response_time": { "type": ["number", "null"], "description": "Seconds to the response's head." },
                        "timestamp": { "type": ["number", "null"], "description": "Unix seconds." },
                        "size_bytes": { "type": ["integer", "null"], "description": "Bytes of its body." },
                    },
                },
                "highlights": { "type": "array", "items": reference("Highlight"), "description": "Only where they were asked for." },
                "context": reference("Context"),
            },
        },
        "Highlight": {
            "type": "object",
            "required": ["slot", "text", "ranges", "offset", "more"],
            "properties": {
                "slot": { "type": "string", "description": "Where it stands: `url`, `request.header.accept`, `response.body`, `response.body.$.error.code`, `request.form.name`, `tag.region`, `consumer`, …" },
                "text": { "type": "string", "description": "An excerpt, as it is searched: a header, form field or tag with its name before it, JSON's escapes undone." },
                "ranges": {
                    "type": "array",
                    "description": "From one character of the excerpt up to another (Unicode scalar values), in order.",
                    "items": { "type": "array", "items": size, "minItems": 2, "maxItems": 2 },
                },
                "offset": { "type": "integer", "minimum": 0, "description": "The characters before the excerpt." },
                "more": { "type": "boolean", "description": "Whether the text goes on behind it." },
            },
        },
        "Context": {
            "type": ["object", "null"],
            "description": "What is known beyond the documented fields.",
            "properties": {
                "direction": { "enum": ["incoming", "outgoing"] },
                "outcome": { "enum": ["complete", "aborted", "error", "panic", "upgraded", "open"] },
                "error": text,
                "service": text,
                "route": text,
                "consumer": text,
                "tags": { "type": "object", "additionalProperties": text },
                "client_address": text,
                "protocol": text,
                "trace_id": text,
                "total_time": { "type": "number", "description": "Seconds to the end of the response's body." },
                "sample_rate": { "type": "number" },
                "request_body": reference("BodyInfo"),
                "response_body": reference("BodyInfo"),
            },
        },
        "BodyInfo": {
            "type": "object",
            "description": "What became of a body.",
            "properties": {
                "size": size,
                "state": { "enum": ["empty", "captured", "truncated", "not_captured", "masked"] },
                "reason": { "enum": ["log_body_off", "content_type", "content_encoding", "over_budget", "over_cap", "unread", "filtered", "upgraded", "too_large"] },
                "complete": { "type": "boolean" },
                "redacted": { "type": "boolean" },
                "decoded": { "type": "string", "description": "The content coding that was undone." },
            },
        },
    })
}

fn buckets() -> Value {
    let text = json!({ "type": "string" });
    let none = json!({ "type": "null", "description": "This server has no use for it." });
    let team = json!({
        "type": "object",
        "required": ["id", "name"],
        "properties": { "id": text, "name": text, "uuid": text },
    });
    json!({
        "Account": {
            "type": "object",
            "required": ["name", "email", "uuid", "teams"],
            "properties": { "name": text, "email": text, "uuid": text, "teams": { "type": "array", "items": team } },
        },
        "Bucket": {
            "type": "object",
            "required": ["key", "name", "default", "team", "auth_token", "verify_ssl", "messages_url", "trigger_url", "tests_url", "collections_url"],
            "properties": {
                "key": text,
                "name": text,
                "default": { "type": "boolean" },
                "team": team,
                "auth_token": none,
                "verify_ssl": { "type": "boolean" },
                "messages_url": text,
                "trigger_url": none,
                "tests_url": none,
                "collections_url": none,
            },
        },
        "View": {
            "type": "object",
            "required": ["id", "name", "filter", "created"],
            "properties": {
                "id": { "type": "integer" },
                "name": text,
                "filter": text,
                "created": { "type": "number", "description": "Unix seconds." },
            },
        },
        "TokenInfo": {
            "type": "object",
            "required": ["id", "scope", "name", "created"],
            "properties": {
                "id": { "type": "integer" },
                "scope": { "enum": ["read", "write"] },
                "name": { "type": ["string", "null"] },
                "created": { "type": "number", "description": "Unix seconds." },
            },
        },
    })
}

fn reports() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    let seconds = json!({ "type": ["number", "null"], "description": "Seconds." });
    let values = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["value", "count"],
        "properties": { "value": { "type": "string" }, "count": count },
    } });
    let facets: Map<String, Value> = FacetField::ALL
        .iter()
        .map(|(_, name)| ((*name).to_owned(), values.clone()))
        .collect();
    let names: Vec<&str> = FacetField::ALL.iter().map(|(_, name)| *name).collect();
    json!({
        "Facets": { "type": "object", "required": names, "properties": facets },
        "Bar": {
            "type": "object",
            "required": ["start", "1xx", "2xx", "3xx", "4xx", "5xx", "other"],
            "properties": {
                "start": { "type": "number", "description": "Unix seconds." },
                "1xx": count, "2xx": count, "3xx": count, "4xx": count, "5xx": count, "other": count,
            },
        },
        "SummaryRow": {
            "type": "object",
            "required": ["method", "route", "count", "errors", "p50", "p95", "p99"],
            "properties": {
                "method": { "type": "string" },
                "route": { "type": "string", "description": "The route, or the path where no route is known." },
                "count": count, "errors": count, "p50": seconds, "p95": seconds, "p99": seconds,
            },
        },
        "Change": {
            "type": "object",
            "required": ["name", "kind", "a", "b"],
            "properties": {
                "name": { "type": "string", "description": "The header, parameter, field, or path into JSON." },
                "kind": { "enum": ["added", "removed", "changed"] },
                "a": { "type": "array", "items": { "type": "string" }, "description": "The first message's values." },
                "b": { "type": "array", "items": { "type": "string" }, "description": "The second message's values." },
            },
        },
        "BodyChange": {
            "type": "object",
            "required": ["as"],
            "description": "How two bodies were compared: `changes` of JSON and forms, `lines` of text, the sizes `a` and `b` of bytes, or whether each is here at all.",
            "properties": {
                "as": { "enum": ["same", "absent", "json", "form", "text", "binary"] },
                "changes": list_of("Change"),
                "lines": { "type": "array", "items": {
                    "type": "object",
                    "required": ["mark", "text"],
                    "properties": { "mark": { "enum": ["same", "added", "removed", "gap"] }, "text": { "type": "string" } },
                } },
                "more": { "type": "boolean", "description": "Whether there are more differences than are listed." },
                "a": { "type": ["boolean", "integer"] },
                "b": { "type": ["boolean", "integer"] },
            },
        },
        "Comparison": {
            "type": "object",
            "required": ["line", "query", "request_headers", "request_body", "result", "response_headers", "response_body"],
            "properties": {
                "line": list_of("Change"), "query": list_of("Change"),
                "request_headers": list_of("Change"), "request_body": reference("BodyChange"),
                "result": list_of("Change"),
                "response_headers": list_of("Change"), "response_body": reference("BodyChange"),
            },
        },
        "Stats": {
            "type": "object",
            "required": ["exchanges", "bytes", "partitions", "newest"],
            "properties": {
                "exchanges": count,
                "bytes": { "type": "integer", "minimum": 0, "description": "Of all files." },
                "partitions": count,
                "newest": { "type": "integer", "description": "The newest place in the order of arrival." },
            },
        },
    })
}
