//! A wall clock that jumps moves no wait: what waits asks the monotonic clock, everywhere.
//!
//! What the wall clock may be asked for is listed here, with the reason why a jump does no harm.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// The sources that ask the wall clock, and how often.
const ALLOWED: [(&str, usize, &str); 7] = [
    (
        "capture/begin.rs",
        1,
        "when a request came; all else is counted from there by the other clock",
    ),
    (
        "client/check.rs",
        1,
        "the time in the message that a check sends",
    ),
    (
        "client/error.rs",
        1,
        "a date in Retry-After, for the caller",
    ),
    (
        "client/messages.rs",
        1,
        "the identifiers of messages that the caller made",
    ),
    ("delivery/dead_letter.rs", 1, "the time in a line"),
    (
        "delivery/output.rs",
        1,
        "a date in Retry-After, of which a quarter of an hour is obeyed",
    ),
    (
        "delivery/spool_thread.rs",
        5,
        "the age of records, which is one of hours",
    ),
];

fn uses(directory: &Path, prefix: &str, found: &mut Vec<(String, usize)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            uses(&entry.path(), &format!("{name}/"), found);
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        let count = shipped.matches("SystemTime::now").count();
        if count > 0 && name.ends_with(".rs") {
            found.push((name, count));
        }
    }
}

#[test]
fn only_these_ask_the_wall_clock() {
    let mut found = Vec::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    uses(&sources, "", &mut found);
    found.sort();
    let allowed = ALLOWED.map(|(name, count, _)| (name.to_owned(), count));
    assert_eq!(found, allowed);
}
