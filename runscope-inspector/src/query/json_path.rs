use serde_json::Value;
use std::fmt;

/// A path into a JSON document: `$.items[0].id`, `$.items[*].id`, `$["odd name"]`.
///
/// The part of RFC 9535 that names places: children by name or index, and all children. Searching
/// at any depth and filters are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonPath(pub Vec<Step>);

/// One step of a [`JsonPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Name(String),
    /// The element at this place, from 0.
    Index(usize),
    /// Every member or element: `[*]`.
    Every,
}

impl JsonPath {
    /// Whether any value at the path passes the test.
    pub fn any(&self, document: &Value, test: &mut impl FnMut(&Value) -> bool) -> bool {
        walk(&self.0, document, test)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Name(name) if !name.is_empty() && name.chars().all(is_name_char) => {
                write!(f, ".{name}")
            }
            Step::Name(name) => write!(f, "[{}]", super::display::Quoted(name)),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Every => f.write_str("[*]"),
        })
    }
}

/// Whether a name with this character can stand after a dot.
pub(super) fn is_name_char(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-')
}

fn walk(steps: &[Step], value: &Value, test: &mut impl FnMut(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return test(value);
    };
    match (step, value) {
        (Step::Name(name), Value::Object(members)) => members
            .get(name)
            .is_some_and(|value| walk(rest, value, test)),
        (Step::Index(index), Value::Array(elements)) => elements
            .get(*index)
            .is_some_and(|value| walk(rest, value, test)),
        (Step::Every, Value::Array(elements)) => {
            elements.iter().any(|value| walk(rest, value, test))
        }
        (Step::Every, Value::Object(members)) => {
            members.values().any(|value| walk(rest, value, test))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_reaches_what_it_names() {
        let document = json!({"items": [{"id": 1}, {"id": 2}], "odd name": {"a": true}});
        let name = |name: &str| Step::Name(name.to_owned());
        for (steps, reached) in [
            (vec![], vec![document.clone()]),
            (
                vec![name("items"), Step::Index(1), name("id")],
                vec![json!(2)],
            ),
            (
                vec![name("items"), Step::Every, name("id")],
                vec![json!(1), json!(2)],
            ),
            (vec![name("odd name"), Step::Every], vec![json!(true)]),
            (vec![name("items"), name("id")], vec![]),
            (vec![name("items"), Step::Index(2)], vec![]),
        ] {
            let mut seen = Vec::new();
            let path = JsonPath(steps);
            path.any(&document, &mut |value| {
                seen.push(value.clone());
                false
            });
            assert_eq!(seen, reached, "{path}");
        }
    }
}
