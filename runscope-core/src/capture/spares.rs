//! What exchanges that have left leave behind, for those that come.

use super::exchange::Shared;
use super::flat::Flat;
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;

/// What an exchange is made of is allocated by a request's thread and freed by the delivery thread,
/// which is what allocators are slowest at. So it goes back and forth: a few, of a usual size, and
/// nobody waits.
///
/// Exchanges hold the recorder that holds these, so the delivery thread, which alone puts them here,
/// takes them away when it ends.
pub(crate) struct Spares(ArrayQueue<Spare>);

#[derive(Default)]
pub(super) struct Spare {
    /// Empty.
    pub(super) flat: Flat,
    /// Held by nobody else.
    pub(super) shared: Option<Arc<Shared>>,
}

impl Spares {
    /// More than a batch, which is encoded at once.
    const MOST: usize = 256;
    /// A head of long lines does not make every other one large.
    const MOST_BYTES: usize = 4 * 1024;

    /// A spare whose buffer has so much room, or a little more.
    pub(super) fn take(&self, room: usize) -> Spare {
        let mut spare = self.0.pop().unwrap_or_default();
        spare.flat.reserve(room);
        spare
    }

    /// Takes an exchange whose record has been taken and encoded, unless there are enough. One that
    /// is still held, by a handle or as a stream, stays what it is.
    pub(crate) fn put(&self, mut exchange: Arc<Shared>, mut flat: Flat) {
        if flat.capacity() > Self::MOST_BYTES {
            return;
        }
        flat.clear();
        let is_free = Arc::get_mut(&mut exchange).is_some();
        let shared = is_free.then_some(exchange);
        drop(self.0.push(Spare { flat, shared }));
    }

    pub(crate) fn clear(&self) {
        while self.0.pop().is_some() {}
    }
}

impl Default for Spares {
    fn default() -> Self {
        Self(ArrayQueue::new(Self::MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::RequestHead;
    use crate::{Config, MemorySink, Recorder};
    use std::time::Duration;

    #[test]
    fn an_exchange_is_used_again_only_where_nobody_holds_it() {
        let sink = MemorySink::new();
        let config = Config::builder().sink(sink.clone()).build().unwrap();
        let (recorder, guard) = Recorder::start(config).unwrap();
        let run = |path| {
            let head = RequestHead::new("GET", path);
            let exchange = recorder.begin(&head, std::iter::empty).unwrap();
            let handle = exchange.handle();
            exchange.end();
            drop(exchange);
            handle
        };
        let held = run("/held");
        drop(run("/dropped"));
        recorder.flush_blocking(Duration::from_secs(10)).unwrap();
        let names = [run("/first"), run("/second")].map(|handle| handle.unique_identifier());
        assert!(!names.contains(&held.unique_identifier()));
        recorder.flush_blocking(Duration::from_secs(10)).unwrap();
        let mut ids: Vec<_> = sink
            .messages()
            .into_iter()
            .map(|message| message.unique_identifier.unwrap())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4, "each has a name of its own");
        let core = Arc::downgrade(&recorder.core);
        drop((recorder, guard, held));
        // The delivery thread lets go of the recorder last.
        while core.upgrade().is_some() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_buffer_comes_back_empty_and_one_that_is_huge_does_not() {
        let config = Config::builder().sink(MemorySink::new()).build().unwrap();
        let (recorder, _guard) = Recorder::start(config).unwrap();
        for (room, comes_back) in [(100, true), (Spares::MOST_BYTES + 1, false)] {
            let head = RequestHead::new("GET", "/");
            let exchange = recorder.begin(&head, std::iter::empty).unwrap();
            let spares = Spares::default();
            let mut flat = spares.take(room).flat;
            flat.text(b"secret");
            let had = flat.capacity();
            spares.put(exchange.handle().shared, flat);
            let again = spares.take(1);
            assert!(again.shared.is_none(), "it is in flight");
            assert_eq!(again.flat.len(), 0);
            assert_eq!(again.flat.capacity() == had, comes_back, "{room}");
        }
    }
}
