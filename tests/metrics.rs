//! The counters in the app's own metrics.

mod support;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use runscope::{Config, MemorySink, Recorder, RequestHead, Stats};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::exchanges::{PATIENCE, record, try_begin};

/// Keeps the latest value of everything, by `name{label=value}`.
#[derive(Clone, Default)]
struct Registry(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Registry {
    fn cell(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    fn counter(&self, name: &str) -> u64 {
        self.0.lock().unwrap()[name].load(Ordering::SeqCst)
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.counter(name))
    }
}

impl metrics::Recorder for Registry {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// One test for all, because a process has one recorder of metrics.
#[test]
fn the_metrics_tell_what_the_stats_tell() {
    let sink = MemorySink::new();
    let config = Config::builder()
        .sink(sink)
        .max_entries(10)
        .max_coalescing_delay(Duration::from_secs(3600))
        .skip_methods(["HEAD"])
        .build()
        .expect("a config");
    let (recorder, guard) = Recorder::start(config).expect("a recorder");
    assert!(try_begin(&recorder, &RequestHead::new("HEAD", "/"), &[]).is_none());
    record(&recorder, 3);
    recorder.flush_blocking(PATIENCE).expect("all is settled");

    // An app may install its metrics late: the values are absolute.
    let registry = Registry::default();
    metrics::set_global_recorder(registry.clone()).expect("to be the first");
    record(&recorder, 4);
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    assert_published(&registry, &recorder.stats());
    assert_eq!(registry.counter("runscope_exchanges_captured_total{}"), 7);
    assert_eq!(registry.counter("runscope_exchanges_skipped_total{}"), 1);

    let exchange = try_begin(&recorder, &RequestHead::new("GET", "/"), &[]);
    guard.shutdown_blocking(PATIENCE).expect("nothing is left");
    drop(exchange);
    let stats = recorder.stats();
    assert_eq!((stats.captured, stats.dropped.shutdown), (8, 1));
    assert_eq!(registry.counter("runscope_exchanges_delivered_total{}"), 7);
    assert_eq!(registry.gauge("runscope_exchanges_queued{}"), 0.0);
}

#[track_caller]
fn assert_published(registry: &Registry, stats: &Stats) {
    let dropped = &stats.dropped;
    for (name, value) in [
        ("runscope_exchanges_captured_total{}", stats.captured),
        ("runscope_exchanges_delivered_total{}", stats.delivered),
        ("runscope_exchanges_warned_total{}", stats.warned),
        ("runscope_exchanges_unconfirmed_total{}", stats.unconfirmed),
        ("runscope_exchanges_rejected_total{}", stats.rejected),
        ("runscope_exchanges_too_large_total{}", stats.too_large),
        (
            "runscope_exchanges_dropped_total{reason=queue_full}",
            dropped.queue_full,
        ),
        (
            "runscope_exchanges_dropped_total{reason=over_budget}",
            dropped.over_budget,
        ),
        (
            "runscope_exchanges_dropped_total{reason=retries_exhausted}",
            dropped.retries_exhausted,
        ),
        (
            "runscope_exchanges_dropped_total{reason=shutdown}",
            dropped.shutdown,
        ),
        (
            "runscope_exchanges_dropped_total{reason=panic}",
            dropped.panic,
        ),
        ("runscope_exchanges_skipped_total{}", stats.skipped),
        ("runscope_exchanges_sampled_out_total{}", stats.sampled_out),
        ("runscope_exchanges_cut_total{}", stats.cut),
        ("runscope_delivery_attempts_total{}", stats.attempts),
        ("runscope_delivery_retries_total{}", stats.retries),
        ("runscope_delivery_panics_total{}", stats.panics),
    ] {
        assert_eq!(registry.counter(name), value, "{name}");
    }
    assert_eq!(
        registry.gauge("runscope_exchanges_queued{}"),
        stats.queued as f64
    );
    assert_eq!(
        registry.gauge("runscope_exchanges_spooled{}"),
        stats.spooled as f64
    );
}
