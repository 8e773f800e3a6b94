use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in microseconds since the Unix epoch.
///
/// The wire form counts seconds in a float, which holds today's times to a quarter of a microsecond;
/// whole microseconds compare exactly and fit a database column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this is called.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From the API's Unix seconds; what is not finite or out of range is `None`.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        // The years 1 to 9999, so that every timestamp can be written as a date.
        let range = -62_135_596_800.0..253_402_300_799.0;
        range
            .contains(&seconds)
            .then(|| Self((seconds * 1e6).round() as i64))
    }

    /// The API's Unix seconds.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This moment less a duration.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }
}

/// RFC 3339 in UTC, as `2026-11-22T10:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => write!(f, "{}", self.as_seconds()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_come_back_to_the_microsecond() {
        for micros in [
            0,
            1,
            -1_500_000,
            1_351_703_153_950_001,
            1_795_392_000_123_456,
        ] {
            let timestamp = Timestamp::from_micros(micros);
            assert_eq!(
                Timestamp::from_seconds(timestamp.as_seconds()),
                Some(timestamp)
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for seconds in [f64::NAN, f64::INFINITY, -1e12, 1e18] {
            assert_eq!(Timestamp::from_seconds(seconds), None, "{seconds}");
        }
    }
}
