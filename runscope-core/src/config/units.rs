//! Durations and sizes as text, in both directions.

use std::time::Duration;

const DURATION_UNITS: [(&str, Duration); 7] = [
    ("us", Duration::from_micros(1)),
    ("µs", Duration::from_micros(1)),
    ("ms", Duration::from_millis(1)),
    ("s", Duration::from_secs(1)),
    ("m", Duration::from_secs(60)),
    ("h", Duration::from_secs(3600)),
    ("d", Duration::from_secs(86_400)),
];

/// The units of sizes, lower case. A bare letter is the binary unit, as in nginx; `kb` and the like
/// are powers of 1000, `kib` and the like powers of 1024.
const SIZE_UNITS: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
];

/// `number` times `unit`.
pub(super) fn duration(number: f64, unit: Duration) -> Result<Duration, &'static str> {
    if number < 0.0 {
        return Err("is negative");
    }
    Duration::try_from_secs_f64(number * unit.as_secs_f64()).map_err(|_| "is too long")
}

/// Text such as `500ms`; a bare number is taken in `default_unit`.
pub(super) fn duration_from_text(
    text: &str,
    default_unit: Duration,
) -> Result<Duration, &'static str> {
    const FAULT: &str = "is not a duration";
    let (number, unit) = number_and_unit(text).ok_or(FAULT)?;
    let unit = match unit {
        "" => default_unit,
        name => find(&DURATION_UNITS, name).ok_or(FAULT)?,
    };
    duration(number.parse().map_err(|_| FAULT)?, unit)
}

/// Text such as `64KiB` or `1.5 MB`; a bare number is bytes.
pub(super) fn bytes_from_text(text: &str) -> Result<u64, &'static str> {
    const FAULT: &str = "is not a size";
    const TOO_LARGE: &str = "is too large";
    let (number, unit) = number_and_unit(text).ok_or(FAULT)?;
    let unit = find(&SIZE_UNITS, &unit.to_ascii_lowercase()).ok_or(FAULT)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit).ok_or(TOO_LARGE);
    }
    let number: f64 = number.parse().map_err(|_| FAULT)?;
    let bytes = number * unit as f64;
    if bytes < 0.0 {
        Err("is negative")
    } else if bytes < 9e15 {
        Ok(bytes as u64)
    } else {
        Err(TOO_LARGE)
    }
}

/// The size in the largest binary unit that divides it, such as `64 KiB`.
pub(super) fn bytes_to_text(bytes: usize) -> String {
    for (name, unit) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{} {name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// The duration as a bare number of units, such as `0.5`.
pub(super) fn duration_to_text(duration: Duration, unit: Duration) -> String {
    (duration.as_secs_f64() / unit.as_secs_f64()).to_string()
}

/// Splits before the first letter. Exponents are not supported, and `inf` and `NaN` have no number.
fn number_and_unit(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(char::is_alphabetic).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.trim_end(), unit))
}

fn find<T: Copy>(units: &[(&str, T)], name: &str) -> Option<T> {
    units
        .iter()
        .find(|(unit, _)| *unit == name)
        .map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        for (text, expected) in [
            ("65536", 65_536),
            ("64KiB", 65_536),
            ("64k", 65_536),
            ("64 K", 65_536),
            ("64kb", 64_000),
            ("1MB", 1_000_000),
            ("1.5MiB", 1_572_864),
            ("1g", 1 << 30),
            ("512 B", 512),
        ] {
            assert_eq!(bytes_from_text(text), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("", "is not a size"),
            ("MiB", "is not a size"),
            ("10 elephants", "is not a size"),
            ("1e3", "is not a size"),
            ("-1", "is negative"),
            ("-1k", "is negative"),
            ("99999999999GiB", "is too large"),
            ("99999999999999999999999", "is too large"),
        ] {
            assert_eq!(bytes_from_text(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn sizes_are_written_in_the_largest_unit_that_fits_and_read_back() {
        for (bytes, expected) in [
            (0, "0"),
            (1000, "1000"),
            (1 << 10, "1 KiB"),
            (1 << 20, "1 MiB"),
            (3 << 29, "1536 MiB"),
            (1 << 30, "1 GiB"),
        ] {
            assert_eq!(bytes_to_text(bytes), expected);
            assert_eq!(bytes_from_text(expected), Ok(bytes as u64));
        }
    }

    #[test]
    fn durations_are_written_as_bare_numbers_and_read_back() {
        let (ms, second) = (Duration::from_millis(1), Duration::from_secs(1));
        for (millis, unit, expected) in [
            (10_000, ms, "10000"),
            (30, ms, "30"),
            (500, second, "0.5"),
            (60_000, second, "60"),
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(duration_to_text(duration, unit), expected);
            assert_eq!(duration_from_text(expected, unit), Ok(duration));
        }
    }

    #[test]
    fn a_duration_beyond_what_the_type_holds_is_refused() {
        for text in ["1000000000000000000000d", "99999999999999999999"] {
            assert_eq!(
                duration_from_text(text, Duration::from_secs(1)),
                Err("is too long")
            );
        }
    }
}
