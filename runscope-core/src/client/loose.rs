//! Reads what an API may have written a little differently: numbers as strings, nulls, an object
//! where a list of one was meant. A value of another shape counts as absent and is never an error.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Any scalar as its text.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let scalar = Scalar::deserialize(from)?;
    Ok(match scalar {
        Scalar::Absent => None,
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Int(value) => Some(value.to_string()),
        Scalar::Float(value) => Some(value.to_string()),
        Scalar::Text(value) => Some(value),
    })
}

/// A whole number, or the text of one.
pub(crate) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let scalar = Scalar::deserialize(from)?;
    Ok(match scalar {
        Scalar::Absent | Scalar::Bool(_) => None,
        Scalar::Int(value) => i64::try_from(value).ok(),
        Scalar::Float(value) => whole(value),
        Scalar::Text(value) => {
            let value = value.trim();
            let as_int = value.parse().ok();
            as_int.or_else(|| value.parse().ok().and_then(whole))
        }
    })
}

/// A count: a whole number that is not negative.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(int(from)?.and_then(|value| u64::try_from(value).ok()))
}

/// A boolean, its text, or a number that is not zero.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let scalar = Scalar::deserialize(from)?;
    Ok(match scalar {
        Scalar::Absent => None,
        Scalar::Bool(value) => Some(value),
        Scalar::Int(value) => Some(value != 0),
        Scalar::Float(value) => Some(value != 0.0),
        Scalar::Text(value) => match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
    })
}

/// An object; anything else counts as an empty one.
pub(crate) fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Object::deserialize(from)?.0)
}

/// A list of objects, or one object alone; anything else is `None`.
pub(crate) fn many<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    from.deserialize_any(ManyVisitor(PhantomData))
}

/// What the visitors below share: shapes that count as absent.
macro_rules! absent {
    ($value:expr; $($visit:ident: $from:ty),*) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
        $(fn $visit<E>(self, _: $from) -> Result<Self::Value, E> {
            Ok($value)
        })*
    };
}
pub(crate) use absent;

/// Passes over the rest of a list.
pub(crate) fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn whole(value: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer tells one whole number from the next.
    let exact = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    exact.then_some(value as i64)
}

enum Scalar {
    Absent,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    absent!(Scalar::Absent;);

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar, A::Error> {
        skip_seq(seq).map(|()| Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        IgnoredAny::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Scalar::Absent)
    }
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    absent!(T::default(); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        skip_seq(seq).map(|()| T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ManyVisitor<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    absent!(None; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Object(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Some(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|item| Some(vec![item]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn scalars_are_read_in_any_dress() {
        type Row = (
            Value,
            Option<&'static str>,
            Option<i64>,
            Option<u64>,
            Option<bool>,
        );
        let table: [Row; 12] = [
            (json!("12"), Some("12"), Some(12), Some(12), None),
            (json!(12), Some("12"), Some(12), Some(12), Some(true)),
            (json!(-3), Some("-3"), Some(-3), None, Some(true)),
            (json!(4.0), Some("4"), Some(4), Some(4), Some(true)),
            (json!(4.5), Some("4.5"), None, None, Some(true)),
            (json!(1e300), None, None, None, Some(true)),
            (json!(u64::MAX), None, None, None, Some(true)),
            (json!(true), Some("true"), None, None, Some(true)),
            (json!("False"), Some("False"), None, None, Some(false)),
            (json!(null), None, None, None, None),
            (json!([1, [2]]), None, None, None, None),
            (json!({"a": {"b": 1}}), None, None, None, None),
        ];
        for (value, as_text, as_int, as_count, as_flag) in table {
            if as_text.is_some() || !value.is_number() {
                assert_eq!(text(&value).unwrap().as_deref(), as_text, "{value}");
            }
            assert_eq!(int(&value).unwrap(), as_int, "{value}");
            assert_eq!(count(&value).unwrap(), as_count, "{value}");
            assert_eq!(flag(&value).unwrap(), as_flag, "{value}");
        }
    }

    #[test]
    fn lists_take_one_object_for_a_list_of_one() {
        type Map = std::collections::BTreeMap<String, i64>;
        let one = Map::from([("a".to_owned(), 1)]);
        for (value, expected) in [
            (json!([{"a": 1}, null, "x", [1]]), Some(4)),
            (json!({"a": 1}), Some(1)),
            (json!([]), Some(0)),
            (json!("x"), None),
            (json!(null), None),
        ] {
            let items: Option<Vec<Map>> = many(&value).unwrap();
            assert_eq!(items.as_ref().map(Vec::len), expected, "{value}");
            if let Some(first) = items.and_then(|items| items.into_iter().next()) {
                assert_eq!(first, one);
            }
        }
    }
}
