//! A setting's value before anyone knows what it should be, and the ways to read it.
//!
//! A value may have the right type or be its text, because environments, `values.yaml` files and
//! templates turn everything into text. Each conversion fails with what is wrong, without the key
//! and without the fix; the caller knows those.

use super::units::{bytes_from_text, duration_from_text};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::{fmt, time::Duration};

/// Longer values are cut where a complaint quotes them.
const LONGEST_QUOTE: usize = 60;

/// A value of any self-describing format. It has no `Debug`, since it may hold a token.
#[derive(Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    /// Pairs, not a map, so that a key given twice is seen.
    Table(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn flag(&self) -> Result<bool, String> {
        match self {
            Self::Bool(flag) => return Ok(*flag),
            Self::Int(0) => return Ok(false),
            Self::Int(1) => return Ok(true),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => return Ok(true),
                "false" | "0" | "no" | "off" => return Ok(false),
                _ => {}
            },
            _ => {}
        }
        Err(format!("{} is not a boolean", self.quoted()))
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self) -> Result<u64, String> {
        let number = match self {
            Self::Int(number) => Some(*number),
            // Beyond 2^53 a float no longer says which whole number was meant.
            Self::Float(number) if number.fract() == 0.0 && number.abs() <= 9e15 => {
                Some(*number as i128)
            }
            Self::Text(text) => text.trim().parse::<i128>().ok(),
            _ => None,
        };
        match number {
            Some(number) if number < 0 => Err(format!("{} is negative", self.quoted())),
            Some(number) => {
                u64::try_from(number).map_err(|_| format!("{} is too large", self.quoted()))
            }
            None => Err(format!("{} is not a whole number", self.quoted())),
        }
    }

    /// A number of bytes, or text such as `64KiB`.
    pub(super) fn bytes(&self) -> Result<u64, String> {
        match self {
            Self::Text(text) => {
                bytes_from_text(text).map_err(|fault| format!("{} {fault}", self.quoted()))
            }
            _ => self.count(),
        }
    }

    /// A finite number.
    pub(super) fn number(&self) -> Result<f64, String> {
        let number = match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.trim().parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.is_finite() => Ok(number),
            _ => Err(format!("{} is not a number", self.quoted())),
        }
    }

    /// A number of the given unit, or text such as `1.5s`.
    pub(super) fn duration(&self, unit: Duration) -> Result<Duration, String> {
        let duration = match self {
            Self::Text(text) => duration_from_text(text, unit),
            _ => super::units::duration(self.number()?, unit),
        };
        duration.map_err(|fault| format!("{} {fault}", self.quoted()))
    }

    /// Text. A number is refused rather than printed back: `bucket_key: 1e9` in a YAML file is no
    /// longer what its author wrote. The complaint never quotes it, since it may be a secret.
    pub(super) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Int(_) | Self::Float(_) | Self::Bool(_) => {
                Err(format!("is {}, not text; put it in quotes", self.kind()))
            }
            _ => Err(format!("is {}, not text", self.kind())),
        }
    }

    /// A list of texts, or one text with commas.
    pub(super) fn texts(&self) -> Result<Vec<&str>, String> {
        match self {
            Self::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect()),
            Self::List(items) => items
                .iter()
                .map(Value::text)
                .collect::<Result<_, _>>()
                .map_err(|fault| format!("an item {fault}")),
            _ => Err(format!("{} is not a list", self.quoted())),
        }
    }

    /// The value as a complaint shows it.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            // Plain notation would write out every zero.
            Self::Float(number) if number.abs() >= 1e15 => format!("{number:e}"),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => quoted(text),
            _ => self.kind().to_owned(),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Text in quotes, cut when it is long, with control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("settings of runscope")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Int(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        Ok(Value::Int(i128::try_from(number).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Value, Value>()? {
            let key = match key {
                Value::Text(text) => text,
                other => other.quoted(),
            };
            table.push((key, value));
        }
        Ok(Value::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn booleans_are_read_from_their_type_and_from_text() {
        for (value, expected) in [
            (Value::Bool(true), true),
            (Value::Int(0), false),
            (text("TRUE"), true),
            (text(" on "), true),
            (text("Yes"), true),
            (text("1"), true),
            (text("off"), false),
            (text("No"), false),
        ] {
            assert_eq!(value.flag(), Ok(expected), "{}", value.quoted());
        }
        for value in [
            Value::Int(2),
            Value::Float(1.0),
            text("yes please"),
            text(""),
        ] {
            let fault = value.flag().unwrap_err();
            assert_eq!(fault, format!("{} is not a boolean", value.quoted()));
        }
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        for (value, expected) in [
            (Value::Int(7), Ok(7)),
            (Value::Float(200.0), Ok(200)),
            (text(" 42 "), Ok(42)),
            (Value::Int(-1), Err("-1 is negative")),
            (text("-3"), Err("\"-3\" is negative")),
            (Value::Float(1.5), Err("1.5 is not a whole number")),
            (Value::Float(f64::NAN), Err("NaN is not a whole number")),
            (Value::Float(1e300), Err("1e300 is not a whole number")),
            (Value::Int(i128::MAX), Err("is too large")),
            (Value::Bool(true), Err("true is not a whole number")),
            (Value::List(vec![]), Err("a list is not a whole number")),
        ] {
            match (value.count(), expected) {
                (Ok(count), Ok(expected)) => assert_eq!(count, expected),
                (Err(fault), Err(expected)) => assert!(fault.contains(expected), "{fault}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn durations_take_the_units_of_their_key_unless_the_text_names_one() {
        let (ms, second) = (Duration::from_millis(1), Duration::from_secs(1));
        for (value, unit, expected) in [
            (Value::Int(10_000), ms, Duration::from_secs(10)),
            (Value::Float(0.5), second, Duration::from_millis(500)),
            (text("30"), ms, Duration::from_millis(30)),
            (text("1.5s"), ms, Duration::from_millis(1500)),
            (text("500ms"), second, Duration::from_millis(500)),
            (text("2 m"), ms, Duration::from_secs(120)),
        ] {
            assert_eq!(value.duration(unit), Ok(expected), "{}", value.quoted());
        }
        for (value, expected) in [
            (Value::Int(-1), "-1 is negative"),
            (Value::Float(f64::INFINITY), "inf is not a number"),
            (Value::Float(1e300), "is too long"),
            (text("soon"), "\"soon\" is not a duration"),
            (text("5 parsecs"), "\"5 parsecs\" is not a duration"),
            (text("NaN"), "\"NaN\" is not a duration"),
            (Value::Null, "null is not a number"),
        ] {
            let fault = value.duration(second).unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
    }

    #[test]
    fn lists_are_read_from_lists_and_from_text_with_commas() {
        let list = Value::List(vec![text("a"), text("b,c")]);
        assert_eq!(list.texts().unwrap(), ["a", "b,c"]);
        assert_eq!(text(" a, b ,,c").texts().unwrap(), ["a", "b", "c"]);
        assert!(text("").texts().unwrap().is_empty());
        assert_eq!(
            Value::List(vec![Value::Int(1)]).texts().unwrap_err(),
            "an item is a number, not text; put it in quotes"
        );
        assert!(Value::Int(1).texts().is_err());
    }

    #[test]
    fn a_long_value_is_quoted_in_part_and_on_a_character_boundary() {
        let quote = quoted(&"é".repeat(100));
        assert_eq!(
            quote.chars().filter(|&char| char == 'é').count(),
            LONGEST_QUOTE
        );
        assert!(quote.ends_with("\"…"));
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
    }

    #[test]
    fn every_shape_of_a_format_becomes_a_value_and_repeated_keys_are_kept() {
        let json = r#"{"a":null,"b":[true,-1,1.5,"x"],"a":18446744073709551615}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        let expected = Value::Table(vec![
            ("a".to_owned(), Value::Null),
            (
                "b".to_owned(),
                Value::List(vec![
                    Value::Bool(true),
                    Value::Int(-1),
                    Value::Float(1.5),
                    text("x"),
                ]),
            ),
            ("a".to_owned(), Value::Int(u64::MAX.into())),
        ]);
        assert!(value == expected);
    }
}
