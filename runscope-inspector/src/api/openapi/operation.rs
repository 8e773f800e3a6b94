use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One method of one path: what it needs, takes and answers.
#[derive(Debug)]
pub(super) struct Operation {
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    needs: Needs,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
}

/// Whose token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Owner,
    /// The owner's, or one that reads in this bucket.
    Read,
    /// The owner's, or one that writes in this bucket.
    Write,
    /// The owner's, or the one for metrics.
    Metrics,
}

impl Needs {
    fn words(self) -> &'static str {
        match self {
            Self::Nothing => "Token: none.",
            Self::Owner => "Token: the owner's.",
            Self::Read => "Token: the owner's, or one that reads in this bucket.",
            Self::Metrics => "Token: the owner's, or the one for metrics (`--metrics-token`).",
            Self::Write => "Token: the owner's, or one that writes in this bucket.",
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "each piece of JSON is made for the one call"
)]
impl Operation {
    /// An operation. What any of its kind can be refused with is described without being said.
    pub(super) fn new(
        method: &'static str,
        path: &'static str,
        tag: &'static str,
        needs: Needs,
        summary: &'static str,
    ) -> Self {
        let mut operation = Self {
            method,
            path,
            tag,
            summary,
            needs,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
        };
        for name in placeholders(path) {
            let description = match name {
                "key" => "The bucket's key; there is always one with the key `default`.",
                "uuid" => "The message's `uuid`.",
                "id" => "The `id` of what is meant.",
                _ => "The name at the end of the link.",
            };
            operation.parameters.push(json!({
                "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 }, "description": description,
            }));
        }
        let operation = operation
            .refuses(400, "The request is not valid: its Host is missing, or a part of its URL or its body is wrong; `more_info` tells the place of a mistake in a filter.")
            .refuses(403, "The Host is not the server's, or the token does not allow this here.")
            .refuses(500, "The request failed; the server's log says why.");
        let operation = match needs {
            Needs::Nothing => operation,
            _ => operation.refuses(401, "The token is missing or not known."),
        };
        match placeholders(path).next() {
            None => operation,
            Some(_) => operation.refuses(404, "There is nothing of this name."),
        }
    }

    pub(super) fn method(&self) -> &'static str {
        self.method
    }

    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// Whether it asks for a token.
    pub(super) fn asks_for_token(&self) -> bool {
        self.needs != Needs::Nothing
    }

    /// The names of the query's parameters.
    pub(super) fn query_names(&self) -> impl Iterator<Item = &str> {
        let query = self.parameters.iter().filter(|it| it["in"] == "query");
        query.filter_map(|parameter| parameter["name"].as_str())
    }

    /// A parameter of the query, never a required one.
    pub(super) fn query(self, name: &str, schema: Value, description: &str) -> Self {
        self.parameter("query", name, false, schema, description)
    }

    pub(super) fn parameter(
        mut self,
        place: &str,
        name: &str,
        required: bool,
        schema: Value,
        description: &str,
    ) -> Self {
        self.parameters.push(json!({
            "name": name, "in": place, "required": required, "schema": schema, "description": description,
        }));
        self
    }

    /// A body, by media type; with what a body can be refused for.
    pub(super) fn body(mut self, content: Value) -> Self {
        self.body = Some(json!({ "required": true, "content": content }));
        self.parameter(
            "header",
            "Content-Encoding",
            false,
            json!({ "enum": ["identity", "gzip", "zstd"] }),
            "How the body is compressed.",
        )
        .refuses(
            408,
            "The body took longer than the server waits for one (30 s).",
        )
        .refuses(
            413,
            "The body is over the limit (16 MiB), as it was sent or as it was decoded.",
        )
        .refuses(
            415,
            "The body's content type or encoding is none that is taken.",
        )
    }

    /// Says of the body that it can be left out.
    pub(super) fn body_is_optional(&mut self) {
        if let Some(body) = &mut self.body {
            body["required"] = json!(false);
        }
    }

    /// What is written may not fit the disk.
    pub(super) fn stores(self) -> Self {
        self.refuses(507, "The disk is full; reading goes on.")
    }

    /// An answer in the envelope.
    pub(super) fn gives(self, data: Value) -> Self {
        self.gives_with(data, json!({}))
    }

    /// The same with something to say about it: the properties of `meta` beside its status.
    pub(super) fn gives_with(self, data: Value, meta: Value) -> Self {
        let mut properties = json!({ "status": { "const": "success" } });
        if let (Some(properties), Value::Object(meta)) = (properties.as_object_mut(), meta) {
            properties.extend(meta);
        }
        let names: Vec<String> = properties
            .as_object()
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default();
        let schema = json!({
            "type": "object",
            "required": ["data", "meta", "error"],
            "properties": {
                "data": data,
                "meta": { "type": "object", "required": names, "properties": properties },
                "error": { "type": "null" },
            },
        });
        self.answers(
            200,
            "Done.",
            json!({ "application/json": { "schema": schema } }),
        )
    }

    /// An answer without a body.
    pub(super) fn gives_nothing(mut self) -> Self {
        self.answers.insert(204, json!({ "description": "Done." }));
        self
    }

    /// An answer of any kind.
    pub(super) fn answers(mut self, status: u16, description: &str, content: Value) -> Self {
        let answer = json!({ "description": description, "content": content });
        self.answers.insert(status, answer);
        self
    }

    /// An answer that leads elsewhere.
    pub(super) fn leads(mut self, status: u16, description: &str, headers: Value) -> Self {
        let answer = json!({ "description": description, "headers": headers });
        self.answers.insert(status, answer);
        self
    }

    /// A header that an answer has, always the same.
    pub(super) fn says(mut self, status: u16, name: &str, value: &str, description: &str) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["headers"][name] =
                json!({ "description": description, "schema": { "const": value } });
        }
        self
    }

    /// An error in the API's form.
    pub(super) fn refuses(mut self, status: u16, description: &str) -> Self {
        let answer = json!({ "$ref": "#/components/responses/Error", "description": description });
        self.answers.insert(status, answer);
        self
    }

    pub(super) fn into_value(self) -> Value {
        let responses: Map<String, Value> = self
            .answers
            .into_iter()
            .map(|(status, answer)| (status.to_string(), answer))
            .collect();
        let security = match self.needs {
            Needs::Nothing => json!([]),
            _ => json!([{ "bearer": [] }, { "session": [] }]),
        };
        let mut value = json!({
            "operationId": identifier(self.method, self.path),
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.needs.words(),
            "security": security,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            value["requestBody"] = body;
        }
        value
    }
}

fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// A name for generated clients: `get_buckets_key_messages`.
fn identifier(method: &str, path: &str) -> String {
    let words = path.split(|char: char| !char.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .fold(method.to_owned(), |name, word| name + "_" + word)
}
