//! A rule as the fields of a form, in both directions.

use crate::alerts::Rule;
use crate::page::form::Form;
use serde_json::{Map, Value, json};

/// The fields of an assertion, in the order of a row.
pub(super) const ASSERTION: [&str; 4] = ["source", "property", "comparison", "value"];

/// Fields that stand for a member of the rule as they are.
const TEXTS: [&str; 5] = [
    "name",
    "filter",
    "severity",
    "resolve_after",
    "repeat_every",
];

/// The fields of a new rule.
pub(super) fn fresh(filter: &str, bucket: &str) -> Form {
    let fields = [
        ("enabled", "on"),
        ("filter", filter),
        ("bucket", bucket),
        ("kind", "count"),
        ("window", "5m"),
        ("at_least", "5"),
        ("minimum", "20"),
        ("percentile", "99"),
        ("windows", "1"),
        ("resolve_after", "5m"),
        ("severity", "warning"),
    ];
    Form::with(owned(&fields))
}

/// The fields of a rule that there is.
pub(super) fn of_rule(rule: &Rule) -> Form {
    let value = rule.to_json();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let condition = &value["condition"];
    let slower = condition["kind"] == "percentile";
    let mut fields: Vec<(String, String)> = TEXTS
        .iter()
        .map(|name| ((*name).to_owned(), text(&value[*name])))
        .collect();
    for name in ["id", "bucket", "alert_when", "windows"] {
        fields.push((name.to_owned(), text(&value[name])));
    }
    for name in ["kind", "window", "at_least", "minimum", "of", "percentile"] {
        fields.push((name.to_owned(), text(&condition[name])));
    }
    let above = if slower { "slower" } else { "share" };
    fields.push((above.to_owned(), text(&condition["above"])));
    let group = text(&value["group_by"]);
    match group.strip_prefix("header.") {
        Some(name) => fields.extend(owned(&[("group", "header"), ("header", name)])),
        None => fields.push(("group".to_owned(), group)),
    }
    if rule.enabled {
        fields.extend(owned(&[("enabled", "on")]));
    }
    for assertion in value["assertions"].as_array().into_iter().flatten() {
        fields.extend(ASSERTION.map(|name| (name.to_owned(), text(&assertion[name]))));
    }
    for channel in &rule.channels {
        fields.push(("channel".to_owned(), channel.clone()));
    }
    Form::with(fields)
}

/// The rows of assertions that say something.
pub(super) fn assertions(form: &Form) -> Vec<[&str; 4]> {
    let [source, property, comparison, value] = ASSERTION;
    form.all(source)
        .zip(form.all(property))
        .zip(form.all(comparison).zip(form.all(value)))
        .map(|((source, property), (comparison, value))| [source, property, comparison, value])
        .filter(|[source, ..]| !source.is_empty())
        .collect()
}

/// The form without one of its assertions.
pub(super) fn without(form: &Form, row: Option<usize>) -> Form {
    let kept = assertions(form).into_iter().enumerate();
    let kept = kept.filter(|(at, _)| Some(*at) != row);
    let rows = kept.flat_map(|(_, row)| ASSERTION.into_iter().zip(row));
    let others = form.fields().filter(|(name, _)| !ASSERTION.contains(name));
    let fields = others.chain(rows);
    Form::with(
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// A rule that can be tried before it has a name.
pub(super) fn named(mut rule: Value) -> Value {
    if let Some(members) = rule.as_object_mut() {
        members
            .entry("name")
            .or_insert_with(|| Value::from("Preview"));
    }
    rule
}

/// The rule that a form describes. What is not in the form stays as it was.
pub(super) fn to_rule(form: &Form, before: Option<&Rule>) -> Value {
    let mut rule = Map::new();
    for name in TEXTS.into_iter().chain(["bucket"]) {
        put(&mut rule, name, name, form, text);
    }
    put(&mut rule, "windows", "windows", form, number);
    match before {
        Some(before) => {
            rule.insert("id".to_owned(), json!(before.id));
            let until = before.silence_until.map(|until| until.to_string());
            rule.insert("silence_until".to_owned(), json!(until));
        }
        None => put(&mut rule, "id", "id", form, text),
    }
    rule.insert("enabled".to_owned(), json!(form.field("enabled") == "on"));
    let rows: Vec<_> = assertions(form).iter().map(assertion).collect();
    if !rows.is_empty() {
        put(&mut rule, "alert_when", "alert_when", form, text);
        rule.insert("assertions".to_owned(), Value::Array(rows));
    }
    rule.insert("condition".to_owned(), condition(form));
    match form.field("group") {
        "" => {}
        "header" => {
            let header = format!("header.{}", form.field("header").trim());
            rule.insert("group_by".to_owned(), Value::from(header));
        }
        group => {
            rule.insert("group_by".to_owned(), Value::from(group));
        }
    }
    let channels: Vec<_> = form.all("channel").collect();
    rule.insert("channels".to_owned(), json!(channels));
    Value::Object(rule)
}

fn assertion([source, property, comparison, value]: &[&str; 4]) -> Value {
    let mut assertion = Map::new();
    assertion.insert("source".to_owned(), json!(source));
    assertion.insert("comparison".to_owned(), json!(comparison));
    for (name, text) in [("property", property), ("value", value)] {
        if !text.is_empty() {
            assertion.insert(name.to_owned(), json!(text));
        }
    }
    Value::Object(assertion)
}

/// Fields that belong to another kind of condition are hidden, and mean nothing.
fn condition(form: &Form) -> Value {
    let kind = form.field("kind");
    let mut condition = Map::new();
    condition.insert("kind".to_owned(), json!(kind));
    if kind != "every" {
        put(&mut condition, "window", "window", form, text);
    }
    match kind {
        "count" => put(&mut condition, "at_least", "at_least", form, number),
        "ratio" => {
            put(&mut condition, "above", "share", form, percent);
            put(&mut condition, "minimum", "minimum", form, number);
            put(&mut condition, "of", "of", form, text);
        }
        "percentile" => {
            put(&mut condition, "percentile", "percentile", form, number);
            put(&mut condition, "above", "slower", form, text);
            put(&mut condition, "minimum", "minimum", form, number);
        }
        _ => {}
    }
    Value::Object(condition)
}

fn put(
    members: &mut Map<String, Value>,
    name: &str,
    field: &str,
    form: &Form,
    read: fn(&str) -> Value,
) {
    let text = form.field(field).trim();
    if !text.is_empty() {
        members.insert(name.to_owned(), read(text));
    }
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn number(text: &str) -> Value {
    text.parse::<u64>()
        .map_or_else(|_| Value::from(text), Value::from)
}

/// `5` beside a label that says percent means 5 %.
fn percent(text: &str) -> Value {
    if text.parse::<f64>().is_ok() {
        Value::from(format!("{text}%"))
    } else {
        Value::from(text)
    }
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_through_its_form_unchanged() {
        for written in [
            json!({ "id": "a", "name": "A" }),
            json!({
                "id": "b", "name": "B", "enabled": false, "bucket": "default", "filter": "status:5xx \"a b\"",
                "alert_when": "fail",
                "assertions": [
                    { "source": "response_json", "property": "data.id", "comparison": "equal", "value": "7" },
                    { "source": "response_text", "comparison": "not_empty" },
                ],
                "condition": { "kind": "ratio", "window": "5m", "above": "2.5%", "minimum": 3, "of": "path:/a/*" },
                "group_by": "header.x-tenant", "windows": 3, "resolve_after": "1m", "repeat_every": "4h",
                "silence_until": "2026-11-22T10:00:00Z", "severity": "critical", "channels": ["ops", "mail"],
            }),
            json!({
                "id": "c", "name": "C", "group_by": "host",
                "condition": { "kind": "percentile", "window": "10m", "percentile": 95, "above": "2s" },
            }),
            json!({ "id": "d", "name": "D", "condition": { "kind": "count", "window": "1h", "at_least": 12 } }),
        ] {
            let rule = Rule::read(&written).unwrap();
            let again = to_rule(&of_rule(&rule), Some(&rule));
            assert_eq!(Rule::read(&again).unwrap(), rule, "{again}");
        }
    }

    #[test]
    fn what_is_no_number_is_left_for_the_reader_to_refuse() {
        let form = Form::with(owned(&[
            ("name", "A"),
            ("kind", "count"),
            ("window", "5m"),
            ("at_least", "many"),
        ]));
        let mistake = Rule::read(&to_rule(&form, None)).unwrap_err();
        assert_eq!(mistake.field(), "/condition/at_least");
    }
}
