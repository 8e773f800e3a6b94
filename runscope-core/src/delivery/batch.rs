//! Encoded messages on their way, in one buffer.

use super::spool::RecordId;
use std::ops::Range;

/// The messages of a batch: their JSON, one after the other with commas between, so that any run of
/// them is a piece of the buffer.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    json: Vec<u8>,
    messages: Vec<Range<usize>>,
    /// Of each message: who else knows of it.
    places: Vec<Place>,
}

/// Where a message is beside the batch, and who has to be told when it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: it came from the queue, and is lost with the process.
    Memory,
    /// On disk.
    Spool(RecordId),
    /// It is settled.
    Settled,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The size of a body that posts all of it, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() + BRACKETS
    }

    /// How many messages, from the first on, are to go out together: as many as make a body that is
    /// no larger than `most`. A message that is larger by itself goes alone.
    pub(super) fn fitting(&self, most: usize) -> usize {
        let fits = |message: &Range<usize>| message.end + BRACKETS <= most;
        self.messages.partition_point(fits).max(1).min(self.len())
    }

    /// Lets go of the first `count` messages and keeps the buffer, unless one huge batch has grown
    /// it beyond `keep`.
    pub(super) fn forget(&mut self, count: usize, keep: usize) {
        let start = self
            .messages
            .get(count)
            .map_or(self.json.len(), |next| next.start);
        self.messages.drain(..count.min(self.messages.len()));
        self.places.drain(..count.min(self.places.len()));
        for message in &mut self.messages {
            *message = message.start - start..message.end - start;
        }
        self.json.drain(..start);
        self.json.shrink_to(keep);
    }

    /// Appends the message that `encode` writes.
    pub(super) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        let start = self.json.len();
        encode(&mut self.json);
        self.messages.push(start..self.json.len());
        self.places.push(Place::Memory);
    }

    /// Appends a message that is on disk.
    pub(super) fn push_spooled(&mut self, id: RecordId, json: &[u8]) {
        self.push(|out| out.extend_from_slice(json));
        self.put(self.len().saturating_sub(1), Place::Spool(id));
    }

    /// Notes where a message is now, and gives back where it was.
    pub(super) fn put(&mut self, at: usize, place: Place) -> Place {
        match self.places.get_mut(at) {
            Some(known) => std::mem::replace(known, place),
            None => Place::Settled,
        }
    }

    /// The messages that are nowhere else.
    pub(super) fn in_memory(&self) -> Vec<usize> {
        let places = self.places.iter().enumerate();
        places
            .filter(|(_, place)| **place == Place::Memory)
            .map(|(at, _)| at)
            .collect()
    }

    /// The first `count` messages that are on disk, and not settled.
    pub(super) fn spooled(&self, count: usize) -> Vec<RecordId> {
        let places = self.places.iter().take(count);
        places
            .filter_map(|place| match place {
                Place::Spool(id) => Some(*id),
                Place::Memory | Place::Settled => None,
            })
            .collect()
    }

    /// One message's JSON.
    pub(crate) fn message(&self, at: usize) -> &[u8] {
        self.messages
            .get(at)
            .and_then(|range| self.json.get(range.clone()))
            .unwrap_or_default()
    }

    /// Puts another message in the place of one.
    pub(super) fn replace(&mut self, at: usize, json: &[u8]) {
        let Some(range) = self.messages.get(at).cloned() else {
            return;
        };
        self.json.splice(range.clone(), json.iter().copied());
        let moved = |end: usize| end - range.len() + json.len();
        for (index, message) in self.messages.iter_mut().enumerate().skip(at) {
            let start = if index == at {
                message.start
            } else {
                moved(message.start)
            };
            *message = start..moved(message.end);
        }
    }

    /// The pieces of a body that posts a run of messages: one as a bare object, which every endpoint
    /// takes, several as an array.
    pub(super) fn body(&self, run: &Range<usize>) -> [&[u8]; 3] {
        if run.len() == 1 {
            return [b"", self.message(run.start), b""];
        }
        let ends = self
            .messages
            .get(run.clone())
            .and_then(|run| Some((run.first()?, run.last()?)));
        let piece = ends.and_then(|(first, last)| self.json.get(first.start..last.end));
        [b"[", piece.unwrap_or_default(), b"]"]
    }

    /// The identifiers of a run of messages, for matching results to them.
    pub(super) fn ids(&self, run: &Range<usize>) -> Vec<&str> {
        run.clone().map(|at| identifier(self.message(at))).collect()
    }
}

/// The brackets of an array.
const BRACKETS: usize = 2;

/// The identifier that the encoder writes first into every message.
fn identifier(json: &[u8]) -> &str {
    let id = json
        .strip_prefix(b"{\"unique_identifier\":\"")
        .and_then(|rest| rest.get(..36));
    id.and_then(|id| std::str::from_utf8(id).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(messages: &[&str]) -> Batch {
        let mut batch = Batch::default();
        for message in messages {
            batch.push(|out| out.extend_from_slice(message.as_bytes()));
        }
        batch
    }

    #[test]
    fn any_run_of_messages_is_a_body() {
        let batch = batch(&["{1}", "{22}", "{333}"]);
        for (run, body) in [
            (0..3, "[{1},{22},{333}]"),
            (1..3, "[{22},{333}]"),
            (1..2, "{22}"),
            (2..3, "{333}"),
        ] {
            assert_eq!(batch.body(&run).concat(), body.as_bytes());
        }
    }

    #[test]
    fn a_message_is_replaced_by_a_shorter_or_a_longer_one() {
        for json in [&b"{}"[..], b"{a long one}", b"{22}"] {
            for at in 0..3 {
                let mut batch = batch(&["{1}", "{22}", "{333}"]);
                batch.replace(at, json);
                let mut expected = [&b"{1}"[..], b"{22}", b"{333}"];
                expected[at] = json;
                for (at, message) in expected.iter().enumerate() {
                    assert_eq!(batch.message(at), *message);
                }
                let body = [b"[", &expected.join(&b","[..])[..], b"]"].concat();
                assert_eq!(batch.body(&(0..3)).concat(), body);
            }
        }
    }

    #[test]
    fn a_body_is_as_large_as_was_said_and_a_last_message_over_the_bound_is_left_for_the_next() {
        for (messages, most, fitting) in [
            (&[][..], 10, 0),
            (&["{1}"], 100, 1),
            (&["{1}"], 1, 1),
            (&["{1}", "{22}", "{333}"], 16, 3),
            (&["{1}", "{22}", "{333}"], 15, 2),
            (&["{1}", "{22}", "{333}"], 10, 2),
            (&["{1}", "{22}", "{333}"], 9, 1),
            (&["{1}", "{22}", "{333}"], 1, 1),
        ] {
            let batch = batch(messages);
            assert_eq!(batch.fitting(most), fitting, "{messages:?} {most}");
            if messages.len() > 1 {
                let body = batch.body(&(0..messages.len())).concat();
                assert_eq!(batch.bytes(), body.len());
            }
        }
    }

    #[test]
    fn what_was_sent_is_forgotten_and_the_rest_stays() {
        for count in 0..=4 {
            let mut batch = batch(&["{1}", "{22}", "{333}"]);
            batch.forget(count, 0);
            batch.push(|out| out.extend_from_slice(b"{4}"));
            let rest = [&b"{1}"[..], b"{22}", b"{333}", b"{4}"];
            let rest = &rest[count.min(3)..];
            assert_eq!(batch.len(), rest.len());
            for (at, message) in rest.iter().enumerate() {
                assert_eq!(batch.message(at), *message);
            }
            assert_eq!(batch.bytes(), rest.join(&b","[..]).len() + BRACKETS);
        }
    }
}
