//! The server itself.

use super::operation::{Needs, Operation};
use serde_json::json;

const TAG: &str = "service";

pub(super) fn operations() -> Vec<Operation> {
    vec![description(), metrics(), open(), health()]
}

fn description() -> Operation {
    let schema = json!({ "type": "object", "required": ["openapi", "paths"] });
    Operation::new(
        "get",
        "/api/v1/openapi.json",
        TAG,
        Needs::Nothing,
        "This description.",
    )
    .answers(
        200,
        "OpenAPI 3.1.",
        json!({ "application/json": { "schema": schema } }),
    )
}

fn metrics() -> Operation {
    Operation::new(
        "get",
        "/metrics",
        TAG,
        Needs::Metrics,
        "The server's numbers, for Prometheus.",
    )
    .answers(
        200,
        "Prometheus' text format, version 0.0.4.",
        json!({ "text/plain": { "schema": { "type": "string" } } }),
    )
}

fn open() -> Operation {
    let header =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    Operation::new(
        "get",
        "/open",
        "access",
        Needs::Nothing,
        "Trades the owner's token for a session, and leads to the page.",
    )
    .parameter(
        "query",
        "token",
        true,
        json!({ "type": "string" }),
        "The owner's token.",
    )
    .leads(
        303,
        "The session is open.",
        json!({
            "Location": header("Where to go on."),
            "Set-Cookie": header("The session, for this server's own pages only."),
        }),
    )
    .refuses(401, "The token is not known.")
}

fn health() -> Operation {
    let healthy = json!({ "type": "object", "required": ["healthy"], "properties": { "healthy": { "const": true } } });
    Operation::new(
        "get",
        "/healthz",
        TAG,
        Needs::Nothing,
        "Whether the server answers.",
    )
    .gives(healthy)
}
