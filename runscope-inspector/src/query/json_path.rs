use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
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
    /// Reads a document as far as the path reaches into it: the rest is passed over, which costs a fraction
    /// of keeping it. `None` where it is not JSON.
    #[must_use]
    pub fn read(&self, document: &str) -> Option<Value> {
        let mut json = serde_json::Deserializer::from_str(document);
        let value = Reached(&self.0).deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(value)
    }

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

/// Reads a value with what some steps reach in it. What they can't reach is null.
#[derive(Clone, Copy)]
struct Reached<'s>(&'s [Step]);

impl<'de> DeserializeSeed<'de> for Reached<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self.0.split_first() {
            None => serde::Deserialize::deserialize(json),
            Some((step, rest)) => json.deserialize_any(At { step, rest }),
        }
    }
}

/// A value of which one step more is wanted.
struct At<'s> {
    step: &'s Step,
    rest: &'s [Step],
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut reached = Map::new();
        while let Some(name) = members.next_key_seed(Wanted(self.step))? {
            match name {
                Some(name) => {
                    reached.insert(name, members.next_value_seed(Reached(self.rest))?);
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(reached))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut reached = Vec::new();
        loop {
            let is_wanted = match self.step {
                Step::Index(wanted) => *wanted == reached.len(),
                Step::Every => true,
                Step::Name(_) => false,
            };
            let element = if is_wanted {
                elements.next_element_seed(Reached(self.rest))?
            } else {
                let passed = elements.next_element::<IgnoredAny>()?;
                passed.map(|IgnoredAny| Value::Null)
            };
            match element {
                Some(element) => reached.push(element),
                None => return Ok(Value::Array(reached)),
            }
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Reads the name of a member, and keeps it where a step leads to it.
struct Wanted<'s>(&'s Step);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Wanted<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let is_wanted = match self.0 {
            Step::Name(wanted) => wanted == name,
            Step::Every => true,
            Step::Index(_) => false,
        };
        Ok(is_wanted.then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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

    /// What a path finds, in order.
    fn found(path: &JsonPath, document: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        path.any(document, &mut |value| {
            found.push(value.clone());
            false
        });
        found
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        let path = JsonPath(vec![Step::Name("a".to_owned())]);
        for text in ["", "{", "{\"a\":1}}", "{\"a\":1,}", "{\"b\":tru}", "a"] {
            assert_eq!(path.read(text), None, "{text}");
        }
        let twice = path.read(r#"{"a":1,"b":[{}],"a":2}"#).unwrap();
        assert_eq!(found(&path, &twice), [json!(2)]);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f32>().prop_map(|number| json!(f64::from(number))),
            "[ab\"é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            "[ab]".prop_map(Step::Name),
            (0_usize..3).prop_map(Step::Index),
            Just(Step::Every),
        ]
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_whole_document_has(
            document in document(),
            steps in prop::collection::vec(step(), 0..4),
        ) {
            let path = JsonPath(steps);
            let text = document.to_string();
            let whole: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(found(&path, &path.read(&text).unwrap()), found(&path, &whole));
        }
    }
}
