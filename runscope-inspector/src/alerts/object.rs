//! JSON objects read member by member, so that every mistake has a place and a way out.

use super::mistake::Mistake;
use crate::exchange::Timestamp;
use crate::nearest::nearest;
use crate::query::{parse_duration, write_duration};
use serde_json::{Map, Value};
use std::time::Duration;

/// An object whose members are all known.
#[derive(Debug)]
pub(super) struct Object<'a> {
    place: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub(super) fn of(value: &'a Value, place: &str, known: &[&str]) -> Result<Self, Mistake> {
        let Value::Object(members) = value else {
            let fix = format!("write an object with {}", known.join(", "));
            return Err(Mistake::new(place, "it is not an object", fix));
        };
        for name in members.keys() {
            if !known.contains(&name.as_str()) {
                let fix = match nearest(name, known.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("there are {}", known.join(", ")),
                };
                let place = format!("{place}/{}", escaped(name));
                return Err(Mistake::new(place, "there is no such setting", fix));
            }
        }
        Ok(Self {
            place: place.to_owned(),
            members,
        })
    }

    /// The place of a member.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }

    /// A member; `null` is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Mistake> {
        let read = |value: &'a Value| {
            let mistake = || Mistake::new(self.place(name), "it is not text", "put it in quotes");
            value.as_str().ok_or_else(mistake)
        };
        self.get(name).map(read).transpose()
    }

    /// A text that can't be left out.
    pub(super) fn needed(&self, name: &str) -> Result<&'a str, Mistake> {
        self.text(name)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(&self, name: &str) -> Mistake {
        Mistake::new(self.place(name), "it is missing", format!("give `{name}`"))
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Mistake> {
        self.get(name).map_or(Ok(default), |value| {
            let mistake = || {
                Mistake::new(
                    self.place(name),
                    "it is neither true nor false",
                    "write true or false",
                )
            };
            value.as_bool().ok_or_else(mistake)
        })
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Mistake> {
        let read = |value: &Value| {
            let number = value
                .as_u64()
                .filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| {
                let fix = format!("write a whole number from {least} to {most}");
                Mistake::new(self.place(name), format!("{value} is no such number"), fix)
            })
        };
        self.get(name).map(read).transpose()
    }

    /// A duration with its unit, within bounds.
    pub(super) fn duration(
        &self,
        name: &str,
        least: Duration,
        most: Duration,
    ) -> Result<Option<Duration>, Mistake> {
        let read = |value: &Value| {
            let duration = value.as_str().and_then(parse_duration);
            let duration = duration.filter(|duration| (least..=most).contains(duration));
            duration.ok_or_else(|| {
                let fix = format!(
                    "write a time with its unit, from \"{}\" to \"{}\"",
                    write_duration(least),
                    write_duration(most)
                );
                Mistake::new(self.place(name), format!("{value} is no such time"), fix)
            })
        };
        self.get(name).map(read).transpose()
    }

    /// A moment: RFC 3339, or Unix seconds.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Mistake> {
        let read = |value: &Value| {
            let moment = match value {
                Value::String(text) => text
                    .parse::<jiff::Timestamp>()
                    .ok()
                    .map(|moment| Timestamp::from_micros(moment.as_microsecond())),
                value => value.as_f64().and_then(Timestamp::from_seconds),
            };
            moment.ok_or_else(|| {
                let fix = "write a moment such as \"2026-11-22T10:00:00Z\"";
                Mistake::new(self.place(name), format!("{value} is no moment"), fix)
            })
        };
        self.get(name).map(read).transpose()
    }

    /// A list, empty where it is left out.
    pub(super) fn list(&self, name: &str, most: usize) -> Result<&'a [Value], Mistake> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(values)) if values.len() <= most => Ok(values),
            Some(Value::Array(_)) => {
                let fix = format!("keep to {most}");
                Err(Mistake::new(self.place(name), "the list is too long", fix))
            }
            Some(_) => Err(Mistake::new(
                self.place(name),
                "it is not a list",
                "put it in brackets: [ ]",
            )),
        }
    }

    /// Texts in a list.
    pub(super) fn texts(&self, name: &str, most: usize) -> Result<Vec<String>, Mistake> {
        let texts = self
            .list(name, most)?
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let mistake = || {
                    let place = format!("{}/{at}", self.place(name));
                    Mistake::new(place, "it is not text", "put it in quotes")
                };
                value.as_str().map(str::to_owned).ok_or_else(mistake)
            });
        texts.collect()
    }

    /// One of several words.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(T, &str)],
        default: Option<T>,
    ) -> Result<T, Mistake> {
        let Some(text) = self.text(name)? else {
            return default.ok_or_else(|| self.missing(name));
        };
        let found = words.iter().find(|(_, word)| *word == text);
        found.map(|(value, _)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(_, word)| *word).collect();
            let fix = format!("write one of {}", words.join(", "));
            Mistake::new(self.place(name), format!("there is no `{text}`"), fix)
        })
    }
}

/// A name as a part of a JSON Pointer.
fn escaped(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    name.replace('~', "~0").replace('/', "~1")
}
