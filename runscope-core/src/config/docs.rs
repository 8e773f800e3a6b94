//! Holds the documentation to the table of settings.

use super::field::NONE;
use super::keys::{KEYS, Key, find};
use super::value::Value;
use super::{Config, ConfigBuilder};
use std::fmt::Write;
use std::path::Path;

const BUILDER: &str = include_str!("builder.rs");
const TABLE: &str = include_str!("SETTINGS.md");

/// Setters that are no settings of their own.
const NO_SETTINGS: [&str; 3] = ["scope", "redaction", "sink"];

fn default_of(key: &Key) -> String {
    key.field.show(&mut Config::defaults())
}

/// The table as Markdown.
fn settings_table() -> String {
    let mut table =
        String::from("| key | variable | unit | default | meaning |\n|---|---|---|---|---|\n");
    for key in &KEYS {
        let queue = if key.in_queue {
            " (also in `queue`)"
        } else {
            ""
        };
        let default = match default_of(key).as_str() {
            NONE => NONE.to_owned(),
            default => format!("`{default}`"),
        };
        writeln!(
            table,
            "| `{}`{queue} | `{}` | {} | {default} | {} |",
            key.name,
            key.env(),
            key.field.unit(),
            key.meaning,
        )
        .unwrap();
    }
    table
}

/// The public setters of the builder, each with the text of its documentation.
fn setters() -> Vec<(String, String)> {
    let body = BUILDER.split("impl ConfigBuilder {").nth(1).unwrap();
    let mut docs = String::new();
    let mut setters = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            docs.push_str(text);
        } else if let Some(signature) = line.strip_prefix("pub fn ") {
            let end = signature.find(['(', '<']).unwrap();
            setters.push((signature[..end].to_owned(), std::mem::take(&mut docs)));
        }
    }
    setters
}

#[test]
fn the_documented_table_is_the_real_one() {
    let table = settings_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/SETTINGS.md");
        std::fs::write(path, &table).unwrap();
    } else {
        assert_eq!(
            TABLE, table,
            "run the tests with UPDATE_DOCS=1 to rewrite SETTINGS.md"
        );
    }
}

#[test]
fn every_setter_is_a_setting_and_says_its_key_variable_unit_and_default() {
    let setters = setters();
    for (name, docs) in &setters {
        if NO_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        let key = find(name).unwrap_or_else(|| panic!("the setter {name} has no key"));
        let expected = format!(
            "Key `{name}`, variable `{}`, {}. Default: `{}`.",
            key.env(),
            key.field.unit(),
            default_of(key),
        );
        assert!(
            docs.ends_with(&expected),
            "{name}\n  has      {docs}\n  expected {expected}"
        );
    }
    for key in &KEYS {
        let setter = if key.name.starts_with("redact_") {
            "redaction"
        } else {
            key.name
        };
        let (_, docs) = setters
            .iter()
            .find(|(name, _)| name == setter)
            .unwrap_or_else(|| panic!("{} has no setter", key.name));
        assert!(
            docs.contains(key.name),
            "{setter} does not name {}",
            key.name
        );
    }
}

#[test]
fn a_default_that_is_written_out_is_read_back_as_the_default() {
    for key in &KEYS {
        let default = default_of(key);
        if default == NONE {
            continue;
        }
        let builder = ConfigBuilder::default()
            .sink(crate::MemorySink::new())
            .vars([(key.env(), default)]);
        let config = builder.build().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            format!("{config:?}"),
            format!(
                "{:?}",
                Config::builder()
                    .sink(crate::MemorySink::new())
                    .build()
                    .unwrap()
            )
        );
    }
}

#[test]
fn each_key_sets_its_own_field_and_no_other() {
    for key in &KEYS {
        if key.name.starts_with("redact_") {
            continue;
        }
        let mut config = Config::defaults();
        let before: Vec<String> = KEYS.iter().map(|key| key.field.show(&mut config)).collect();
        let value = match key.name {
            "api_endpoint" => "https://other.example",
            "default_scheme" => "https",
            "sample_rate" => "0.25",
            "body_content_types" => "image/*",
            "skip_paths" => "/x",
            "spool_keep" => "newest",
            "scopes" => r#"[{"route": "/"}]"#,
            _ if key.field.unit() == "boolean" => match default_of(key).as_str() {
                "true" => "false",
                _ => "true",
            },
            _ => "77",
        };
        let value = Value::Text(value.to_owned());
        assert!(key.field.read(&mut config, &value).is_ok(), "{}", key.name);
        for (other, before) in KEYS.iter().zip(before) {
            let is_same = other.field.show(&mut config) == before;
            // A token is never shown, so it shows only that it is there.
            assert_eq!(
                is_same,
                other.name != key.name,
                "{} changes {}",
                key.name,
                other.name
            );
        }
        // The name in the table is that of the field.
        let defaults = format!("{:?}", Config::defaults());
        let changed = format!("{config:?}");
        assert_ne!(
            field_of(&changed, key),
            field_of(&defaults, key),
            "{}",
            key.name
        );
    }
}

/// The part of a config's debug form from the field of this key to that of the next.
fn field_of<'a>(debug: &'a str, key: &Key) -> &'a str {
    let label = |key: &Key| format!(" {}: ", key.name);
    let start = debug.find(&label(key)).unwrap() + label(key).len();
    let next = KEYS
        .iter()
        .filter_map(|key| debug[start..].find(&label(key)))
        .min();
    &debug[start..next.map_or(debug.len(), |length| start + length)]
}

#[test]
fn names_are_unique() {
    for (index, key) in KEYS.iter().enumerate() {
        assert!(
            KEYS.iter()
                .skip(index + 1)
                .all(|other| other.name != key.name),
            "{}",
            key.name
        );
    }
}
