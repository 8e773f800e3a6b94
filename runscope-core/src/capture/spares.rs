//! What exchanges that have left leave behind, for those that come.

use super::record::Record;
use super::shared::Shared;
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;

/// What an exchange is made of is allocated by a request's thread and freed by the delivery thread,
/// which is what allocators are slowest at. So it goes back and forth as a whole, cleared by the
/// delivery thread: a few, of a usual size, and nobody waits.
///
/// Exchanges hold the recorder that holds these, so the delivery thread, which alone puts them here,
/// takes them away when it ends.
pub(crate) struct Spares(ArrayQueue<Arc<Shared>>);

impl Spares {
    /// More than a batch, which is encoded at once.
    const MOST: usize = 256;

    /// A cleared exchange that nobody else holds.
    pub(super) fn take(&self) -> Option<Arc<Shared>> {
        self.0.pop()
    }

    /// Takes an exchange and its record, which has been encoded, unless there are enough. One that is
    /// still held, by a handle or as a stream, stays what it is, and its record is dropped.
    pub(crate) fn put(&self, mut exchange: Arc<Shared>, record: Record) {
        if let Some(shared) = Arc::get_mut(&mut exchange) {
            shared.clear(record);
            drop(self.0.push(exchange));
        }
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
    use crate::capture::{RequestHead, ResponseHead};
    use crate::{Config, MemorySink, Recorder};
    use bytes::Bytes;
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
    fn buffers_come_back_empty_and_huge_ones_do_not() {
        let config = Config::builder().sink(MemorySink::new()).log_body(true);
        let (recorder, _guard) = Recorder::start(config.build().unwrap()).unwrap();
        let text = [("content-type", &b"text/plain"[..])];
        for (size, comes_back) in [(100, true), (Record::MOST_KEPT, false)] {
            let path = format!("/{}", "x".repeat(size));
            let mut exchange = recorder
                .begin(&RequestHead::new("GET", &path), std::iter::empty)
                .unwrap();
            exchange.respond(ResponseHead::new(200), || text.into_iter());
            for byte in path.as_bytes() {
                exchange.frame(&Bytes::copy_from_slice(&[*byte]));
            }
            let shared = exchange.handle().shared;
            let record = shared.take().unwrap();
            assert!(record.flat.len() > size);
            let spares = Spares::default();
            // While it is in flight somebody holds it.
            spares.put(Arc::clone(&shared), Record::default());
            assert!(spares.take().is_none());
            drop(exchange);
            spares.put(shared, record);
            let mut spare = spares.take().unwrap();
            let state = Arc::get_mut(&mut spare).unwrap().state.get_mut();
            let record = &state.unwrap().record;
            assert_eq!((record.flat.len(), record.buffer.len()), (0, 0));
            let has_room = |capacity| capacity > size;
            assert_eq!(has_room(record.flat.capacity()), comes_back, "{size}");
            assert_eq!(has_room(record.buffer.capacity()), comes_back, "{size}");
        }
    }

    #[test]
    fn what_is_used_again_is_charged_for_and_given_back() {
        let sink = MemorySink::new();
        let config = Config::builder().sink(sink.clone()).log_body(true);
        let (recorder, _guard) = Recorder::start(config.build().unwrap()).unwrap();
        for round in 0..3 {
            let head = RequestHead::new("GET", "/");
            let mut exchange = recorder.begin(&head, std::iter::empty).unwrap();
            let text = [("content-type", &b"text/plain"[..])];
            exchange.respond(ResponseHead::new(200), || text.into_iter());
            let body = format!("answer {round}");
            exchange.frame(&Bytes::from(body.clone()));
            let held = |record: &Record| {
                let response = record.response.as_ref().unwrap();
                record.flat.capacity() + response.body.kept.held() + record.buffer.capacity()
            };
            let shared = exchange.handle().shared;
            let (charged, held) = {
                let state = shared.lock();
                let record = &state.record;
                (record.charge.bytes(), held(record))
            };
            assert!(charged >= held, "{charged} for {held} in round {round}");
            exchange.end();
            drop((exchange, shared));
            recorder.flush_blocking(Duration::from_secs(10)).unwrap();
            let messages = sink.messages();
            let response = messages.last().unwrap().response.as_ref().unwrap();
            assert_eq!(response.body.as_deref(), Some(&*body));
        }
    }
}
