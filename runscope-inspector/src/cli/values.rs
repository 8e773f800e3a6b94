//! What flags can be set to.

use crate::query::{parse_duration, parse_size};
use clap::ValueEnum;
use std::time::Duration;

/// The durabilities by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DurabilityName {
    /// The end of the process; a power loss can take the last moments.
    Process,
    /// Power loss: every commit waits for the disk.
    Power,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| "expected a time with its unit, such as 30d or 12h".to_owned())
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "expected a size, such as 10gb or 500mb".to_owned())
}

/// A body is text in memory: one that is larger than this is a mistake.
const LARGEST_BODY: u64 = 1 << 30;

pub(super) fn body(text: &str) -> Result<usize, String> {
    let bytes = parse_size(text).filter(|size| (1..=LARGEST_BODY).contains(size));
    bytes
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "expected a size up to 1gib, such as 16mib".to_owned())
}

#[cfg(feature = "demo")]
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.01 to 100000".to_owned()),
    }
}
