//! The recorder: a handle that begins exchanges, and the guard that ends its delivery.

use crate::capture::{Shared, Spares, Streams};
use crate::config::Config;
use crate::delivery::{self, Control, Counters, StartError, Stats, Unflushed};
use crate::redact::Redactor;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Captures exchanges and delivers them in the background. Cheap to clone.
///
/// Layers and middleware hold one. What it does on a request's thread never waits, and what it
/// holds is bounded; the delivery runs on a thread of its own.
///
/// ```
/// use runscope_core::{Config, MemorySink, Recorder};
///
/// let config = Config::builder().sink(MemorySink::new()).log_body(true).build()?;
/// let (recorder, guard) = Recorder::start(config)?;
/// // Give clones of `recorder` to layers, and keep `guard` until the app ends.
/// assert_eq!(recorder.stats().captured, 0);
/// # drop(guard);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recorder {
    pub(crate) core: Arc<Core>,
}

/// What a recorder, its exchanges and its delivery thread share.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) redactor: Redactor,
    pub(crate) streams: Streams,
    pub(crate) spares: Spares,
    pub(crate) stats: Counters,
    pub(crate) control: Control,
    recording: AtomicBool,
}

impl Core {
    pub(crate) fn is_recording(&self) -> bool {
        self.recording.load(Ordering::Relaxed)
    }

    /// Hands a finished exchange to the delivery. Never waits.
    pub(crate) fn push(&self, destination: usize, bytes: usize, exchange: Arc<Shared>) {
        self.control.push(destination, bytes, exchange, &self.stats);
    }
}

impl Recorder {
    /// Starts a recorder and its delivery thread.
    ///
    /// Keep the [`Guard`] until the app ends: dropping it delivers what is queued, for no longer
    /// than `shutdown_timeout`, and ends the recorder. With `enabled: false` no thread is started
    /// and nothing is captured.
    ///
    /// # Errors
    ///
    /// When the HTTP client can't be built (a `ca_file` that can't be read, an `https` endpoint
    /// without the feature `tls`), when `ndjson_file` can't be opened, or when the system gives no
    /// thread.
    pub fn start(config: Config) -> Result<(Self, Guard), StartError> {
        let control = Control::new(delivery::lanes(&config)?);
        let core = Arc::new(Core {
            redactor: Redactor::new(config.redaction.clone()),
            streams: Streams::default(),
            spares: Spares::default(),
            stats: Counters::default(),
            control,
            recording: AtomicBool::new(config.enabled),
            config,
        });
        if core.config.enabled {
            delivery::start(Arc::clone(&core)).map_err(StartError::thread)?;
        }
        let recorder = Self { core };
        Ok((
            recorder.clone(),
            Guard {
                recorder: Some(recorder),
            },
        ))
    }

    /// Whether exchanges are captured: not with `enabled: false`, nor after the end of the
    /// [`Guard`]. An adapter can save itself the work of a head that nobody wants.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.core.is_recording()
    }

    /// What became of the exchanges so far. The sum that [`Stats`] states always holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats.snapshot()
    }

    /// Waits until everything that has been captured so far is delivered, rejected, dropped, or on
    /// disk where there is a spool.
    ///
    /// Works on any runtime. A batch is sent at once instead of waiting for its delay; a pause that
    /// the server asked for, or that a failure made, is not cut short.
    ///
    /// # Errors
    ///
    /// When `deadline` passes first; nothing is lost by that.
    pub async fn flush(&self, deadline: Duration) -> Result<(), Unflushed> {
        let recorder = self.clone();
        on_a_thread(move || recorder.flush_blocking(deadline)).await
    }

    /// [`flush`](Self::flush) for code that is not async. It blocks its thread.
    ///
    /// # Errors
    ///
    /// As for [`flush`](Self::flush).
    pub fn flush_blocking(&self, deadline: Duration) -> Result<(), Unflushed> {
        self.core.control.flush(deadline)
    }

    /// Puts another access token in the place of the configured one. A delivery that is paused
    /// because the old one was refused goes on at once.
    pub fn set_access_token(&self, token: impl Into<crate::config::AccessToken>) {
        self.core.control.set_token(&token.into());
    }

    fn shutdown_blocking(&self, deadline: Duration) -> Result<(), Unflushed> {
        self.core.recording.store(false, Ordering::Relaxed);
        if !self.core.config.enabled {
            return Ok(());
        }
        self.core.control.shutdown(deadline, &self.core.stats)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Ends a recorder's delivery: dropped, it delivers what is queued, for no longer than
/// `shutdown_timeout`. A `let _ = …` would drop it at once; `let _guard = …` does not.
#[must_use = "dropping the guard ends the recorder"]
pub struct Guard {
    /// Taken by the first shutdown.
    recorder: Option<Recorder>,
}

impl Guard {
    /// Ends the recorder: later exchanges are not captured, what is queued is delivered. Works on
    /// any runtime.
    ///
    /// # Errors
    ///
    /// When `deadline` passes first: what is left is dropped and counted. What is on disk is not left:
    /// the next process delivers it.
    pub async fn shutdown(mut self, deadline: Duration) -> Result<(), Unflushed> {
        let Some(recorder) = self.recorder.take() else {
            return Ok(());
        };
        on_a_thread(move || recorder.shutdown_blocking(deadline)).await
    }

    /// [`shutdown`](Self::shutdown) for code that is not async. It blocks its thread.
    ///
    /// # Errors
    ///
    /// As for [`shutdown`](Self::shutdown).
    pub fn shutdown_blocking(mut self, deadline: Duration) -> Result<(), Unflushed> {
        self.recorder
            .take()
            .map_or(Ok(()), |recorder| recorder.shutdown_blocking(deadline))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            // What could not be delivered is in the counters, and the delivery thread tells of it.
            let _ = recorder.shutdown_blocking(recorder.core.config.shutdown_timeout);
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

/// Runs a blocking wait on a thread of its own, so that it keeps its deadline whatever runtime the
/// caller is on; should the system give no thread, it runs here.
async fn on_a_thread(
    wait: impl Fn() -> Result<(), Unflushed> + Clone + Send + 'static,
) -> Result<(), Unflushed> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let there = wait.clone();
    let thread = std::thread::Builder::new().name("runscope-flush".into());
    let spawned = thread.spawn(move || send.send(there()));
    match spawned {
        Ok(_) => receive.await.unwrap_or_else(|_| wait()),
        Err(_) => wait(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::RequestHead;

    #[test]
    fn a_recorder_that_is_switched_off_needs_no_account_and_captures_nothing() {
        let config = Config::builder().enabled(false).build().unwrap();
        let (recorder, guard) = Recorder::start(config).unwrap();
        let exchange = recorder.begin(&RequestHead::new("GET", "/"), std::iter::empty);
        assert!(exchange.is_none());
        assert!(!recorder.is_recording());
        assert_eq!(recorder.stats(), Stats::default());
        recorder.flush_blocking(Duration::from_secs(1)).unwrap();
        guard.shutdown_blocking(Duration::from_secs(1)).unwrap();
    }
}
