use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// Names with one or more values each: headers, a form, a query.
///
/// Names keep the order in which they first came, and each name keeps its values in order, so
/// three `set-cookie` stay three. On the wire a single value is a string and several are an array;
/// read back, both forms are understood, and a number or a boolean is taken as its text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    entries: Vec<(String, Vec<String>)>,
}

impl Fields {
    /// No names at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value under a name. Names are kept in their own case and joined only where they are
    /// equal: form and query names are case-sensitive.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.values_mut(name).push(value.into());
    }

    /// The values under a name in any case, in order; none if the name is absent. Header names are
    /// case-insensitive (RFC 9110, section 5.1).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// The first value under a name.
    #[must_use]
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Every name with its values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.entries
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn values_mut(&mut self, name: &str) -> &mut Vec<String> {
        let at = self.entries.iter().position(|(known, _)| known == name);
        let at = at.unwrap_or_else(|| {
            self.entries.push((name.to_owned(), Vec::with_capacity(1)));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut fields = Collector::default();
        for (name, value) in pairs {
            fields.values_mut(name.as_ref()).push(value.into());
        }
        fields.fields
    }
}

/// Collects fields with an index of their names once there are many: the sender of a form or of a
/// message chooses how many there are.
#[derive(Default)]
struct Collector {
    fields: Fields,
    index: HashMap<String, usize>,
}

impl Collector {
    const FEW: usize = 32;

    fn values_mut(&mut self, name: &str) -> &mut Vec<String> {
        if self.fields.entries.len() < Self::FEW {
            return self.fields.values_mut(name);
        }
        let entries = &mut self.fields.entries;
        if self.index.is_empty() {
            let names = entries.iter().map(|(name, _)| name.clone());
            self.index = names.zip(0..).collect();
        }
        let at = *self.index.entry(name.to_owned()).or_insert(entries.len());
        if at == entries.len() {
            entries.push((name.to_owned(), Vec::with_capacity(1)));
        }
        &mut entries[at].1
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for (name, values) in &self.entries {
            match values.as_slice() {
                [one] => map.serialize_entry(name, one)?,
                many => map.serialize_entry(name, many)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose values are strings or arrays of strings")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Fields, E> {
        Ok(Fields::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Collector::default();
        while let Some((name, Values(values))) = map.next_entry::<String, Values>()? {
            fields.values_mut(&name).extend(values);
        }
        Ok(fields.fields)
    }
}

/// One value or many, each a scalar taken as its text.
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor).map(Values)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(vec![text])
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(vec![value.to_string()])
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(vec![String::new()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Scalar(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values)
    }
}

/// A scalar inside an array; an array in an array is refused.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Values(mut values) = Values::deserialize(deserializer)?;
        match values.len() {
            1 => Ok(Self(values.swap_remove(0))),
            _ => Err(de::Error::custom(
                "expected a string, found an array inside an array",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_a_string_and_several_are_an_array() {
        let fields: Fields = [("accept", "a"), ("set-cookie", "1"), ("set-cookie", "2")]
            .into_iter()
            .collect();
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json, r#"{"accept":"a","set-cookie":["1","2"]}"#);
        assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), fields);
    }

    #[test]
    fn many_names_are_kept_as_few_are() {
        let name = |at: usize| format!("n{}", at % 100);
        let many: Fields = (0..300).map(|at| (name(at), at.to_string())).collect();
        let mut pushed = Fields::new();
        for at in 0..300 {
            pushed.push(&name(at), at.to_string());
        }
        assert_eq!(many, pushed);
        let json = serde_json::to_string(&many).unwrap();
        assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), many);
    }

    #[test]
    fn scalars_are_read_as_their_text() {
        let fields: Fields =
            serde_json::from_str(r#"{"a":1,"b":true,"c":null,"d":[2.5,"x"],"e":-1}"#).unwrap();
        let pairs: Vec<_> = fields
            .iter()
            .map(|(name, values)| (name, values.join("|")))
            .collect();
        let expected = [
            ("a", "1"),
            ("b", "true"),
            ("c", ""),
            ("d", "2.5|x"),
            ("e", "-1"),
        ];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn nested_values_are_refused() {
        for json in [r#"{"a":{"b":1}}"#, r#"{"a":[["b","c"]]}"#, r#""text""#] {
            assert!(serde_json::from_str::<Fields>(json).is_err(), "{json}");
        }
    }
}
