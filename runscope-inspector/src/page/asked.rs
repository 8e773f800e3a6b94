use super::place::Place;
use crate::api::ApiError;
use crate::exchange::Timestamp;
use crate::query::parse;
use crate::store::Scan;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// A filter in a link.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) q: String,
}

impl Asked {
    /// What is looked at for it, and how long.
    pub(super) fn scan(&self, place: &Place, time: Duration) -> Result<Scan, ApiError> {
        Ok(Scan {
            bucket: place.bucket.id,
            filter: parse(&self.q)?,
            now: Timestamp::now(),
            deadline: Instant::now() + time,
        })
    }
}
