//! Times, sizes and counts as people read them.

use crate::exchange::Timestamp;
use maud::{Markup, html};
use std::time::Duration;

/// `0.4 ms`, `12 ms`, `1.24 s`, `2 min 5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs_f64();
    match micros {
        0..=9_999 => format!("{:.1} ms", seconds * 1e3),
        10_000..=999_499 => format!("{:.0} ms", seconds * 1e3),
        999_500..=9_994_999 => format!("{seconds:.2} s"),
        9_995_000..=59_949_999 => format!("{seconds:.1} s"),
        _ => {
            let seconds = duration.as_secs();
            match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
                (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
                (hours, minutes, _) => format!("{} h {minutes} min", count(hours)),
            }
        }
    }
}

/// `312 B`, `1.2 kB`, `3.4 MB`: a kB has 1,000 bytes, as in the filter language.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    for unit in ["kB", "MB", "GB"] {
        // What would be rounded up to four digits is shown in the next unit.
        if value < 999.5 {
            let decimals = usize::from(value < 99.95);
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `1,204,331`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 call`, `1,204 calls`.
pub(crate) fn calls(number: u64) -> String {
    let noun = if number == 1 { "call" } else { "calls" };
    format!("{} {noun}", count(number))
}

/// `10:42:07.123` in UTC with the whole moment beside it; the script shows it in the reader's zone.
pub(crate) fn time(at: Timestamp) -> Markup {
    let whole = at.to_string();
    html! { time datetime=(whole) title=(whole) { (clock(at, "%H:%M:%S%.3f")) } }
}

/// `Nov 22, 10:42` in UTC; the script shows it in the reader's zone.
pub(crate) fn moment(at: Timestamp) -> Markup {
    html! { time.moment datetime=(at) title=(at) { (clock(at, "%b %-d, %H:%M")) } }
}

fn clock(at: Timestamp, format: &str) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map(|at| at.strftime(format).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        for (micros, expected) in [
            (0, "0.0 ms"),
            (437, "0.4 ms"),
            (9_940, "9.9 ms"),
            (12_300, "12 ms"),
            (999_400, "999 ms"),
            (1_240_000, "1.24 s"),
            (12_300_000, "12.3 s"),
            (125_000_000, "2 min 5 s"),
            (7_260_000_000, "2 h 1 min"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn sizes_and_counts_are_read_at_a_glance() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.2 kB"),
            (123_456, "123 kB"),
            (999_700, "1.0 MB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_204_331, "1,204,331"),
        ] {
            assert_eq!(count(number), expected);
        }
    }
}
