use std::time::Duration;

/// What is wrong with the shop at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing beyond the usual.
    Fair,
    /// Everything that reads waits for the database.
    SlowDatabase,
    /// Checkouts fail: the payment provider does not answer.
    PaymentsDown,
    /// Somebody looks for doors that were left open.
    Scanned,
}

impl Weather {
    /// The weather of a moment since the start. Every trouble comes once a minute and passes, so
    /// that a chart of some minutes shows it as such.
    pub(super) fn at(since_start: Duration) -> Self {
        match since_start.as_secs() % 60 {
            15..=21 => Self::Scanned,
            28..=37 => Self::SlowDatabase,
            45..=54 => Self::PaymentsDown,
            _ => Self::Fair,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_come_and_pass() {
        for (second, weather) in [
            (0, Weather::Fair),
            (15, Weather::Scanned),
            (30, Weather::SlowDatabase),
            (40, Weather::Fair),
            (50, Weather::PaymentsDown),
            (60, Weather::Fair),
            (75, Weather::Scanned),
        ] {
            let found = Weather::at(Duration::from_secs(second));
            assert_eq!(found, weather, "{second}");
        }
    }
}
