//! The start of an exchange: whether it is captured, and the copy of its head.

use super::budget::Charge;
use super::current::is_delivery_thread;
use super::exchange::{Exchange, Shared};
use super::flat::{Flat, Span};
use super::forwarded::Forwarding;
use super::head::{Known, RequestHead, length};
use super::record::{Record, RequestPart, Tags};
use super::sample::is_sampled;
use super::tap::Tap;
use super::text::short;
use super::url::Target;
use crate::config::{Early, EarlyKey, Resolved, ScopeKey};
use crate::id::new_id;
use crate::message::{Direction, Outcome, Withheld};
use crate::recorder::{Core, Recorder};
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

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
        let (received, started) = (SystemTime::now(), Instant::now());

        let consumer = short(head.consumer.as_deref().unwrap_or_default());
        let lines = headers();
        let room = lines.size_hint().0 * ROOM_FOR_A_HEADER
            + head.path_and_query.len()
            + consumer.len()
            + ROOM_FOR_THE_REST
            + ROOM_FOR_THE_RESPONSE;
        let mut charge = Charge::default();
        if !charge.grow(room + size_of::<Shared>(), core.config.byte_budget) {
            core.stats.dropped_over_budget();
            return None;
        }
        let spare = core.spares.take(room);
        let mut flat = spare.flat;

        let mut known = Known::default();
        for (name, value) in lines {
            known.see(name, value);
            flat.header(name.as_bytes(), value);
        }
        // A delivery of our own is no exchange of the app's: it is in no count.
        if known.is_ours {
            return None;
        }
        let request_headers = flat.span_from(0);

        // What an app forwards upstream speaks of its own client, not of this call.
        let hops = match head.direction {
            Direction::Incoming => usize::from(core.config.trusted_hops),
            Direction::Outgoing => 0,
        };
        let forwarding = (hops > 0).then(|| Forwarding::new(headers()));
        let client = forwarding
            .as_ref()
            .map(|forwarding| forwarding.client(hops));
        let client = client.unwrap_or_default();

        let method = flat.text(head.method.as_bytes());
        let host = known.host.and_then(|host| std::str::from_utf8(host).ok());
        let target = Target {
            scheme: client
                .scheme
                .or(head.scheme)
                .unwrap_or(core.config.default_scheme.as_str()),
            authority: client.host.or(head.authority).or(host),
            path_and_query: head.path_and_query,
        };
        let mut path = 0;
        let url = flat.write(|out| path = target.write(out));
        let path_and_query = flat.span_from(path);
        let client_address = match client.address.or(head.peer) {
            // Writing into a Vec can't fail.
            Some(address) => flat.write(|out| drop(write!(out, "{address}"))),
            None => Span::default(),
        };
        let optional = |flat: &mut Flat, text: Option<&str>| match text {
            Some(text) => flat.text(text.as_bytes()),
            None => Span::default(),
        };
        let id = new_id(received);
        let (service, route) = (
            optional(&mut flat, head.service),
            optional(&mut flat, head.route),
        );
        // A head of long lines is larger than was expected.
        let grown = flat.capacity().saturating_sub(room) + spare.buffer.capacity();
        if !charge.grow(grown, core.config.byte_budget) {
            core.stats.dropped_over_budget();
            return None;
        }
        let record = Record {
            id,
            request: RequestPart {
                method,
                url,
                path_and_query,
                headers: request_headers,
                received,
                body: core.request_body(head, &known),
            },
            response: None,
            direction: head.direction,
            outcome: Outcome::Complete,
            error: Span::default(),
            service,
            route,
            consumer: consumer.to_owned(),
            client_address,
            protocol: head.protocol,
            tags: Tags::default(),
            total_time: Duration::ZERO,
            sample_rate: core.config.sample_rate,
            charge,
            buffer: spare.buffer,
            flat,
        };
        let shared = Shared::begun(spare.shared, core, started, record);
        Some(Exchange::new(shared))
    }
}

/// Usual sums in bytes, so that the buffer need not grow: a header's name and value with their lengths;
/// method, route, names and addresses; the response's head.
const ROOM_FOR_A_HEADER: usize = 64;
const ROOM_FOR_THE_REST: usize = 192;
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

    fn request_body(&self, head: &RequestHead<'_>, known: &Known<'_>) -> Tap {
        if head.body_is_empty || known.content_length.and_then(length) == Some(0) {
            return Tap::absent();
        }
        let withheld = if known.asks_for_upgrade(head.method) {
            Some(Withheld::Upgraded)
        } else {
            let log_body = self.config.scopes().may_log_body(|| early(head));
            self.withheld_by_rule(log_body, known.content_type)
        };
        let mut body = Tap::new(withheld);
        body.announced = known.announces_body();
        body
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
