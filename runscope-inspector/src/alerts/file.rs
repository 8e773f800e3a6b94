//! Rules as a file: a JSON list, or TOML with a `[[rule]]` for each; for version control.

use super::mistake::Mistake;
use super::rule::{MOST_RULES, Rule};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Reads rules from JSON (a list, or an object with `rules`) or from TOML. All are right, or nothing
/// is taken.
pub(crate) fn read(text: &str) -> Result<Vec<Rule>, Mistake> {
    let begins = text.trim_start();
    // An upload that went wrong must not take the place of all rules.
    if begins.is_empty() {
        let fix = "send rules, or [] for none";
        return Err(Mistake::new("", "the file is empty", fix));
    }
    // A TOML file could begin with `[[rule]]`, which is no JSON either way.
    let json =
        begins.starts_with('{') || begins.starts_with('[') && !begins.starts_with("[[rule]]");
    let (list, name) = if json {
        let fix = "write a list of rules, or {\"rules\": […]}";
        let unread =
            |error: serde_json::Error| Mistake::new("", format!("it is not JSON: {error}"), fix);
        let value: Value = serde_json::from_str(text).map_err(unread)?;
        match value {
            Value::Array(list) => (list, ""),
            Value::Object(mut members) => match members.remove("rules") {
                Some(Value::Array(list)) => (list, "/rules"),
                _ => return Err(Mistake::new("/rules", "it is not a list", fix)),
            },
            _ => return Err(Mistake::new("", "it is not a list of rules", fix)),
        }
    } else {
        (read_toml(text)?, "/rule")
    };
    if list.len() > MOST_RULES {
        let fix = format!("keep to {MOST_RULES}");
        return Err(Mistake::new(name, "there are too many rules", fix));
    }
    let mut ids = BTreeSet::new();
    let rules = list.iter().enumerate().map(|(at, value)| {
        let place = format!("{name}/{at}");
        let rule = Rule::read(value).map_err(|mistake| mistake.within(&place))?;
        if value.get("id").is_none() {
            let fix =
                "give each rule of a file an `id`, so that it is known when it is imported again";
            return Err(Mistake::new(format!("{place}/id"), "it is missing", fix));
        }
        if !ids.insert(rule.id.clone()) {
            let fix = "give each rule an id of its own";
            return Err(Mistake::new(
                format!("{place}/id"),
                "another rule has it",
                fix,
            ));
        }
        Ok(rule)
    });
    rules.collect()
}

fn read_toml(text: &str) -> Result<Vec<Value>, Mistake> {
    let fix = "write JSON, or TOML with a [[rule]] for each rule";
    let value: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let position = error.span().map_or(0, |span| span.start);
        let position = text.get(..position).unwrap_or_default().chars().count();
        Mistake::at("", position, &format!("valid TOML ({})", error.message()))
    })?;
    let value =
        serde_json::to_value(value).map_err(|error| Mistake::new("", error.to_string(), fix))?;
    match value {
        Value::Object(mut members) => match members.remove("rule") {
            Some(Value::Array(list)) if members.is_empty() => Ok(list),
            None if members.is_empty() => Ok(Vec::new()),
            _ => Err(Mistake::new(
                "",
                "there is something else than [[rule]] in it",
                fix,
            )),
        },
        _ => Err(Mistake::new("", "it is not a table", fix)),
    }
}

/// Writes rules as JSON, or as TOML.
pub(crate) fn write(rules: &[Rule], as_toml: bool) -> Result<String, String> {
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| without_nulls(rule.to_json()))
        .collect();
    if as_toml {
        toml::to_string_pretty(&json!({ "rule": rules })).map_err(|error| error.to_string())
    } else {
        serde_json::to_string_pretty(&rules).map_err(|error| error.to_string())
    }
}

/// TOML has no null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_is_imported_again() {
        let written = r#"[
            {"id": "errors", "name": "Errors", "filter": "status:5xx", "channels": ["ops"],
             "condition": {"kind": "ratio", "window": "5m", "above": "2.5%", "of": "path:/api/*"},
             "group_by": "header.x-tenant", "windows": 3, "repeat_every": "4h", "severity": "critical"},
            {"id": "slow", "name": "Slow", "bucket": "default",
             "condition": {"kind": "percentile", "window": "10m", "percentile": 95, "above": "500ms"},
             "silence_until": "2026-11-22T10:00:00Z"},
            {"id": "wrong", "name": "Wrong", "alert_when": "fail",
             "assertions": [{"source": "response_json", "property": "success", "comparison": "equal", "value": true}]}
        ]"#;
        let rules = read(written).unwrap();
        assert_eq!(rules.len(), 3);
        for as_toml in [false, true] {
            let text = write(&rules, as_toml).unwrap();
            assert_eq!(read(&text).unwrap(), rules, "{text}");
        }
        assert_eq!(read(&write(&[], true).unwrap()).unwrap(), []);
    }

    #[test]
    fn the_example_of_the_readme_is_a_rule() {
        let readme = include_str!("../../README.md");
        let (_, example) = readme.split_once("```toml\n[[rule]]").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let rules = read(&format!("[[rule]]{example}")).unwrap();
        assert_eq!(rules[0].id, "checkout-errors");
    }

    #[test]
    fn a_wrong_rule_is_refused_with_its_place() {
        for (text, field, position) in [
            ("[{]", "", None),
            ("rule = ", "", Some(7)),
            ("other = 1", "", None),
            (r#"{"rules": 1}"#, "/rules", None),
            (r#"[{"name": "a"}]"#, "/0/id", None),
            (r#"[{"id": "A b", "name": "a"}]"#, "/0/id", None),
            (r#"[{"id": "a"}]"#, "/0/name", None),
            (
                r#"[{"id": "a", "name": "a"}, {"id": "a", "name": "b"}]"#,
                "/1/id",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "fliter": ""}]"#,
                "/0/fliter",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "filter": "status:"}]"#,
                "/0/filter",
                Some(7),
            ),
            (
                r#"[{"id": "a", "name": "a", "filter": "(a"}]"#,
                "/0/filter",
                Some(2),
            ),
            (
                r#"[{"id": "a", "name": "a", "filter": "since:5m"}]"#,
                "/0/filter",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "alert_when": "fail"}]"#,
                "/0/alert_when",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "windows": 2}]"#,
                "/0/windows",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "group_by": "path"}]"#,
                "/0/group_by",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "resolve_after": 300}]"#,
                "/0/resolve_after",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "severity": "bad"}]"#,
                "/0/severity",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "sum"}}]"#,
                "/0/condition/kind",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "count", "window": "5m"}}]"#,
                "/0/condition/at_least",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "count", "window": "0s", "at_least": 1}}]"#,
                "/0/condition/window",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "count", "above": 1}}]"#,
                "/0/condition/above",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "ratio", "window": "5m", "above": "5"}}]"#,
                "/0/condition/above",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "condition": {"kind": "ratio", "window": "5m", "above": 5}}]"#,
                "/0/condition/above",
                None,
            ),
            (
                r#"[{"id": "a", "name": "a", "assertions": [{"source": "nope"}]}]"#,
                "/0/assertions/0/source",
                None,
            ),
            (
                "[[rule]]\nid = \"a\"\nname = \"a\"\nfilter = \"(\"",
                "/rule/0/filter",
                Some(1),
            ),
        ] {
            let mistake = read(text).unwrap_err();
            assert_eq!(
                (mistake.field(), mistake.position()),
                (field, position),
                "{text}: {mistake}"
            );
            assert!(!mistake.reason().is_empty() && !mistake.fix().is_empty());
        }
    }
}
