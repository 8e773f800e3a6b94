//! What the process holds, and whether it grows.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::fs;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the process held at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    values: [f64; 4],
}

/// The names of the values.
pub const NAMES: [&str; 4] = [
    "resident memory, MiB",
    "memory in use, MiB",
    "threads",
    "descriptors",
];

impl Sample {
    pub fn take() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let field = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.expect("a line").parse().expect("a number")
        };
        let descriptors = fs::read_dir("/proc/self/fd").expect("Linux").count();
        Self {
            // The directory that is read is one of them.
            values: [
                field("VmRSS:") / 1024.0,
                in_use() as f64 / f64::from(1 << 20),
                field("Threads:"),
                descriptors as f64 - 1.0,
            ],
        }
    }
}

/// How one value moved after the warm-up, which is the first quarter of the time.
#[derive(Debug, Clone, Copy)]
pub struct Flatness {
    /// The median of the next quarter.
    pub before: f64,
    /// The median of the last quarter.
    pub after: f64,
    pub most: f64,
}

impl Flatness {
    pub fn of(samples: &[Sample]) -> [Self; 4] {
        let quarter = samples.len() / 4;
        let (second, last) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
        std::array::from_fn(|value| {
            let median = |of: &[Sample]| {
                let mut values: Vec<_> = of.iter().map(|sample| sample.values[value]).collect();
                values.sort_by(f64::total_cmp);
                values.get(values.len() / 2).copied().unwrap_or_default()
            };
            let values = samples[quarter..].iter().map(|sample| sample.values[value]);
            Self {
                before: median(second),
                after: median(last),
                most: values.fold(0.0, f64::max),
            }
        })
    }

    /// By how much of itself it grew; below zero where it shrank.
    pub fn growth(&self) -> f64 {
        self.after / self.before - 1.0
    }
}

/// Bytes that are allocated. What a reallocation adds or frees is in these sums too.
fn in_use() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}
