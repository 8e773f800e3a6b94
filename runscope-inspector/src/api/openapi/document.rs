use super::operation::Operation;
use super::{alerts, beyond, documented, schemas, service};
use crate::api::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The description; it is the same for everybody and holds no secret.
pub(in super::super) async fn serve(State(state): State<AppState>) -> Response {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    let mut document = DOCUMENT.clone();
    document["servers"] = json!([{ "url": state.config().root() }]);
    Json(document).into_response()
}

/// What an operation takes in its query.
#[derive(Debug)]
pub(in super::super) struct Parameters {
    pub(in super::super) names: Vec<&'static str>,
    pub(in super::super) asks_for_token: bool,
}

/// What a method of a path takes in its query; `None` where there is no such operation.
pub(in super::super) fn parameters(method: &Method, path: &str) -> Option<&'static Parameters> {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| operations().collect());
    static KNOWN: LazyLock<HashMap<String, Parameters>> = LazyLock::new(|| {
        let known = OPERATIONS.iter().map(|operation| {
            let parameters = Parameters {
                names: operation.query_names().collect(),
                asks_for_token: operation.asks_for_token(),
            };
            let method = operation.method().to_uppercase();
            (format!("{method} {}", operation.path()), parameters)
        });
        known.collect()
    });
    KNOWN.get(&format!("{method} {path}"))
}

fn document() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let (path, method) = (operation.path(), operation.method());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation.into_value();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "runscope-inspector",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": DESCRIPTION,
        },
        "tags": [
            { "name": "messages", "description": "The messages API, as it was documented." },
            { "name": "traffic", "description": "Finding, following and moving exchanges." },
            { "name": "alerts", "description": "Rules that calls are shown to as they arrive, and channels that are told." },
            { "name": "access", "description": "Tokens, links and sessions." },
            { "name": "service", "description": "The server itself." },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The owner's token, or one of a bucket that reads or writes there.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "runscope_inspector",
                    "description": "What `/open` sets: a session that ends with the server, by signing out, or 30 days after its last use. The port of the server's address is added to its name (`runscope_inspector_4880`), and `__Host-` stands before it where the base URL is https. It counts only where the browser says that the page asking is the server's own.",
                },
            },
            "responses": { "Error": schemas::error_response() },
            "schemas": schemas::all(),
        },
    })
}

const DESCRIPTION: &str = "\
Keeps HTTP exchanges and finds them again. All answers are JSON in one envelope, \
`{\"data\":…,\"meta\":{\"status\":…},\"error\":…}`, but for downloads, event streams and metrics.

Before a path is looked at, a request may be refused for its connection (408 for a head that does not \
come, 414 for its target, 431 for its header lines; these have no body), and for its `Host` \
(400 without one, 403 for one that is not the server's).";

fn operations() -> impl Iterator<Item = Operation> {
    documented::operations()
        .into_iter()
        .chain(beyond::operations())
        .chain(alerts::operations())
        .chain(service::operations())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::app::routes;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let described: BTreeSet<_> = operations()
            .map(|operation| format!("{} {}", operation.method().to_uppercase(), operation.path()))
            .collect();
        let added: BTreeSet<_> = routes()
            .added()
            .iter()
            .map(|(method, path)| format!("{method} {path}"))
            .collect();
        assert_eq!(described, added);
        assert_eq!(operations().count(), described.len());
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let mut references = BTreeSet::new();
        collect(&document, &mut references);
        for reference in &references {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let reference = format!("#/components/schemas/{name}");
            assert!(references.contains(&reference), "{name}");
        }
    }

    fn collect(value: &Value, references: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => {
                let reference = entries.get("$ref").and_then(Value::as_str);
                references.extend(reference.map(str::to_owned));
                entries
                    .values()
                    .for_each(|value| collect(value, references));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }
}
