use std::time::{Duration, SystemTime};

/// No wait is longer than a year, so that a caller can add it to any clock.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a `Retry-After` asks to wait (RFC 9110, section 10.2.3): seconds or an HTTP-date.
///
/// `None` for a time that has passed, a negative one, or anything else. Fractions of a second are
/// not in the RFC, but what they mean is plain, so they are understood.
pub(crate) fn parse(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    seconds(text)
        .or_else(|| until(text, now))
        .map(|wait| wait.min(LONGEST))
}

fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // The number of seconds can be too large for a `Duration`, and even for a float.
    let seconds = text.parse::<f64>().ok()?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?;
    at.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_from_seconds_and_dates_and_nothing_else() {
        // Sun, 06 Nov 1994 08:49:37 GMT, the RFC's own example.
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let now = then - Duration::from_secs(90);
        let after = |millis| Some(Duration::from_millis(millis));
        let huge = "9".repeat(400);
        for (value, expected) in [
            ("0", after(0)),
            ("7", after(7_000)),
            (" 120\t", after(120_000)),
            ("007", after(7_000)),
            ("1.5", after(1_500)),
            ("86400", after(86_400_000)),
            ("18446744073709551616", Some(LONGEST)),
            (huge.as_str(), Some(LONGEST)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", after(90_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", after(90_000)),
            ("Sun Nov  6 08:49:37 1994", after(90_000)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(LONGEST)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("-1", None),
            ("+1", None),
            ("1.", None),
            (".5", None),
            ("1.2.3", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("0x10", None),
            ("1 2", None),
            ("soon", None),
            ("", None),
            ("٣", None),
        ] {
            assert_eq!(parse(value.as_bytes(), now), expected, "{value:?}");
        }
        assert_eq!(parse(b"\xff\xfe", now), None);
    }

    #[test]
    fn a_clock_that_is_an_hour_off_makes_a_date_nothing_or_a_wait_that_is_bounded() {
        // The server means 90 seconds.
        let date = b"Sun, 06 Nov 1994 08:49:37 GMT";
        let true_time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_687);
        let hour = Duration::from_secs(3600);
        assert_eq!(parse(date, true_time), Some(Duration::from_secs(90)));
        assert_eq!(parse(date, true_time + hour), None);
        // The lane obeys no more than a quarter of an hour of it.
        assert_eq!(
            parse(date, true_time - hour),
            Some(Duration::from_secs(3690))
        );
        // Seconds mean the same whatever the clock says.
        for now in [true_time - hour, true_time, true_time + hour] {
            assert_eq!(parse(b"90", now), Some(Duration::from_secs(90)));
        }
    }
}
