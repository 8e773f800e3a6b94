//! Durations, sizes, moments and numbers as people write them.

use crate::exchange::Timestamp;
use std::fmt;
use std::time::Duration;

/// A moment, fixed or counted back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A fixed moment.
    At(Timestamp),
    /// This long before the filter is applied.
    Ago(Duration),
}

impl When {
    /// The moment, seen from now.
    #[must_use]
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(timestamp) => timestamp,
            Self::Ago(duration) => now.saturating_sub(duration),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(timestamp) => timestamp.fmt(f),
            Self::Ago(duration) => f.write_str(&write_duration(*duration)),
        }
    }
}

const DURATIONS: [(&str, u64); 7] = [
    ("w", 604_800_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

const SIZES: [(&str, u64); 7] = [
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("b", 1),
];

/// `500ms`, `1.5s`, `2m`, `1h`, `7d`, `2w`, to the microsecond; `None` for anything else.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    scaled(text, &DURATIONS, None).map(Duration::from_micros)
}

/// `10kb`, `1.5mib`, `300`: bytes; `k` and its like are thousands, `ki` and its like are 1,024.
/// `None` for anything else.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    scaled(text, &SIZES, Some(1))
}

/// `15m` ago, a date, a date and time, or Unix seconds.
pub(super) fn parse_when(text: &str) -> Option<When> {
    if let Some(duration) = parse_duration(text) {
        return Some(When::Ago(duration));
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return text
            .parse()
            .ok()
            .and_then(Timestamp::from_seconds)
            .map(When::At);
    }
    let at =
        |timestamp: jiff::Timestamp| When::At(Timestamp::from_micros(timestamp.as_microsecond()));
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(at(timestamp));
    }
    let minutes = text.strip_suffix('Z').unwrap_or(text);
    let civil = minutes.parse::<jiff::civil::DateTime>().ok()?;
    civil
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| at(zoned.timestamp()))
}

/// A plain decimal number.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let number: f64 = text.parse().ok().filter(|_| text.bytes().all(plain))?;
    number.is_finite().then_some(number)
}

/// The duration in the largest unit that holds it whole.
pub(crate) fn write_duration(duration: Duration) -> String {
    write_scaled(
        u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        &DURATIONS,
    )
}

/// The size in the largest unit that holds it whole.
pub(super) fn write_size(bytes: u64) -> String {
    write_scaled(bytes, &SIZES)
}

fn write_scaled(value: u64, units: &[(&str, u64)]) -> String {
    units
        .iter()
        .find(|(_, factor)| value > 0 && value.is_multiple_of(*factor))
        .or(units.last())
        .map(|(unit, factor)| format!("{}{unit}", value / factor))
        .unwrap_or_default()
}

/// A decimal number times its unit, in whole numbers throughout; no more than six decimals.
fn scaled(text: &str, units: &[(&str, u64)], without_unit: Option<u64>) -> Option<u64> {
    let end = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" => without_unit?,
        "µs" => 1,
        unit => {
            units
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))?
                .1
        }
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || decimals.is_empty() || decimals.len() > 6 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let millionths: u64 = format!("{decimals:0<6}").parse().ok()?;
    let part = u128::from(millionths) * u128::from(factor) / 1_000_000;
    whole
        .checked_mul(factor)?
        .checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_to_the_microsecond() {
        for (text, micros) in [
            ("500ms", Some(500_000)),
            ("1.5s", Some(1_500_000)),
            ("0.000001s", Some(1)),
            ("20us", Some(20)),
            ("20µs", Some(20)),
            ("2H", Some(7_200_000_000)),
            ("7d", Some(604_800_000_000)),
            ("500", None),
            ("ms", None),
            (".5s", None),
            ("1.s", None),
            ("1.2.3s", None),
            ("-1s", None),
            ("99999999999999w", None),
            ("1parsec", None),
        ] {
            assert_eq!(
                parse_duration(text),
                micros.map(Duration::from_micros),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_are_thousands_or_1024() {
        for (text, bytes) in [
            ("10kb", Some(10_000)),
            ("1.5KiB", Some(1_536)),
            ("300", Some(300)),
            ("2mb", Some(2_000_000)),
            ("1tb", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn moments_are_relative_dates_or_unix_seconds() {
        let at = |micros| Some(When::At(Timestamp::from_micros(micros)));
        for (text, when) in [
            ("15m", Some(When::Ago(Duration::from_secs(900)))),
            ("2026-11-22", at(1_795_305_600_000_000)),
            ("2026-11-22T10:00", at(1_795_341_600_000_000)),
            ("2026-11-22T10:00Z", at(1_795_341_600_000_000)),
            ("2026-11-22T10:00:00.5Z", at(1_795_341_600_500_000)),
            ("2026-11-22T10:00:00+01:00", at(1_795_338_000_000_000)),
            ("1351703153.95", at(1_351_703_153_950_000)),
            ("yesterday", None),
            ("2026-13-40", None),
            ("1.2.3", None),
        ] {
            assert_eq!(parse_when(text), when, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for micros in [
            0,
            1,
            999,
            1_000,
            1_500_000,
            60_000_000,
            604_800_000_000,
            90_000_000,
        ] {
            let duration = Duration::from_micros(micros);
            assert_eq!(parse_duration(&write_duration(duration)), Some(duration));
        }
        for bytes in [0, 1, 1_000, 1_024, 10_000, 1 << 30, 1_000_000_000, u64::MAX] {
            assert_eq!(parse_size(&write_size(bytes)), Some(bytes));
        }
    }
}
