//! The newest messages as they came: those who follow or search what happens now would otherwise
//! read, unpack and parse each of them again.

use runscope_core::Message;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The bytes of all messages that are kept.
const MOST: usize = 32 << 20;

/// A larger message is not kept, as it would take the room of many.
const LARGEST: usize = 64 << 10;

/// Messages by their place. All of them are on the disk too, so any can be missing here.
#[derive(Default)]
pub(super) struct Recent(RwLock<Ring>);

#[derive(Default)]
struct Ring {
    /// The place of the first.
    first: i64,
    messages: VecDeque<Option<Kept>>,
    bytes: usize,
}

/// A message with what it takes in memory.
pub(super) struct Kept {
    pub(super) message: Arc<Message>,
    pub(super) weight: usize,
}

impl Recent {
    pub(super) fn get(&self, sequence: i64) -> Option<Arc<Message>> {
        let ring = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let kept = ring.messages.get(ring.index(sequence)?)?.as_ref()?;
        Some(Arc::clone(&kept.message))
    }

    /// Keeps what is committed from a place on. What had to make room comes back: to free a message's
    /// many texts takes longer than to keep one, and is not for the thread that writes.
    #[must_use]
    pub(super) fn extend(&self, from: i64, messages: Vec<Kept>) -> Vec<Arc<Message>> {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if ring.index(from) != Some(ring.messages.len()) {
            *ring = Ring {
                first: from,
                ..Ring::default()
            };
        }
        for message in messages {
            let kept = Some(message).filter(|message| message.weight <= LARGEST);
            ring.bytes = ring
                .bytes
                .saturating_add(kept.as_ref().map_or(0, |kept| kept.weight));
            ring.messages.push_back(kept);
        }
        let mut dropped = Vec::new();
        // A place whose message is not here is of no use at the beginning.
        while ring.bytes > MOST || matches!(ring.messages.front(), Some(None)) {
            dropped.extend(ring.take_first());
        }
        dropped
    }

    /// Forgets a message that is about to be another.
    pub(super) fn forget(&self, sequence: i64) {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let at = ring.index(sequence);
        if let Some(kept) = at.and_then(|at| ring.messages.get_mut(at)?.take()) {
            ring.bytes = ring.bytes.saturating_sub(kept.weight);
        }
    }

    /// Forgets all, so that nothing stays in memory of what is deleted.
    pub(super) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Ring::default();
    }
}

impl Ring {
    fn index(&self, sequence: i64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.first)?).ok()
    }

    fn take_first(&mut self) -> Option<Arc<Message>> {
        let first = self.messages.pop_front().flatten();
        self.first = self.first.saturating_add(1);
        let Kept { message, weight } = first?;
        self.bytes = self.bytes.saturating_sub(weight);
        Some(message)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::reader::weight;
    use runscope_core::{Request, Response};

    fn message(name: &str, body: usize) -> Message {
        Message::new()
            .request(Request::new("GET", format!("https://shop.example/{name}")))
            .response(Response::new(200).body("x".repeat(body)))
    }

    fn kept(name: &str, body: usize) -> Kept {
        let message = Arc::new(message(name, body));
        Kept {
            weight: weight(&message),
            message,
        }
    }

    #[test]
    fn a_message_is_found_at_its_place_until_it_is_forgotten() {
        let recent = Recent::default();
        drop(recent.extend(7, vec![kept("a", 1), kept("b", 1)]));
        drop(recent.extend(9, vec![kept("c", 1)]));
        for (sequence, name) in [(7, "a"), (8, "b"), (9, "c")] {
            assert_eq!(*recent.get(sequence).unwrap(), message(name, 1));
        }
        assert!(recent.get(6).is_none() && recent.get(10).is_none());
        recent.forget(8);
        assert!(recent.get(8).is_none() && recent.get(9).is_some());
        recent.clear();
        assert!(recent.get(7).is_none() && recent.get(9).is_none());
    }

    #[test]
    fn a_gap_in_the_places_begins_anew() {
        let recent = Recent::default();
        drop(recent.extend(1, vec![kept("a", 1)]));
        drop(recent.extend(5, vec![kept("b", 1)]));
        assert!(recent.get(1).is_none());
        assert_eq!(*recent.get(5).unwrap(), message("b", 1));
        drop(recent.extend(2, vec![kept("c", 1)]));
        assert!(recent.get(5).is_none());
        assert_eq!(*recent.get(2).unwrap(), message("c", 1));
    }

    #[test]
    fn the_oldest_make_room_and_a_large_one_takes_none() {
        let recent = Recent::default();
        drop(recent.extend(1, vec![kept("a", LARGEST + 1), kept("b", 1)]));
        assert!(recent.get(1).is_none());
        let body = LARGEST - 2048;
        let last = 3 + i64::try_from(2 * MOST / LARGEST).unwrap();
        for sequence in 3..=last {
            drop(recent.extend(sequence, vec![kept("c", body)]));
        }
        assert!(recent.get(2).is_none() && recent.get(last / 3).is_none());
        assert!(recent.get(last).is_some() && recent.get(last - 100).is_some());
        let ring = recent.0.read().unwrap();
        assert!(ring.bytes <= MOST && ring.bytes > MOST - 2 * LARGEST);
        let weights = ring
            .messages
            .iter()
            .flatten()
            .map(|kept| weight(&kept.message));
        assert_eq!(weights.sum::<usize>(), ring.bytes);
    }
}
