//! Where messages go instead of the API: a file, memory, or whatever a [`Sink`] writes to.

mod file;
mod memory;

pub use file::FileSink;
pub use memory::MemorySink;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes messages in the API's form, cleaned of secrets, instead of the API.
///
/// It is called on the delivery thread, never by a request: it may block, and then the queue fills
/// up as it does behind a slow API. A panic in it costs the messages of that batch, counted.
pub trait Sink: Send {
    /// Takes one message as a line of JSON without its line end. `bucket_key` is the bucket that it
    /// is for, or empty where none was configured.
    ///
    /// # Errors
    ///
    /// An error is taken as an outage: the whole batch is written again after a pause, so a sink
    /// may see a message twice, with the same `unique_identifier`.
    fn write(&mut self, bucket_key: &str, message: &[u8]) -> io::Result<()>;

    /// Ends a batch.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The sink that all lanes share; they run on one thread, so the lock is never waited for.
#[derive(Clone)]
pub(crate) struct SharedSink(Arc<Mutex<dyn Sink>>);

impl SharedSink {
    pub(crate) fn new(sink: impl Sink + 'static) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    pub(crate) fn write<'a>(
        &self,
        bucket_key: &str,
        messages: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            sink.write(bucket_key, message)?;
        }
        sink.flush()
    }
}

impl fmt::Debug for SharedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSink")
    }
}
