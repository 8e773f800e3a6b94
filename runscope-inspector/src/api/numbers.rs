//! Numbers of a query, each with its bounds, so that a wrong one is told what it has to be.

use crate::exchange::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::time::Duration;

/// The longest that a query may be told to look, in seconds.
pub(super) const LONGEST_DEADLINE: f64 = 30.0;

/// A whole number within bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Whole<LEAST, MOST> {
    pub(super) fn get(self) -> u64 {
        self.0
    }

    pub(super) fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = String::deserialize(deserializer)?.parse().ok();
        let number = number.filter(|number| (LEAST..=MOST).contains(number));
        number.map(Self).ok_or_else(|| {
            D::Error::custom(format_args!(
                "must be a whole number from {LEAST} to {MOST}"
            ))
        })
    }
}

/// How long a query may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience(pub(super) Duration);

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds: Option<f64> = String::deserialize(deserializer)?.parse().ok();
        let seconds = seconds.filter(|seconds| (0.0..=LONGEST_DEADLINE).contains(seconds));
        let patience = seconds.map(|seconds| Self(Duration::from_secs_f64(seconds)));
        patience.ok_or_else(|| {
            D::Error::custom(format_args!(
                "must be a number of seconds from 0 to {LONGEST_DEADLINE}"
            ))
        })
    }
}

/// A time in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = String::deserialize(deserializer)?.parse().ok();
        let moment = seconds.and_then(Timestamp::from_seconds).map(Self);
        moment.ok_or_else(|| D::Error::custom("must be a time in Unix seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is wrong with them is looked at")]
    struct All {
        count: Option<Whole<1, 1000>>,
        deadline: Option<Patience>,
        since: Option<Moment>,
        cursor: Option<i64>,
        #[serde(default)]
        bodies: bool,
        name: String,
    }

    #[test]
    fn a_number_that_will_not_do_is_told_its_name_and_its_bounds() {
        let count = Some("count must be a whole number from 1 to 1000");
        let deadline = Some("deadline must be a number of seconds from 0 to 30");
        let since = Some("since must be a time in Unix seconds");
        for (query, expected) in [
            ("name=a", None),
            (
                "name=a&count=1&deadline=0.5&since=1795341600.25&cursor=-1&bodies=true",
                None,
            ),
            ("name=a&count=1000&deadline=30", None),
            ("name=a&count=abc", count),
            ("name=a&count=0", count),
            ("name=a&count=1001", count),
            ("name=a&count=-1", count),
            ("name=a&count=99999999999999999999", count),
            ("name=a&count=", count),
            ("name=a&deadline=soon", deadline),
            ("name=a&deadline=NaN", deadline),
            ("name=a&deadline=31", deadline),
            ("name=a&since=yesterday", since),
            ("name=a&since=1e300", since),
            ("name=a&cursor=x", Some("cursor must be a number")),
            ("name=a&bodies=1", Some("bodies must be true or false")),
            ("name=a&name=b", Some("name is there twice")),
            ("count=1", Some("name is missing")),
        ] {
            let read = read::query::<All>(query);
            assert_eq!(read.as_ref().err().map(String::as_str), expected, "{query}");
        }
    }
}
