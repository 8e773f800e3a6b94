//! Alerts.

use super::operation::{Needs, Operation};
use super::schemas::{list_of, reference};
use crate::alerts::{AlertWhen, Comparison, Severity, Source};
use crate::api::alerts::{LONGEST_SPAN, MOST_LISTED};
use crate::api::numbers::LONGEST_DEADLINE;
use serde_json::{Map, Value, json};

const TAG: &str = "alerts";
const RULES: &str = "/api/v1/alerts/rules";
const RULE: &str = "/api/v1/alerts/rules/{id}";
const CHANNELS: &str = "/api/v1/alerts/channels";
const CHANNEL: &str = "/api/v1/alerts/channels/{id}";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        listed(
            "/api/v1/alerts",
            "What fires and what fired, the last first, with some of the calls that caused it.",
        )
        .query(
            "firing",
            json!({ "type": "boolean" }),
            "Only what fires, or only what is over.",
        )
        .gives(list_of("Alert")),
        owners("get", "/api/v1/alerts/{id}", "One alert.").gives(reference("Alert")),
        listed(
            "/api/v1/alerts/notices",
            "What was told to whom, the newest first, with what came of it.",
        )
        .query(
            "channel",
            json!({ "type": "string" }),
            "Only what goes to this channel.",
        )
        .gives(list_of("Notice")),
        owners("get", RULES, "Every rule with how it stands.").gives(list_of("RuleState")),
        with_rule(owners(
            "post",
            RULES,
            "Adds a rule. What is wrong with it is told with its place.",
        )),
        owners("get", RULE, "One rule.").gives(reference("RuleState")),
        with_rule(owners(
            "put",
            RULE,
            "Puts a rule in the place of this one. What was counted stays, unless it would be counted otherwise.",
        )),
        owners("delete", RULE, "Removes a rule; its alerts end.")
            .stores()
            .gives_nothing(),
        silence(),
        export(),
        import(),
        preview(),
        owners("get", CHANNELS, "Every channel without its secrets.").gives(list_of("Channel")),
        create_channel(),
        owners("get", CHANNEL, "One channel without its secrets.").gives(reference("Channel")),
        with_channel(owners(
            "put",
            CHANNEL,
            "Changes a channel; secrets that are left out stay.",
        ))
        .gives(reference("Channel")),
        owners(
            "delete",
            CHANNEL,
            "Removes a channel that no rule sends to.",
        )
        .stores()
        .gives_nothing(),
        test_channel(),
    ]
}

fn owners(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
    Operation::new(method, path, TAG, Needs::Owner, summary)
}

fn listed(path: &'static str, summary: &'static str) -> Operation {
    owners("get", path, summary)
        .query("rule", json!({ "type": "string" }), "Only those of this rule.")
        .query(
            "before",
            json!({ "type": "number", "minimum": -62_135_596_800_i64, "exclusiveMaximum": 253_402_300_799_i64 }),
            "Only those before this time, in Unix seconds: the last of the page before.",
        )
        .query(
            "limit",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 50 }),
            "How many at most.",
        )
}

fn with_rule(operation: Operation) -> Operation {
    operation
        .body(json!({ "application/json": { "schema": reference("Rule") } }))
        .stores()
        .gives(reference("RuleState"))
}

fn silence() -> Operation {
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "until": { "type": ["string", "null"], "description": "A moment (RFC 3339); null tells again from now on." },
            "for": { "type": ["string", "null"], "description": "A time from now on, such as 1h." },
        },
    });
    owners(
        "put",
        "/api/v1/alerts/rules/{id}/silence",
        "Has a rule note its alerts and tell nobody until a moment.",
    )
    .body(json!({ "application/json": { "schema": schema } }))
    .stores()
    .gives(reference("RuleState"))
}

fn export() -> Operation {
    owners(
        "get",
        "/api/v1/alerts/export",
        "All rules as a file, to be kept under version control.",
    )
    .query(
        "format",
        json!({ "enum": ["json", "toml"], "default": "json" }),
        "How it is written.",
    )
    .answers(
        200,
        "The file.",
        json!({
            "application/json": { "schema": list_of("Rule") },
            "application/toml": { "schema": { "type": "string" } },
        }),
    )
}

fn import() -> Operation {
    let imported = json!({
        "type": "object",
        "required": ["imported"],
        "properties": { "imported": { "type": "integer" } },
    });
    owners("post", "/api/v1/alerts/import", "Takes the rules of a file, JSON or TOML, each in the place of the one with its id; all or none.")
        .query("replace", json!({ "type": "boolean", "default": false }), "Whether rules that are not in the file are removed.")
        .body(json!({
            "application/json": { "schema": list_of("Rule") },
            "application/toml": { "schema": { "type": "string" } },
        }))
        .stores()
        .gives(imported)
}

fn preview() -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["rule"],
        "additionalProperties": false,
        "properties": {
            "rule": reference("Rule"),
            "span": { "type": ["string", "null"], "default": "24h", "description": format!("How far to look back, at most {} days.", LONGEST_SPAN.as_secs() / 86_400) },
        },
    });
    owners(
        "post",
        "/api/v1/alerts/preview",
        "What a rule would have done on the stored traffic: which alerts, and when.",
    )
    .query(
        "deadline",
        json!({ "type": "number", "minimum": 0, "maximum": LONGEST_DEADLINE, "default": 2 }),
        "After how many seconds to answer with what was found.",
    )
    .body(json!({ "application/json": { "schema": schema } }))
    .gives(reference("Preview"))
}

fn with_channel(operation: Operation) -> Operation {
    operation
        .body(json!({ "application/json": { "schema": reference("NewChannel") } }))
        .stores()
}

fn create_channel() -> Operation {
    let shown = json!({ "allOf": [reference("Channel"), {
        "type": "object",
        "properties": { "secret": { "type": "string", "description": "What a webhook is signed with, shown this once." } },
    }] });
    with_channel(owners("post", CHANNELS, "Adds a channel.")).gives(shown)
}

fn test_channel() -> Operation {
    let trial = json!({
        "type": "object",
        "required": ["sent", "answer"],
        "properties": {
            "sent": { "type": "boolean" },
            "answer": { "type": "string", "description": "What the channel answered, or why it did not." },
        },
    });
    owners(
        "post",
        "/api/v1/alerts/channels/{id}/test",
        "Sends a notice that needs no action, at once and once.",
    )
    .gives(trial)
}

pub(super) fn schemas() -> Value {
    let mut schemas = rules();
    for more in [channels(), history()] {
        if let (Some(schemas), Value::Object(more)) = (schemas.as_object_mut(), more) {
            schemas.extend(more);
        }
    }
    schemas
}

fn rules() -> Value {
    let sources: Vec<_> = Source::all().map(|(_, name)| name).collect();
    let comparisons: Vec<_> = Comparison::ALL.iter().map(|(_, name)| *name).collect();
    let severities: Vec<_> = Severity::ALL.iter().map(|(_, name)| *name).collect();
    let when: Vec<_> = AlertWhen::ALL.iter().map(|(_, name)| *name).collect();
    let time =
        |description: &str| json!({ "type": ["string", "null"], "description": description });
    let id = json!({ "type": ["string", "null"], "pattern": "^[a-z0-9_-]{1,64}$", "description": "Chosen by who writes it; without one, one is made." });
    let count = json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000_000 });
    let properties = json!({
        "id": id,
        "name": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S" },
        "enabled": { "type": ["boolean", "null"], "default": true },
        "bucket": { "type": ["string", "null"], "description": "The key of the bucket that is watched; all of them without one." },
        "filter": { "type": ["string", "null"], "description": "Which calls, in the language of search, without `since:` and `before:`." },
        "assertions": { "type": ["array", "null"], "maxItems": 20, "items": reference("Assertion") },
        "alert_when": { "enum": when, "default": "hold", "description": "Whether calls match for which every assertion holds, or for which some assertion fails." },
        "condition": reference("Condition"),
        "group_by": { "type": ["string", "null"], "description": "`route`, `host`, `consumer` or `header.NAME`: each value has alerts of its own, up to 1,000 of them." },
        "windows": { "type": ["integer", "null"], "minimum": 1, "maximum": 100, "default": 1, "description": "For how many windows in a row the condition has to hold." },
        "resolve_after": time("How long the condition must not hold before an alert is over; 5m without it."),
        "repeat_every": time("How often is told that an alert goes on; never without it."),
        "silence_until": time("Until when nobody is told (RFC 3339)."),
        "severity": { "enum": severities, "default": "warning" },
        "channels": { "type": ["array", "null"], "maxItems": 20, "items": { "type": "string" }, "description": "The ids of the channels that are told." },
    });
    let state = json!({
        "type": "object",
        "required": ["firing", "pending"],
        "properties": { "firing": { "type": "integer" }, "pending": { "type": "integer" } },
    });
    json!({
        "Rule": { "type": "object", "required": ["name"], "additionalProperties": false, "properties": properties },
        "RuleState": {
            "type": "object",
            "required": ["id", "name", "state"],
            "properties": with(properties, "state", state),
            "description": "A rule, and how many of its alerts fire or wait.",
        },
        "Assertion": {
            "type": "object",
            "required": ["source", "comparison"],
            "additionalProperties": false,
            "description": "In Runscope's vocabulary. `response_time` is in milliseconds, sizes in bytes; sources of the request and the connection are this server's own. `has_key`, `has_value` and `is_null` are for JSON only.",
            "properties": {
                "source": { "enum": sources },
                "property": { "type": ["string", "null"], "description": "A header's name, a path into JSON (`data.items[0].id`), or an XPath (`/order/item[2]/@id`)." },
                "comparison": { "enum": comparisons },
                "value": { "type": ["string", "number", "boolean", "null"] },
            },
        },
        "Condition": {
            "type": ["object", "null"],
            "required": ["kind"],
            "additionalProperties": false,
            "description": "`every` match; a `count` of them in a window; the `ratio` of matches to traffic; a `percentile` of the time of those that match.",
            "properties": {
                "kind": { "enum": ["every", "count", "ratio", "percentile"] },
                "window": time("From 1s to 1d, for all but `every`."),
                "at_least": count,
                "above": { "type": ["string", "number", "null"], "description": "A share such as 5% for `ratio`; a time such as 500ms for `percentile`." },
                "minimum": count,
                "of": { "type": ["string", "null"], "description": "For `ratio`: the filter of what counts as traffic." },
                "percentile": { "type": ["integer", "null"], "minimum": 1, "maximum": 100 },
            },
        },
    })
}

fn channels() -> Value {
    let text = json!({ "type": ["string", "null"] });
    let kind = json!({ "enum": ["slack", "teams", "discord", "pagerduty", "webhook", "email"] });
    let mut new = json!({
        "id": { "type": ["string", "null"], "pattern": "^[a-z0-9_-]{1,64}$" },
        "name": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S" },
        "kind": kind,
        "url": text, "routing_key": text, "secret": text,
        "server": text, "tls": { "enum": ["starttls", "tls", "none", null] }, "user": text, "password": text, "from": text,
        "to": { "type": ["array", "null"], "items": { "type": "string" }, "maxItems": 50 },
    });
    new["url"]["description"] =
        json!("For all but email; https, to a public address or an allowed host.");
    new["secret"]["description"] = json!(
        "For webhook: `whsec_` and 24 to 64 bytes in base64; one is made where it is left out."
    );
    json!({
        "NewChannel": { "type": "object", "required": ["name", "kind"], "additionalProperties": false, "properties": new },
        "Channel": {
            "type": "object",
            "required": ["id", "name", "kind"],
            "description": "A channel without its secrets: of a URL only the host is shown.",
            "properties": {
                "id": { "type": "string" }, "name": { "type": "string" }, "kind": kind, "url": { "type": "string" },
                "server": { "type": "string" }, "tls": { "enum": ["starttls", "tls", "none"] }, "user": text,
                "from": { "type": "string" }, "to": { "type": "array", "items": { "type": "string" } },
            },
        },
    })
}

fn history() -> Value {
    let text = json!({ "type": "string" });
    let seconds = json!({ "type": "number", "description": "Unix seconds." });
    let seconds_or_none = json!({ "type": ["number", "null"], "description": "Unix seconds." });
    let count = json!({ "type": "integer", "minimum": 0 });
    json!({
        "Alert": {
            "type": "object",
            "required": ["id", "rule", "rule_name", "severity", "group", "fired", "resolved", "value", "matches", "calls"],
            "properties": {
                "id": text, "rule": text, "rule_name": text, "severity": text,
                "group": { "type": "string", "description": "What it is told apart by; empty where the rule does not." },
                "fired": seconds, "resolved": seconds_or_none,
                "value": { "type": "string", "description": "What held, in words." },
                "matches": count,
                "calls": { "type": "array", "items": {
                    "type": "object",
                    "required": ["bucket", "uuid"],
                    "properties": { "bucket": text, "uuid": text, "line": text, "excerpt": text },
                } },
            },
        },
        "Notice": {
            "type": "object",
            "required": ["id", "channel", "rule", "created", "state", "attempts"],
            "properties": {
                "id": text, "channel": text, "rule": text, "created": seconds,
                "state": { "enum": ["waiting", "sent", "failed"] },
                "due": seconds_or_none, "attempts": count,
                "answer": { "type": ["string", "null"], "description": "What the channel last answered, or why it did not." },
                "answered": seconds_or_none,
                "status": { "enum": ["firing", "resolved", "test", null] },
                "title": { "type": ["string", "null"] },
            },
        },
        "Preview": {
            "type": "object",
            "required": ["from", "to", "fired", "alerts", "step", "bars", "matches", "examined", "complete", "not_enough_traffic"],
            "properties": {
                "from": seconds, "to": seconds, "fired": count, "alerts": list_of("Alert"),
                "step": { "type": "number", "description": "Seconds of a bar." },
                "bars": { "type": "array", "items": {
                    "type": "object",
                    "required": ["start", "matches", "traffic"],
                    "properties": { "start": seconds, "matches": count, "traffic": count },
                } },
                "matches": count,
                "examined": { "type": "integer", "description": "How many calls were looked at." },
                "complete": { "type": "boolean", "description": "Whether that is all of the time." },
                "not_enough_traffic": {
                    "type": ["object", "null"],
                    "description": "Why `fired` is 0 and may say little: the stored calls are fewer than the condition's `minimum` in every window, or lie in less time than it has to hold for.",
                    "required": ["message", "calls", "calls_needed", "covered", "covered_needed"],
                    "properties": {
                        "message": text,
                        "calls": { "type": ["integer", "null"], "description": "The most calls of one window." },
                        "calls_needed": { "type": ["integer", "null"], "description": "The `minimum` of the condition." },
                        "covered": { "type": ["number", "null"], "description": "Seconds from the first stored call, or the beginning of `span`, to now." },
                        "covered_needed": { "type": ["number", "null"], "description": "Seconds of all windows for which the condition has to hold." },
                    },
                },
            },
        },
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut object {
        let more: Map<String, Value> = [(name.to_owned(), value)].into_iter().collect();
        members.extend(more);
    }
    object
}
