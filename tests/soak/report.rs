//! What came of it, as Markdown, and which promises were broken.

use super::api::Accepted;
use super::apps::App;
use super::gauge::{Flatness, NAMES};
use super::load::Tally;
use std::fmt;

/// What memory, threads and descriptors may grow by.
const MOST_GROWTH: f64 = 0.05;

/// A shorter run is over before the allocator has settled, which keeps what bursts once took.
const LEAST_MINUTES: u64 = 8;

pub struct Report<'a> {
    pub minutes: u64,
    pub restarts: u32,
    pub rows: Vec<Row<'a>>,
    pub flatness: [Flatness; 4],
}

impl Report<'_> {
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for ((app, tally), accepted) in &self.rows {
            let stats = app.recorder.stats();
            let mut claim = |holds: bool, promise: &str| {
                if !holds {
                    broken.push(format!("{}: {promise}: {stats:?}", app.name));
                }
            };
            claim(
                tally.wrong == 0,
                "every request is answered as without the library",
            );
            claim(
                stats.captured == tally.requests,
                "every request is captured once",
            );
            let dropped = stats.dropped.total();
            let sum = stats.delivered + stats.rejected + dropped;
            claim(stats.captured == sum, "all that was captured is settled");
            claim((stats.queued, stats.spooled) == (0, 0), "nothing is left");
            claim(
                accepted.exchanges == stats.delivered,
                "what is delivered is what the API took",
            );
            claim(
                !app.has_spool || dropped == 0,
                "with a spool nothing is dropped",
            );
            claim(
                dropped == stats.dropped.queue_full + stats.dropped.over_budget,
                "only what has no room is dropped",
            );
            claim(
                (stats.panics, stats.spool_faults) == (0, 0),
                "nothing goes wrong inside",
            );
        }
        for (name, flatness) in NAMES.iter().zip(&self.flatness) {
            if self.minutes >= LEAST_MINUTES && flatness.growth() > MOST_GROWTH {
                broken.push(format!(
                    "{name}: grows by no more than {MOST_GROWTH}: {flatness:?}"
                ));
            }
        }
        broken
    }
}

type Row<'a> = ((&'a App, Tally), Accepted);

/// One number of a row.
type Number = fn(&Row<'_>) -> u64;

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} minutes, the API killed {} times\n",
            self.minutes, self.restarts
        )?;
        let heads: Vec<_> = self
            .rows
            .iter()
            .map(|((app, _), _)| match app.has_spool {
                true => format!("{}, with a spool", app.name),
                false => app.name.to_owned(),
            })
            .collect();
        writeln!(f, "| exchanges | {} |", heads.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(heads.len()))?;
        let rows: [(&str, Number); 9] = [
            ("requests", |((_, tally), _)| tally.requests),
            ("answered wrongly", |((_, tally), _)| tally.wrong),
            ("slowest answer, ms", |((_, tally), _)| tally.slowest_ms),
            ("captured", |((app, _), _)| app.recorder.stats().captured),
            ("delivered", |((app, _), _)| app.recorder.stats().delivered),
            ("dropped, counted", |((app, _), _)| {
                app.recorder.stats().dropped.total()
            }),
            ("taken by the API", |(_, accepted)| accepted.exchanges),
            ("taken again, their answer lost", |(_, accepted)| {
                accepted.again
            }),
            ("POSTs that had to be made again", |((app, _), _)| {
                app.recorder.stats().retries
            }),
        ];
        for (name, value) in rows {
            let values: Vec<_> = self.rows.iter().map(|row| value(row).to_string()).collect();
            writeln!(f, "| {name} | {} |", values.join(" | "))?;
        }
        writeln!(
            f,
            "\n| the process | after warm-up | at the end | change | most |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        for (name, flatness) in NAMES.iter().zip(&self.flatness) {
            let Flatness {
                before,
                after,
                most,
            } = flatness;
            let growth = 100.0 * flatness.growth();
            writeln!(
                f,
                "| {name} | {before:.1} | {after:.1} | {growth:+.1} % | {most:.1} |"
            )?;
        }
        Ok(())
    }
}
