//! An exchange in flight: begun by the layer, shown every frame, finished exactly once.

use super::current::enter;
use super::finish::complete_before;
use super::flat::copy_headers;
use super::handle::ExchangeHandle;
use super::head::{KnownOfResponse, ResponseHead};
use super::record::ResponsePart;
use super::request_tap::RequestTap;
use super::shared::{Phase, Shared};
use super::text::short_text;
use crate::message::Outcome;
use bytes::Bytes;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// An exchange in flight, owned by whoever answers it: first the response future, then the
/// response body.
///
/// It is finished once, by the first of: [`end`](Self::end), [`fail`](Self::fail), its age, or its
/// drop. A dropped one is complete, aborted or panicked, as the facts say.
#[must_use = "dropping an exchange finishes it"]
pub struct Exchange {
    shared: Arc<Shared>,
    has_request_body: bool,
    polling: bool,
    is_stream: bool,
    /// Whether it has been finished here; it may have been elsewhere.
    has_ended: AtomicBool,
}

impl Exchange {
    pub(super) fn new(shared: Arc<Shared>, has_request_body: bool) -> Self {
        Self {
            shared,
            has_request_body,
            polling: false,
            is_stream: false,
            has_ended: AtomicBool::new(false),
        }
    }

    /// Runs a poll of the inner service or body as a part of this exchange: code in it finds the
    /// exchange by [`current_exchange`](super::current_exchange), and a panic in it is recorded.
    #[inline]
    pub fn scope<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        self.polling = true;
        let entered = enter(self.handle());
        let result = poll();
        drop(entered);
        self.polling = false;
        result
    }

    /// A handle for the handler's own use.
    #[must_use]
    #[inline]
    pub fn handle(&self) -> ExchangeHandle {
        ExchangeHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The tap for the request's body, or `None` where the body has to be left untouched: there is
    /// none, or the connection may be upgraded.
    #[must_use]
    pub fn request_tap(&self) -> Option<RequestTap> {
        self.has_request_body.then(|| RequestTap {
            shared: Arc::clone(&self.shared),
        })
    }

    /// Records the response's head, in the place of an earlier one. Header names are in lower case.
    ///
    /// An upgraded connection is finished by this: what follows on it is no longer HTTP.
    pub fn respond<'h, H: Iterator<Item = (&'h str, &'h [u8])>>(
        &mut self,
        head: ResponseHead,
        headers: impl Fn() -> H,
    ) {
        let mut state = self.shared.lock();
        let Some(record) = state.open() else { return };
        let room = record.flat.capacity();
        let start = record.flat.len();
        let mut known = KnownOfResponse::default();
        copy_headers(&mut record.flat, headers(), |name, value| {
            known.see(name, value);
        });
        let headers = record.flat.span_from(start);
        // The room that was left for the response has been charged for at the start.
        let grown = record.flat.capacity().saturating_sub(room);
        let is_tunnel = self.shared.responded(state, head, &known, headers, grown);
        if is_tunnel {
            self.finish(Outcome::Upgraded);
        }
    }

    /// Sees one frame of the response's body pass.
    #[inline]
    pub fn frame(&self, data: &Bytes) {
        if !self.shared.passed.add(data.len()) {
            self.keep(data);
        }
    }

    fn keep(&self, data: &Bytes) {
        let mut state = self.shared.lock();
        let Some(record) = state.open() else { return };
        if let Some(response) = &mut record.response {
            response
                .body
                .frame(data, self.shared.limits(), &mut record.charge);
            if response.body.withheld.is_some() {
                self.shared.passed.begin();
            }
        }
    }

    /// Notes that the response's body has nothing to give now. The first time makes it a stream,
    /// which is reported at the configured age if it has not ended by then.
    pub fn waiting(&mut self) {
        if !self.is_stream {
            self.is_stream = true;
            self.shared.core.streams.watch(&self.shared);
        }
    }

    /// Finishes the exchange: the response's body passed to its end.
    pub fn end(&self) {
        self.finish(Outcome::Complete);
    }

    /// Finishes the exchange: the service, or the response's body, failed. `status` is that of the
    /// error's own response, where the framework makes one.
    pub fn fail(&self, error: &dyn fmt::Display, status: Option<u16>) {
        let text = catch_unwind(AssertUnwindSafe(|| short_text(error))).unwrap_or_default();
        let mut guard = self.shared.lock();
        let Some(record) = guard.open() else { return };
        if record
            .charge
            .grow(text.len(), self.shared.core.config.byte_budget)
        {
            record.error = record.flat.text(text.as_bytes());
        }
        if let (None, Some(status)) = (&record.response, status) {
            record.response = Some(ResponsePart::bare(status));
            guard.responded = Some(Instant::now());
        }
        drop(guard);
        self.finish(Outcome::Error);
    }

    fn finish(&self, outcome: Outcome) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.shared.finish(outcome);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if *self.has_ended.get_mut() {
            return;
        }
        let mut state = self.shared.lock();
        if state.phase != Phase::Open {
            return;
        }
        self.shared.passed.move_into(&mut state);
        let outcome = match self.polling {
            true => Outcome::Panic,
            false if complete_before(&state) => Outcome::Complete,
            false => Outcome::Aborted,
        };
        drop(state);
        self.shared.finish(outcome);
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("id", &self.shared.id())
            .finish_non_exhaustive()
    }
}
