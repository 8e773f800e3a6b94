//! The doors of the fuzz targets in `fuzz/` to what is not public. They are there under
//! `--cfg fuzzing` alone, and are no part of the API.

use super::export::{Format, write_exchange};
use super::har;
use super::import::each_item;
use super::state::Limits;
use crate::exchange::{Attributes, Exchange, Timestamp};
use runscope_core::Message;
use uuid::Uuid;

/// A format of downloads and uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// A message a line.
    Ndjson,
    /// One HTTP Archive.
    Har,
}

/// The messages of an upload that are taken, and how many are refused; `None` where it is refused
/// whole.
#[must_use]
pub fn import(archive: Archive, body: &[u8]) -> Option<(Vec<Message>, usize)> {
    let (mut messages, mut refused) = (Vec::new(), 0_usize);
    let read = each_item(archive.format(), body, &Limits::default(), |_, item| {
        match item {
            // What it was exported under is not part of what was sent.
            Ok(mut message) => {
                message.uuid = None;
                messages.push(message);
            }
            Err(_) => refused += 1,
        }
        Ok(())
    });
    read.ok().map(|()| (messages, refused))
}

/// What a download of these messages is.
#[must_use]
pub fn export(archive: Archive, messages: Vec<Message>) -> String {
    let mut text = String::new();
    if archive == Archive::Har {
        text.push_str(har::START);
    }
    for (at, message) in messages.into_iter().enumerate() {
        let exchange = Exchange {
            uuid: Uuid::nil(),
            sequence: 1,
            attributes: Attributes::of(&message, Timestamp::default()),
            message,
        };
        write_exchange(archive.format(), &exchange, at == 0, &mut text);
    }
    if archive == Archive::Har {
        text.push_str(har::END);
    }
    text
}

impl Archive {
    fn format(self) -> Format {
        match self {
            Self::Ndjson => Format::Ndjson,
            Self::Har => Format::Har,
        }
    }
}
