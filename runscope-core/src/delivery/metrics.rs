//! The counters in the app's own metrics, through the `metrics` facade.

use super::Stats;
use metrics::{counter, gauge};

/// Publishes a reading. The values are absolute, so that an app that installs its metrics late
/// misses nothing.
pub(super) fn publish(stats: &Stats) {
    for (name, value) in counters(stats) {
        counter!(name).absolute(value);
    }
    for (reason, value) in drops(stats) {
        counter!("runscope_exchanges_dropped_total", "reason" => reason).absolute(value);
    }
    for (name, value) in gauges(stats) {
        // Exact up to 2^53: more exchanges than memory can hold.
        gauge!(name).set(value as f64);
    }
}

fn counters(stats: &Stats) -> [(&'static str, u64); 15] {
    [
        ("runscope_exchanges_captured_total", stats.captured),
        ("runscope_exchanges_delivered_total", stats.delivered),
        ("runscope_exchanges_warned_total", stats.warned),
        ("runscope_exchanges_unconfirmed_total", stats.unconfirmed),
        ("runscope_exchanges_rejected_total", stats.rejected),
        ("runscope_exchanges_too_large_total", stats.too_large),
        ("runscope_exchanges_skipped_total", stats.skipped),
        ("runscope_exchanges_sampled_out_total", stats.sampled_out),
        ("runscope_exchanges_cut_total", stats.cut),
        ("runscope_delivery_attempts_total", stats.attempts),
        ("runscope_delivery_retries_total", stats.retries),
        ("runscope_delivery_panics_total", stats.panics),
        ("runscope_exchanges_recovered_total", stats.recovered),
        ("runscope_spool_faults_total", stats.spool_faults),
        ("runscope_spool_damaged_total", stats.spool_damaged),
    ]
}

fn drops(stats: &Stats) -> [(&'static str, u64); 8] {
    [
        ("queue_full", stats.dropped.queue_full),
        ("over_budget", stats.dropped.over_budget),
        ("retries_exhausted", stats.dropped.retries_exhausted),
        ("shutdown", stats.dropped.shutdown),
        ("panic", stats.dropped.panic),
        ("spool_full", stats.dropped.spool_full),
        ("spool_expired", stats.dropped.spool_expired),
        ("spool_damaged", stats.dropped.spool_damaged),
    ]
}

fn gauges(stats: &Stats) -> [(&'static str, u64); 2] {
    [
        ("runscope_exchanges_queued", stats.queued),
        ("runscope_exchanges_spooled", stats.spooled),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_docs_lists_what_is_published() {
        let stats = Stats::default();
        let table = include_str!("METRICS.md");
        let drops = drops(&stats).map(|(reason, _)| {
            format!("| `runscope_exchanges_dropped_total` | `reason=\"{reason}\"` | `dropped.{reason}` |")
        });
        for row in &drops {
            assert!(table.contains(row.as_str()), "{row}");
        }
        let names = counters(&stats).into_iter().chain(gauges(&stats));
        let names: Vec<_> = names.map(|(name, _)| format!("| `{name}` |")).collect();
        for name in &names {
            assert!(table.contains(name.as_str()), "{name}");
        }
        let rows = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, drops.len() + names.len());
    }
}
