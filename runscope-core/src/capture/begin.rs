//! The start of an exchange: whether it is captured, and the copy of its head.

use super::budget::Charge;
use super::current::is_delivery_thread;
use super::exchange::Exchange;
use super::flat::{Flat, Span, copy_headers};
use super::head::{Known, RequestHead, is_ours, length};
use super::record::Record;
use super::sample::is_sampled;
use super::shared::{RawTarget, Shared};
use super::tap::Tap;
use super::text::short;
use crate::config::{Early, EarlyKey, Resolved, ScopeKey};
use crate::message::Withheld;
use crate::recorder::{Core, Recorder};
use std::sync::{Arc, PoisonError};
use std::time::{Instant, SystemTime};

impl Recorder {
    /// Begins an exchange, or says by `None` that it is not captured: recording is off, a skip rule
    /// or a scope says so, it is not in the sample, it is a delivery of this process's own, or the
    /// byte budget is spent (which is counted as a drop).
    ///
    /// `headers` gives the request's headers, with names in lower case; they may be walked again.
    pub fn begin<'h, H: Iterator<Item = (&'h str, &'h [u8])>>(
        &self,
        head: &RequestHead<'_>,
        headers: impl Fn() -> H,
    ) -> Option<Exchange> {
        let core = &self.core;
        if !core.is_recording() || is_delivery_thread() || !core.wants(head, &headers) {
            return None;
        }
        let lines = headers();
        let mut opened = core.open(lines.size_hint().0, head.path_and_query.len())?;
        let mut known = Known::default();
        let flat = &mut opened.flat;
        let mut is_delivery = false;
        match head.body_is_empty {
            true => copy_headers(flat, lines, |name, value| {
                is_delivery |= is_ours(name, value);
            }),
            false => copy_headers(flat, lines, |name, value| {
                is_delivery |= is_ours(name, value);
                known.see(name, value);
            }),
        }
        // A delivery of our own is no exchange of the app's: it is in no count.
        match is_delivery {
            true => None,
            false => core.begun(opened, head, &known),
        }
    }
}

/// An exchange of which nothing is known yet but when it came, and the buffer for its head.
struct Opened {
    shared: Arc<Shared>,
    flat: Flat,
    charge: Charge,
    /// What the buffer was charged for.
    room: usize,
}

/// Usual sums in bytes, so that the buffer need not grow: a header's name and value with their lengths;
/// method, route, names, addresses and the URL's origin; the response's head.
const ROOM_FOR_A_HEADER: usize = 64;
const ROOM_FOR_THE_REST: usize = 256;
const ROOM_FOR_THE_RESPONSE: usize = 320;

/// What is known at the start. A handler may still say who calls.
fn early<'a>(head: &'a RequestHead<'_>) -> EarlyKey<'a> {
    EarlyKey {
        route: Early::Known(head.route),
        service: Early::Known(head.service),
        consumer: early_consumer(head.consumer.as_deref()),
    }
}

fn early_consumer(consumer: Option<&str>) -> Early<'_> {
    match consumer.filter(|consumer| !consumer.is_empty()) {
        None => Early::Open,
        consumer => Early::Known(consumer),
    }
}

impl Core {
    /// `None` where the budget is spent, which is counted.
    fn open(self: &Arc<Self>, headers: usize, target: usize) -> Option<Opened> {
        let (received, started) = (SystemTime::now(), Instant::now());
        let spare = self.spares.take();
        let mut shared = spare.unwrap_or_else(|| Arc::new(Shared::new(self)));
        // Of an exchange that is new, or was put aside, nobody holds another reference.
        let exchange = Arc::get_mut(&mut shared)?;
        (exchange.received, exchange.started) = (received, started);
        let state = exchange.state.get_mut();
        let record = &mut state.unwrap_or_else(PoisonError::into_inner).record;
        let mut flat = std::mem::take(&mut record.flat);

        let needed =
            headers * ROOM_FOR_A_HEADER + target + ROOM_FOR_THE_REST + ROOM_FOR_THE_RESPONSE;
        let room = needed.max(flat.capacity());
        let held = room + record.buffer.capacity() + size_of::<Shared>();
        let mut charge = Charge::default();
        if !charge.grow(held, self.config.byte_budget) {
            self.stats.dropped_over_budget();
            return None;
        }
        flat.reserve(needed);
        Some(Opened {
            shared,
            flat,
            charge,
            room,
        })
    }

    /// The exchange whose headers have been copied, with all else that is told of its head.
    fn begun(&self, opened: Opened, head: &RequestHead<'_>, known: &Known<'_>) -> Option<Exchange> {
        let Opened {
            mut shared,
            flat,
            charge,
            room,
        } = opened;
        let state = Arc::get_mut(&mut shared)?.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let record = &mut state.record;
        record.request.headers = flat.span_from(0);
        (record.flat, record.charge) = (flat, charge);
        let flat = &mut record.flat;
        let optional = |flat: &mut Flat, text: Option<&str>| match text {
            Some(text) => flat.text(text.as_bytes()),
            None => Span::default(),
        };
        record.request.method = flat.text(head.method.as_bytes());
        // The asterisk-form (`OPTIONS *`) names the server itself, not a path (RFC 9112, 3.2.4).
        let path_and_query = Some(head.path_and_query).filter(|path| *path != "*");
        record.request.path_and_query = optional(flat, path_and_query);
        record.service = optional(flat, head.service);
        record.route = optional(flat, head.route);
        state.target = RawTarget {
            scheme: optional(flat, head.scheme),
            authority: optional(flat, head.authority),
            peer: head.peer,
        };
        if let Some(consumer) = &head.consumer {
            short(consumer).clone_into(&mut record.consumer);
        }
        record.direction = head.direction;
        record.protocol = head.protocol;
        record.sample_rate = self.config.sample_rate;
        self.expect_request_body(head, known, &mut record.request.body);
        // A head of long lines is larger than was expected.
        let grown = record.flat.capacity().saturating_sub(room) + record.consumer.capacity();
        if !record.charge.grow(grown, self.config.byte_budget) {
            self.stats.dropped_over_budget();
            return None;
        }
        let body = &record.request.body;
        let has_body = !body.absent && body.withheld != Some(Withheld::Upgraded);
        Some(Exchange::new(shared, has_body))
    }

    /// Whether the rules want this exchange at all; what they turn away is counted.
    fn wants<'h, H: Iterator<Item = (&'h str, &'h [u8])>>(
        &self,
        head: &RequestHead<'_>,
        headers: &impl Fn() -> H,
    ) -> bool {
        let config = &self.config;
        let header = |wanted: &str| {
            headers()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        let user_agent = config
            .skip_health_checks
            .then(|| header("user-agent"))
            .flatten();
        let skipped = config.skips(head.method, head.path_and_query, user_agent);
        if skipped || !config.scopes().may_capture(|| early(head)) {
            self.stats.skipped();
            return false;
        }
        let sampled = config.sample_rate >= 1.0
            || is_sampled(config.sample_rate, header("traceparent"), fastrand::f64);
        if !sampled {
            self.stats.sampled_out();
        }
        sampled
    }

    /// The scope's answer for a record as it stands.
    pub(super) fn resolve(&self, record: &Record) -> Resolved {
        self.config.scopes().resolve(|| ScopeKey {
            route: record.flat.non_empty(record.route),
            service: record.flat.non_empty(record.service),
            consumer: Some(record.consumer.as_str()).filter(|consumer| !consumer.is_empty()),
        })
    }

    fn expect_request_body(&self, head: &RequestHead<'_>, known: &Known<'_>, body: &mut Tap) {
        if head.body_is_empty || known.content_length.and_then(length) == Some(0) {
            return body.set_absent();
        }
        body.withheld = if known.asks_for_upgrade(head.method) {
            Some(Withheld::Upgraded)
        } else {
            let log_body = self.config.scopes().may_log_body(|| early(head));
            self.withheld_by_rule(log_body, known.content_type)
        };
        body.announced = known.announces_body();
    }

    /// Why the response's body is not kept, if it is not.
    pub(super) fn withheld(
        &self,
        record: &Record,
        content_type: Option<&[u8]>,
    ) -> Option<Withheld> {
        let log_body = self.config.scopes().may_log_body(|| EarlyKey {
            route: Early::Known(record.flat.non_empty(record.route)),
            service: Early::Known(record.flat.non_empty(record.service)),
            consumer: early_consumer(Some(&record.consumer)),
        });
        self.withheld_by_rule(log_body, content_type)
    }

    fn withheld_by_rule(&self, log_body: bool, content_type: Option<&[u8]>) -> Option<Withheld> {
        match () {
            () if !log_body => Some(Withheld::LogBodyOff),
            () if !self.config.keeps_content_type(content_type) => Some(Withheld::ContentType),
            () => None,
        }
    }
}
