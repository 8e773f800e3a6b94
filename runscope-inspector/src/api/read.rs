//! JSON and queries from outside. What can't be read is told in words that name the field by its path
//! and say what is expected there; the names of Rust's types mean nothing to who sent it.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};
use url::form_urlencoded;

/// The characters of a path, and of what was found there, that are repeated to who sent them.
const LONGEST_PATH: usize = 120;
const LONGEST_FOUND: usize = 60;

/// A value from its JSON, or what is wrong with it.
pub(super) fn json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    let error = match serde_json::from_slice(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if serde_json::from_slice::<IgnoredAny>(text).is_err() {
        return Err(error.to_string());
    }
    // To keep track of the path costs time, so it is done for what is refused only.
    let mut again = serde_json::Deserializer::from_slice(text);
    let again: Result<T, _> = serde_path_to_error::deserialize(&mut again);
    let path = again.as_ref().err().map(|error| name_of(error.path()));
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = said.strip_suffix(&place).unwrap_or(&said);
    Err(told(&path.unwrap_or_default(), said))
}

/// A value from the query of a URL, or what is wrong with it.
pub(super) fn query<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| told(&name_of(error.path()), &error.inner().to_string()))
}

/// A path as people write it: `request.headers.Accept`, empty for the whole.
fn name_of(path: &Path) -> String {
    let mut name = String::new();
    for segment in path {
        match segment {
            Segment::Unknown => {}
            Segment::Map { .. } | Segment::Enum { .. } if !name.is_empty() => {
                name.push_str(&format!(".{segment}"));
            }
            _ => name.push_str(&segment.to_string()),
        }
    }
    shortened(&name, LONGEST_PATH)
}

/// What serde said of a place, in plain words.
fn told(path: &str, said: &str) -> String {
    let place = if path.is_empty() { "it" } else { path };
    if let Some(field) = between(said, "missing field `", "`") {
        let dot = if path.is_empty() { "" } else { "." };
        return format!("{path}{dot}{field} is missing");
    }
    if let Some(field) = between(said, "duplicate field `", "`") {
        let within = if path.is_empty() || path == field {
            String::new()
        } else {
            format!(" in {path}")
        };
        return format!("{field} is there twice{within}");
    }
    if let Some((found, expected)) = found(said, "unknown variant ") {
        return format!("{place} must be {expected}, not {found}");
    }
    // Of such a field the path is known with its name.
    if let Some((_, expected)) = found(said, "unknown field ") {
        return format!("there is no field {path}; expected {expected}");
    }
    if let Some((found, expected)) = found(said, "invalid type: ") {
        let (found, wanted) = (found_words(&found), wanted(expected));
        return format!("{place} must be {wanted}, not {found}");
    }
    if let Some((found, expected)) = found(said, "invalid value: ") {
        let (found, wanted) = (found_words(&found), bounds(expected));
        return format!("{place} must be {wanted}, not {found}");
    }
    match said {
        // What serde_json says where it looks for the name of an enum's variant.
        "expected value" => format!("{place} must be a string"),
        "provided string was not `true` or `false`" => format!("{place} must be true or false"),
        said if said.starts_with("must be ") => format!("{place} {said}"),
        said if is_number_error(said) => format!("{place} must be a number"),
        said => format!("{place}: {}", shortened(said, LONGEST_FOUND * 2)),
    }
}

/// What was found and what was expected. What was found is the sender's and can have any words in it.
fn found<'a>(said: &'a str, kind: &str) -> Option<(String, &'a str)> {
    let (found, expected) = said.strip_prefix(kind)?.rsplit_once(", expected ")?;
    Some((shortened(found, LONGEST_FOUND), expected))
}

/// A value as JSON names it.
fn found_words(found: &str) -> String {
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "an array".to_owned(),
        "null" | "unit value" | "Option value" => "null".to_owned(),
        _ => match found.split_once(' ') {
            Some(("string", text)) => format!("the string {text}"),
            Some(("integer", number)) => format!("the number {}", number.trim_matches('`')),
            _ => match found.strip_prefix("floating point ") {
                Some(number) => format!("the number {}", number.trim_matches('`')),
                None => found.trim_start_matches("boolean ").replace('`', ""),
            },
        },
    }
}

/// A kind of value as JSON names it.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
            "a whole number"
        }
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "an array",
        "string or map" | "variant identifier" | "a borrowed string" => "a string",
        "unit" => "null",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") => "a string",
        _ => expected,
    }
}

/// The same for a value of the right kind that does not fit.
fn bounds(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number from 0 on",
        _ => wanted(expected),
    }
}

fn is_number_error(said: &str) -> bool {
    [
        "invalid digit",
        "invalid float",
        "number too",
        "cannot parse",
        "number out of range",
    ]
    .iter()
    .any(|begin| said.starts_with(begin))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runscope_core::Message;

    #[test]
    fn a_mistake_in_a_message_names_the_field_and_what_is_expected() {
        for (text, expected) in [
            (r#"5"#, "it must be an object, not the number 5"),
            (
                r#"{"request":5}"#,
                "request must be an object, not the number 5",
            ),
            (
                r#"{"response":{"status":"x"}}"#,
                r#"response.status must be a whole number, not the string "x""#,
            ),
            (
                r#"{"response":{"status":70000}}"#,
                "response.status must be a whole number from 0 to 65535, not the number 70000",
            ),
            (
                r#"{"response":{"status":1.5}}"#,
                "response.status must be a whole number, not the number 1.5",
            ),
            (
                r#"{"response":{"status":200,"response_time":true}}"#,
                "response.response_time must be a number, not true",
            ),
            (r#"{"request":{"url":"/"}}"#, "request.method is missing"),
            (r#"{"response":{}}"#, "response.status is missing"),
            (
                r#"{"request":{"method":"GET","method":"GET"}}"#,
                "method is there twice in request",
            ),
            (
                r#"{"request":{"method":"GET","url":"/","headers":{"Accept":{}}}}"#,
                "request.headers.Accept must be a string or an array of strings, not an object",
            ),
            (
                r#"{"request":{"method":"GET","url":"/","headers":7}}"#,
                "request.headers must be an object whose values are strings or arrays of strings, not the number 7",
            ),
            (
                r#"{"request":{"method":null,"url":"/"}}"#,
                "request.method must be a string, not null",
            ),
            (
                r#"{"response":{"status":200,"body_encoding":"gzip"}}"#,
                "response.body_encoding must be `plaintext` or `base64`, not `gzip`",
            ),
            (
                r#"{"response":{"status":200,"body_encoding":5}}"#,
                "response.body_encoding must be a string",
            ),
            (
                r#"{"response":{"status":200},"context":{"tags":[]}}"#,
                "context.tags must be an object, not an array",
            ),
            (
                r#"{"response":{"status":200},"context":{"request_body":{"size":-1}}}"#,
                "context.request_body.size must be a whole number from 0 on, not the number -1",
            ),
        ] {
            let error = json::<Message>(text.as_bytes()).unwrap_err();
            assert_eq!(error, expected, "{text}");
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_told_with_those_that_are() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only what is wrong with it is looked at")]
        struct Outer {
            inner: Option<Box<Outer>>,
            flag: Option<bool>,
        }
        for (text, expected) in [
            (
                r#"{"falg":1}"#,
                "there is no field falg; expected `inner` or `flag`",
            ),
            (
                r#"{"inner":{"falg":1}}"#,
                "there is no field inner.falg; expected `inner` or `flag`",
            ),
            (
                r#"{"inner":{"flag":1}}"#,
                "inner.flag must be true or false, not the number 1",
            ),
        ] {
            let error = json::<Outer>(text.as_bytes()).unwrap_err();
            assert_eq!(error, expected, "{text}");
        }
    }

    #[test]
    fn what_is_repeated_is_short_and_what_is_no_json_has_its_place() {
        let long = "x".repeat(1 << 20);
        let text = format!(r#"{{"response":{{"status":"{long}, expected u64"}}}}"#);
        let error = json::<Message>(text.as_bytes()).unwrap_err();
        assert!(
            error.starts_with("response.status must be a whole number"),
            "{error}"
        );
        assert!(error.chars().count() < 200, "{error}");
        let text =
            format!(r#"{{"request":{{"method":"GET","url":"/","headers":{{"{long}":{{}}}}}}}}"#);
        let error = json::<Message>(text.as_bytes()).unwrap_err();
        assert!(error.contains("must be a string or an array"), "{error}");
        assert!(error.chars().count() < 300, "{error}");
        let error = json::<Message>(b"{\"request\": }").unwrap_err();
        assert!(error.ends_with("at line 1 column 13"), "{error}");
    }
}
