//! What the owner of an exchange, its handles and the request's tap share.

use super::finish::withhold_bodies;
use super::flat::Span;
use super::forwarded::Forwarding;
use super::head::{KnownOfResponse, ResponseHead, length};
use super::passed::Passed;
use super::record::{Record, ResponsePart};
use super::tap::{Chunks, Limits, Tap};
use super::url::Target;
use crate::id::new_id;
use crate::message::{Direction, Outcome};
use crate::recorder::Core;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};
use uuid::Uuid;

/// The lock is held for the copying of a head or the noting of a frame, never across a call into the
/// service, a drop of the app's own buffers, or a push.
pub(crate) struct Shared {
    pub(super) core: Arc<Core>,
    pub(super) started: Instant,
    pub(super) received: SystemTime,
    pub(super) passed: Passed,
    pub(super) state: Mutex<State>,
    id: OnceLock<Uuid>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(super) phase: Phase,
    pub(super) record: Record,
    pub(super) target: RawTarget,
    /// The size that the response's body is going to have, where it is known.
    pub(super) expected: Option<u64>,
    /// When the response's head came.
    pub(super) responded: Option<Instant>,
    ended: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// In flight: the record may change.
    #[default]
    Open,
    /// On its way to the delivery.
    Finished,
    /// The record is not here any more.
    Left,
}

/// Of a request's target what the framework knows; the record's URL and the client's address are made
/// of it.
#[derive(Debug, Default)]
pub(super) struct RawTarget {
    pub(super) scheme: Span,
    pub(super) authority: Span,
    pub(super) peer: Option<IpAddr>,
}

impl State {
    /// The record, while the exchange is in flight: a finished one does not change.
    pub(super) fn open(&mut self) -> Option<&mut Record> {
        (self.phase == Phase::Open).then_some(&mut self.record)
    }

    /// The record of an exchange that is given up, to be dropped outside of the lock.
    pub(super) fn give_up(&mut self) -> Record {
        self.phase = Phase::Left;
        std::mem::take(&mut self.record)
    }
}

impl Shared {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        Self {
            core: Arc::clone(core),
            started: Instant::now(),
            received: SystemTime::UNIX_EPOCH,
            passed: Passed::default(),
            state: Mutex::default(),
            id: OnceLock::new(),
        }
    }

    /// Made when somebody asks for it, which few handlers do, or when the record is taken.
    pub(super) fn id(&self) -> Uuid {
        *self.id.get_or_init(|| new_id(self.received))
    }

    /// The lock's data is plain and never left half-changed, so a panic elsewhere spoils nothing.
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            body: self.core.config.max_body_bytes,
            process: self.core.config.byte_budget,
        }
    }

    /// Notes the response whose headers have been copied, which made the buffer grow by `grown` bytes,
    /// and says whether what follows is no longer HTTP.
    pub(super) fn responded(
        &self,
        mut state: MutexGuard<'_, State>,
        head: ResponseHead,
        known: &KnownOfResponse<'_>,
        headers: Span,
        grown: usize,
    ) -> bool {
        let config = &self.core.config;
        let responded = Instant::now();
        let record = &mut state.record;
        if !record.charge.grow(grown, config.byte_budget) {
            let dropped = state.give_up();
            drop(state);
            drop(dropped);
            self.core.stats.dropped_over_budget();
            return false;
        }
        let method = record.flat.bytes(record.request.method);
        let tunnel = head.status == 101 || (method == b"CONNECT" && head.status / 100 == 2);
        let bodyless = method == b"HEAD" || matches!(head.status, 100..=199 | 204 | 304);
        self.passed.forget();
        let mut body = Tap::default();
        if bodyless || head.body_is_empty {
            body.set_absent();
        } else {
            body.withheld = self.core.withheld(record, known.content_type);
            if body.withheld.is_some() {
                self.passed.begin();
            } else if record.buffer.capacity() <= config.max_body_bytes {
                body.kept = Chunks::with_buffer(std::mem::take(&mut record.buffer));
            }
        }
        let response = ResponsePart::new(head.status, headers, body);
        let earlier = record.response.replace(response);
        state.expected = head
            .body_size
            .or_else(|| known.content_length.and_then(length));
        state.responded = Some(responded);
        drop(state);
        drop(earlier);
        tunnel
    }

    /// Finishes the exchange, the first time that it is called, and hands it to the delivery.
    pub(super) fn finish(self: &Arc<Self>, outcome: Outcome) {
        let ended = Instant::now();
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Finished;
        state.ended = Some(ended);
        self.passed.move_into(state);
        let record = &mut state.record;
        record.outcome = outcome;
        // Of a call that the app made, only the other side could have said a status.
        let status = match (outcome, record.direction) {
            (Outcome::Aborted, Direction::Incoming) => Some(CLIENT_CLOSED_REQUEST),
            (Outcome::Panic, Direction::Incoming) => Some(500),
            _ => None,
        };
        if let (None, Some(status)) = (&record.response, status) {
            record.response = Some(ResponsePart::bare(status));
            state.responded = Some(ended);
        }
        if outcome == Outcome::Complete
            && let Some(response) = &mut record.response
        {
            response.body.complete = true;
        }
        let resolved = self.core.resolve(record);
        if !resolved.capture {
            let skipped = state.give_up();
            drop(guard);
            drop(skipped);
            self.core.stats.skipped();
            return;
        }
        let time = || ended.saturating_duration_since(self.started);
        let withheld = withhold_bodies(record, resolved.log_body, &self.core.config, time);
        let bytes = record.charge.bytes();
        drop(guard);
        drop(withheld);
        self.core
            .push(resolved.destination, bytes, Arc::clone(self));
    }

    /// The finished exchange, whole: for the delivery thread, once.
    pub(crate) fn take(&self) -> Option<Record> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.phase == Phase::Left {
            return None;
        }
        let mut record = state.give_up();
        let target = std::mem::take(&mut state.target);
        let (responded, ended) = (state.responded, state.ended);
        drop(guard);
        let since = |time: Option<Instant>| {
            let time = time.map(|time| time.saturating_duration_since(self.started));
            time.unwrap_or_default()
        };
        record.id = self.id();
        record.request.received = self.received;
        record.total_time = since(ended);
        if let Some(response) = &mut record.response {
            response.response_time = since(responded);
        }
        self.complete_target(&mut record, &target);
        Some(record)
    }

    fn complete_target(&self, record: &mut Record, target: &RawTarget) {
        let config = &self.core.config;
        // What an app forwards upstream speaks of its own client, not of this call.
        let hops = match record.direction {
            Direction::Incoming => usize::from(config.trusted_hops),
            Direction::Outgoing => 0,
        };
        let headers = record.flat.headers(record.request.headers);
        let forwarding = (hops > 0).then(|| Forwarding::new(headers.clone()));
        let client = forwarding
            .as_ref()
            .map(|forwarding| forwarding.client(hops));
        let client = client.unwrap_or_default();
        let host = || std::str::from_utf8(headers.last("host")?).ok();
        let scheme = client.scheme.or(record.flat.non_empty(target.scheme));
        let authority = client.host.or(record.flat.non_empty(target.authority));
        let origin = Target {
            scheme: scheme.unwrap_or(config.default_scheme.as_str()),
            authority: authority.or_else(host),
            path_and_query: record.flat.str(record.request.path_and_query),
        }
        .origin();
        let address = client.address.or(target.peer);
        if let Some(address) = address {
            record.client_address = record.flat.text(address.to_string().as_bytes());
        }
        record.request.origin = record.flat.text(origin.as_bytes());
    }

    /// Lets go of what was captured: a handle may keep the exchange alive, but not that.
    pub(crate) fn discard(&self) {
        let record = self.lock().give_up();
        drop(record);
    }

    /// Makes an exchange that has left, and of whose record this is the rest, ready for the next one.
    pub(super) fn clear(&mut self, mut record: Record) {
        record.clear();
        self.id.take();
        self.passed = Passed::default();
        self.state = Mutex::new(State {
            record,
            ..State::default()
        });
    }
}

/// The status that nginx logs where the client left before the response.
const CLIENT_CLOSED_REQUEST: u16 = 499;
