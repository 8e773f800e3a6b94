//! One exchange as plain data: what capture leaves behind and the worker encodes.

use super::budget::Charge;
use super::flat::{Flat, Span};
use super::tap::{Chunks, Tap};
use crate::message::{Direction, Outcome, Withheld};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// One exchange. Its texts lie in one flat buffer, its bodies are the frames that passed, and it
/// knows no framework. Nothing of it is redacted: that is the encoder's, on the delivery thread.
///
/// What can be told from the rest is told there too, when the record is
/// [taken](super::shared::Shared::take): a request waits for nothing that it need not.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) flat: Flat,
    pub(crate) request: RequestPart,
    /// Absent where the service gave no response.
    pub(crate) response: Option<ResponsePart>,
    pub(crate) direction: Direction,
    pub(crate) outcome: Outcome,
    pub(crate) error: Span,
    pub(crate) service: Span,
    pub(crate) route: Span,
    pub(crate) consumer: String,
    pub(crate) client_address: Span,
    pub(crate) protocol: &'static str,
    pub(crate) tags: Tags,
    pub(crate) total_time: Duration,
    pub(crate) sample_rate: f64,
    pub(crate) charge: Charge,
    /// For the response's body, if that is a small one.
    pub(super) buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct RequestPart {
    pub(crate) method: Span,
    /// The URL up to its path: told when the record is taken.
    pub(crate) origin: Span,
    /// The URL from its path on, as the target had it: what can hold a secret.
    pub(crate) path_and_query: Span,
    pub(crate) headers: Span,
    pub(crate) received: SystemTime,
    pub(crate) body: Tap,
}

impl Record {
    /// Beyond this a buffer is not kept: one head of long lines does not make others large.
    pub(super) const MOST_KEPT: usize = 4 * 1024;

    /// Forgets the exchange, and keeps its buffers of a usual size for the next.
    pub(super) fn clear(&mut self) {
        let old = std::mem::take(self);
        let kept = old.response.map(|response| response.body.kept);
        let buffer = kept.and_then(Chunks::into_buffer).unwrap_or(old.buffer);
        self.flat = usual(old.flat, Flat::capacity, Flat::clear);
        self.buffer = usual(buffer, Vec::capacity, Vec::clear);
    }
}

/// A buffer without what was in it, unless it is a huge one.
fn usual<T: Default>(mut buffer: T, capacity: fn(&T) -> usize, clear: fn(&mut T)) -> T {
    if capacity(&buffer) > Record::MOST_KEPT {
        return T::default();
    }
    clear(&mut buffer);
    buffer
}

impl ResponsePart {
    pub(super) fn new(status: u16, headers: Span, body: Tap) -> Self {
        Self {
            status,
            headers,
            response_time: Duration::ZERO,
            body,
        }
    }

    /// A response of which only the status is known: it is made outside of the layer, or there is
    /// nobody left to make it for.
    pub(super) fn bare(status: u16) -> Self {
        Self::new(status, Span::default(), Tap::new(Some(Withheld::Unseen)))
    }
}

impl Default for RequestPart {
    fn default() -> Self {
        Self {
            method: Span::default(),
            origin: Span::default(),
            path_and_query: Span::default(),
            headers: Span::default(),
            received: SystemTime::UNIX_EPOCH,
            body: Tap::default(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct ResponsePart {
    pub(crate) status: u16,
    pub(crate) headers: Span,
    pub(crate) response_time: Duration,
    pub(crate) body: Tap,
}

/// The app's own fields, few and short.
#[derive(Debug, Default)]
pub(crate) struct Tags(Vec<(String, String)>);

impl Tags {
    /// More than this many are not kept: an exchange is not a log.
    const MOST: usize = 32;

    /// Sets a tag; a name that is set again has the last value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| known == name) {
            value.clone_into(old);
        } else if self.0.len() < Self::MOST {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// How many bytes more it takes to set a tag, or `None` where there is no place for it. A value
    /// that is set again is written in the place of the old one, whose room was paid for.
    pub(crate) fn cost(&self, name: &str, value: &str) -> Option<usize> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, old)) => Some(value.len().saturating_sub(old.capacity())),
            None if self.0.len() < Self::MOST => {
                Some(size_of::<(String, String)>() + name.len() + value.len())
            }
            None => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
