use super::Sink;
use crate::message::Message;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps messages in memory, for tests: a clone of it reads what the recorder wrote.
///
/// It holds the newest 100,000 messages and forgets older ones.
///
/// ```
/// use runscope_core::{Config, MemorySink, Recorder};
/// use std::time::Duration;
///
/// let sink = MemorySink::new();
/// let config = Config::builder().sink(sink.clone()).build()?;
/// let (recorder, guard) = Recorder::start(config)?;
/// // … send requests through a layer that has the recorder …
/// recorder.flush_blocking(Duration::from_secs(5))?;
/// assert!(sink.messages().is_empty());
/// # drop(guard);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    messages: Arc<Mutex<VecDeque<(String, Message)>>>,
}

impl MemorySink {
    const MOST: usize = 100_000;

    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages so far, oldest first, as a receiver reads them.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock()
            .iter()
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// The messages for one bucket.
    #[must_use]
    pub fn messages_for(&self, bucket_key: &str) -> Vec<Message> {
        let held = self.lock();
        held.iter()
            .filter(|(bucket, _)| bucket == bucket_key)
            .map(|(_, m)| m.clone())
            .collect()
    }

    /// Forgets all messages.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Message)>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for MemorySink {
    fn write(&mut self, bucket_key: &str, message: &[u8]) -> io::Result<()> {
        let message = serde_json::from_slice(message)?;
        let mut held = self.lock();
        if held.len() >= Self::MOST {
            held.pop_front();
        }
        held.push_back((bucket_key.to_owned(), message));
        Ok(())
    }
}
