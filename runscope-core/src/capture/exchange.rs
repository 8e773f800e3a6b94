//! An exchange in flight: begun by the layer, shown every frame, finished exactly once.

use super::current::with_current;
use super::finish::{complete_before, withhold_bodies};
use super::flat::Span;
use super::handle::ExchangeHandle;
use super::head::{ResponseHead, length};
use super::passed::Passed;
use super::record::{Record, ResponsePart};
use super::request_tap::RequestTap;
use super::tap::{Chunks, Limits, Tap};
use super::text::short_text;
use crate::message::{Direction, Outcome, Withheld};
use crate::recorder::Core;
use bytes::Bytes;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// An exchange in flight, owned by whoever answers it: first the response future, then the
/// response body.
///
/// It is finished once, by the first of: [`end`](Self::end), [`fail`](Self::fail), its age, or its
/// drop. A dropped one is complete, aborted or panicked, as the facts say.
#[must_use = "dropping an exchange finishes it"]
pub struct Exchange {
    shared: Arc<Shared>,
    polling: bool,
    is_stream: bool,
}

impl Exchange {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            polling: false,
            is_stream: false,
        }
    }

    /// Runs a poll of the inner service or body as a part of this exchange: code in it finds the
    /// exchange by [`current_exchange`](super::current_exchange), and a panic in it is recorded.
    pub fn scope<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        self.polling = true;
        let result = with_current(self.handle(), poll);
        self.polling = false;
        result
    }

    /// A handle for the handler's own use.
    #[must_use]
    pub fn handle(&self) -> ExchangeHandle {
        ExchangeHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The tap for the request's body, or `None` where the body has to be left untouched: there is
    /// none, or the connection may be upgraded.
    #[must_use]
    pub fn request_tap(&self) -> Option<RequestTap> {
        let state = self.shared.lock();
        let body = &state.record.as_ref()?.request.body;
        let untouched = body.absent || body.withheld == Some(Withheld::Upgraded);
        (!untouched).then(|| RequestTap {
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
        let response_time = self.shared.started.elapsed();
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        let Some(record) = state.open() else { return };

        let room = record.flat.capacity();
        let method = record.flat.bytes(record.request.method);
        let tunnel = head.status == 101 || (method == b"CONNECT" && head.status / 100 == 2);
        let bodyless = method == b"HEAD" || matches!(head.status, 100..=199 | 204 | 304);

        let mut content_type = None;
        let mut content_length = None;
        let start = record.flat.len();
        for (name, value) in headers() {
            match name {
                "content-type" => content_type = Some(value),
                "content-length" => content_length = length(value),
                _ => {}
            }
            record.flat.header(name.as_bytes(), value);
        }
        let headers = record.flat.span_from(start);
        // The room that was left for the response has been charged for at the start.
        let grown = record.flat.capacity().saturating_sub(room);
        if !record
            .charge
            .grow(grown, self.shared.core.config.byte_budget)
        {
            state.finished = true;
            let dropped = state.record.take();
            drop(guard);
            drop(dropped);
            self.shared.core.stats.dropped_over_budget();
            return;
        }
        let body = if bodyless || head.body_is_empty {
            Tap::absent()
        } else {
            let withheld = self.shared.core.withheld(record, content_type);
            let mut body = Tap::new(withheld);
            let room = record.buffer.capacity();
            if withheld.is_none() && room <= self.shared.core.config.max_body_bytes {
                body.kept = Chunks::with_buffer(std::mem::take(&mut record.buffer));
            }
            body
        };
        self.shared.passed.forget();
        let earlier = record.response.replace(ResponsePart {
            status: head.status,
            headers,
            response_time,
            body,
        });
        state.expected = head.body_size.or(content_length);
        drop(guard);
        drop(earlier);
        if tunnel {
            self.shared.finish(Outcome::Upgraded);
        }
    }

    /// Sees one frame of the response's body pass.
    pub fn frame(&self, data: &Bytes) {
        if self.shared.passed.add(data.len()) {
            return;
        }
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
        self.shared.finish(Outcome::Complete);
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
            record.response = Some(ResponsePart::bare(status, self.shared.started.elapsed()));
        }
        drop(guard);
        self.shared.finish(Outcome::Error);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.finished {
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
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}

/// What the owner, the handles and the request's tap share. The lock is held for the copying of a
/// head or the noting of a frame, never across a call into the service, a drop of the app's own
/// buffers, or a push.
pub(crate) struct Shared {
    pub(super) id: Uuid,
    pub(super) started: Instant,
    pub(super) core: Arc<Core>,
    pub(super) passed: Passed,
    pub(super) state: Mutex<State>,
}

pub(crate) struct State {
    /// Present until the worker takes it.
    pub(super) record: Option<Record>,
    pub(super) finished: bool,
    /// The size that the response's body is going to have, where it is known.
    pub(super) expected: Option<u64>,
}

impl State {
    /// The record, while the exchange is in flight: a finished one does not change.
    pub(super) fn open(&mut self) -> Option<&mut Record> {
        self.record.as_mut().filter(|_| !self.finished)
    }
}

impl Shared {
    /// An exchange in flight, in the place of one that has left where there is one. Nobody else holds
    /// that any more, so it can't be taken for this.
    pub(super) fn begun(
        spare: Option<Arc<Self>>,
        core: &Arc<Core>,
        started: Instant,
        record: Record,
    ) -> Arc<Self> {
        let id = record.id;
        let state = Mutex::new(State {
            record: Some(record),
            finished: false,
            expected: None,
        });
        let passed = Passed::default();
        if let Some(mut spare) = spare
            && let Some(shared) = Arc::get_mut(&mut spare)
        {
            (shared.id, shared.started) = (id, started);
            (shared.passed, shared.state) = (passed, state);
            return spare;
        }
        Arc::new(Self {
            id,
            started,
            core: Arc::clone(core),
            passed,
            state,
        })
    }

    /// The lock's data is plain and never left half-changed, so a panic elsewhere spoils nothing.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            body: self.core.config.max_body_bytes,
            process: self.core.config.byte_budget,
        }
    }

    /// Finishes the exchange, the first time that it is called, and hands it to the delivery.
    pub(super) fn finish(self: &Arc<Self>, outcome: Outcome) {
        let total_time = self.started.elapsed();
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.finished {
            return;
        }
        state.finished = true;
        self.passed.move_into(state);
        let Some(record) = state.record.as_mut() else {
            return;
        };
        record.outcome = outcome;
        record.total_time = total_time;
        // Of a call that the app made, only the other side could have said a status.
        let status = match (outcome, record.direction) {
            (Outcome::Aborted, Direction::Incoming) => Some(CLIENT_CLOSED_REQUEST),
            (Outcome::Panic, Direction::Incoming) => Some(500),
            _ => None,
        };
        if let (None, Some(status)) = (&record.response, status) {
            record.response = Some(ResponsePart::bare(status, total_time));
        }
        if outcome == Outcome::Complete
            && let Some(response) = &mut record.response
        {
            response.body.complete = true;
        }
        let resolved = self.core.resolve(record);
        if !resolved.capture {
            let skipped = state.record.take();
            drop(guard);
            drop(skipped);
            self.core.stats.skipped();
            return;
        }
        let withheld = withhold_bodies(record, resolved.log_body, &self.core.config);
        let bytes = record.charge.bytes();
        drop(guard);
        drop(withheld);
        self.core
            .push(resolved.destination, bytes, Arc::clone(self));
    }

    /// The finished exchange, for the worker.
    pub(crate) fn take(&self) -> Option<Record> {
        self.lock().record.take()
    }
}

impl ResponsePart {
    /// A response of which only the status is known: it is made outside of the layer, or there is
    /// nobody left to make it for.
    fn bare(status: u16, response_time: Duration) -> Self {
        Self {
            status,
            headers: Span::default(),
            response_time,
            body: Tap::new(Some(Withheld::Unseen)),
        }
    }
}

/// The status that nginx logs where the client left before the response.
const CLIENT_CLOSED_REQUEST: u16 = 499;
