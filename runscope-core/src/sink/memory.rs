use super::Sink;
use crate::message::Message;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps messages in memory, for tests: a clone of it reads what the recorder wrote.
///
/// It holds the newest messages, up to 100,000 of them and 256 MiB of their JSON, and forgets older
/// ones.
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
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    messages: VecDeque<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    bucket_key: String,
    message: Message,
    bytes: usize,
}

impl MemorySink {
    const MOST: usize = 100_000;
    const MOST_BYTES: usize = 256 << 20;

    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages so far, oldest first, as a receiver reads them.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock()
            .messages
            .iter()
            .map(|entry| entry.message.clone())
            .collect()
    }

    /// The messages for one bucket.
    #[must_use]
    pub fn messages_for(&self, bucket_key: &str) -> Vec<Message> {
        self.lock()
            .messages
            .iter()
            .filter(|entry| entry.bucket_key == bucket_key)
            .map(|entry| entry.message.clone())
            .collect()
    }

    /// Forgets all messages.
    pub fn clear(&self) {
        *self.lock() = Held::default();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for MemorySink {
    fn write(&mut self, bucket_key: &str, message: &[u8]) -> io::Result<()> {
        let entry = Entry {
            bucket_key: bucket_key.to_owned(),
            message: serde_json::from_slice(message)?,
            bytes: message.len(),
        };
        self.lock().push(entry, Self::MOST, Self::MOST_BYTES);
        Ok(())
    }
}

impl Held {
    /// Takes an entry in and forgets the oldest ones that it has no room beside. The newest is kept
    /// whatever its size.
    fn push(&mut self, entry: Entry, most: usize, most_bytes: usize) {
        self.bytes += entry.bytes;
        self.messages.push_back(entry);
        while (self.messages.len() > most || self.bytes > most_bytes) && self.messages.len() > 1 {
            let oldest = self.messages.pop_front();
            self.bytes -= oldest.map_or(0, |entry| entry.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_by_number_and_by_bytes() {
        for (sizes, kept) in [
            (&[1, 1][..], &[1, 1][..]),
            (&[1, 2, 3, 4], &[2, 3, 4]),
            (&[5, 6], &[6]),
            (&[3, 4, 4], &[4, 4]),
            (&[1, 50], &[50]),
        ] {
            let mut held = Held::default();
            for &bytes in sizes {
                let entry = Entry {
                    bucket_key: String::new(),
                    message: Message::new(),
                    bytes,
                };
                held.push(entry, 3, 10);
            }
            let left: Vec<_> = held.messages.iter().map(|entry| entry.bytes).collect();
            assert_eq!(left, kept, "{sizes:?}");
            assert_eq!(held.bytes, kept.iter().sum::<usize>());
        }
    }
}
