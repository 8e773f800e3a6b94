//! The doors of the fuzz targets in `fuzz/` to what is not public. They are there under
//! `--cfg fuzzing` alone, and are no part of the API.

use crate::client::{Answer, Notice, Receipt, answer, retry_after as value};
use std::time::{Duration, SystemTime};

/// How long a `Retry-After` asks to wait.
#[must_use]
pub fn retry_after(bytes: &[u8], now: SystemTime) -> Option<Duration> {
    value::parse(bytes, now)
}

/// What an answer says of the messages with these identifiers.
///
/// # Errors
///
/// Why none was taken, or `None` where the answer is none of the API's.
pub fn answer(status: u16, body: &[u8], sent: &[&str]) -> Result<Receipt, Option<Notice>> {
    match answer::read(status, body, sent) {
        Answer::Results(receipt) => Ok(receipt),
        Answer::Refused(notice) => Err(Some(notice)),
        Answer::Unparsable => Err(None),
    }
}

/// The reason that a refusal gives.
#[must_use]
pub fn reason(body: &[u8]) -> Option<Notice> {
    answer::reason(body)
}
