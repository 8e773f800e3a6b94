//! One exchange as plain data: what capture leaves behind and the worker encodes.

use super::budget::Charge;
use super::flat::{Flat, Span};
use super::tap::Tap;
use crate::message::{Direction, Outcome};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// One exchange. Its texts lie in one flat buffer, its bodies are the frames that passed, and it
/// knows no framework. Nothing of it is redacted: that is the encoder's, on the delivery thread.
#[derive(Debug)]
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
    pub(crate) url: Span,
    /// The URL's end, as the target had it: what can hold a secret.
    pub(crate) path_and_query: Span,
    pub(crate) headers: Span,
    pub(crate) received: SystemTime,
    pub(crate) body: Tap,
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
