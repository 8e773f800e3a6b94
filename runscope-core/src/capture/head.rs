//! What an adapter tells of a request and of a response, as plain data.

use crate::client::{MARK_HEADER, process_mark};
use crate::message::Direction;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// The head of a request, as the framework knows it.
///
/// Header names that go with it are in lower case, as the `http` crate holds them.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method, in its own case.
    pub method: &'a str,
    /// The scheme, where the target or the connection says it.
    pub scheme: Option<&'a str>,
    /// The target's authority: HTTP/2 and the absolute form have it, the origin form has not and
    /// takes it from `Host`.
    pub authority: Option<&'a str>,
    /// Path and query as they were in the target, before any router changed them.
    pub path_and_query: &'a str,
    /// The protocol, such as `HTTP/1.1`.
    pub protocol: &'static str,
    /// The address of the connection's other end.
    pub peer: Option<IpAddr>,
    /// The name that was given to the layer.
    pub service: Option<&'a str>,
    /// The framework's route template.
    pub route: Option<&'a str>,
    /// Who calls, where the app can tell already.
    pub consumer: Option<Cow<'a, str>>,
    /// Whether the app received this request or sends it.
    pub direction: Direction,
    /// Whether the body is known to be empty.
    pub body_is_empty: bool,
}

impl<'a> RequestHead<'a> {
    /// The head of an incoming HTTP/1.1 request; set what else is known.
    #[must_use]
    pub fn new(method: &'a str, path_and_query: &'a str) -> Self {
        Self {
            method,
            path_and_query,
            protocol: "HTTP/1.1",
            ..Self::default()
        }
    }
}

/// Without what may hold a secret: the target, the authority and who calls.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("protocol", &self.protocol)
            .field("service", &self.service)
            .field("route", &self.route)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

/// The head of a response, as the framework knows it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// The body's exact size, where the framework knows it.
    pub body_size: Option<u64>,
    /// Whether the body is known to be empty or at its end.
    pub body_is_empty: bool,
}

impl ResponseHead {
    /// The head of a response; set what else is known.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// Whether a header marks a delivery of this process's own.
#[inline]
pub(super) fn is_ours(name: &str, value: &[u8]) -> bool {
    name == MARK_HEADER && value == process_mark().as_bytes()
}

/// The request headers that tell of a body, picked out in the one pass that copies them all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'a> {
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) content_length: Option<&'a [u8]>,
    pub(super) transfer_encoding: Option<&'a [u8]>,
    pub(super) upgrade: Option<&'a [u8]>,
    /// Whether `Connection` names `upgrade` among its options.
    pub(super) connection_upgrade: bool,
}

impl<'a> Known<'a> {
    #[inline]
    pub(super) fn see(&mut self, name: &str, value: &'a [u8]) {
        let slot = match name {
            "content-type" => &mut self.content_type,
            "content-length" => &mut self.content_length,
            "transfer-encoding" => &mut self.transfer_encoding,
            "upgrade" => &mut self.upgrade,
            "connection" => {
                let is_upgrade =
                    |option: &[u8]| option.trim_ascii().eq_ignore_ascii_case(b"upgrade");
                self.connection_upgrade |= value.split(|byte| *byte == b',').any(is_upgrade);
                return;
            }
            _ => return,
        };
        *slot = Some(value);
    }

    /// Whether the head speaks of a body. HTTP/1.1 tells by its framing (RFC 9112, section 6.3);
    /// HTTP/2 need not, but a body has a type.
    pub(super) fn announces_body(&self) -> bool {
        self.content_length
            .or(self.transfer_encoding)
            .or(self.content_type)
            .is_some()
    }

    /// Whether the connection may be handed over: by `CONNECT`, or by an `Upgrade` that `Connection`
    /// names (RFC 9110, section 7.8). A request with a body keeps it in the capture, as the protocol
    /// can only change behind it. `h2c` is left out: some clients offer it with every request, and
    /// one that is taken up never reaches a handler.
    pub(super) fn asks_for_upgrade(&self, method: &str) -> bool {
        let has_body = self.content_length.or(self.transfer_encoding).is_some();
        let upgrade = self
            .upgrade
            .filter(|_| self.connection_upgrade && !has_body);
        method == "CONNECT"
            || upgrade.is_some_and(|protocol| !protocol.eq_ignore_ascii_case(b"h2c"))
    }
}

/// The response headers that capture itself reads.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KnownOfResponse<'a> {
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) content_length: Option<&'a [u8]>,
}

impl<'a> KnownOfResponse<'a> {
    #[inline]
    pub(super) fn see(&mut self, name: &str, value: &'a [u8]) {
        match name {
            "content-type" => self.content_type = Some(value),
            "content-length" => self.content_length = Some(value),
            _ => {}
        }
    }
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2): 32 lower-case hex digits, not
/// all zero.
pub(crate) fn trace_id(traceparent: &[u8]) -> Option<&str> {
    let dash = traceparent.iter().position(|&byte| byte == b'-')?;
    let (id, rest) = traceparent.get(dash + 1..)?.split_first_chunk::<32>()?;
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_whole = matches!(rest.first(), None | Some(b'-'));
    let is_id = is_whole && id.iter().all(hex) && id.iter().any(|byte| *byte != b'0');
    std::str::from_utf8(id).ok().filter(|_| is_id)
}

/// A number of bytes, as `Content-Length` writes it (RFC 9110, section 8.6).
pub(super) fn length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    let more = |sum: u64, digit: &u8| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    };
    (!digits.is_empty())
        .then(|| digits.iter().try_fold(0, more))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_taken_only_from_a_valid_traceparent() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (value, expected) in [
            (format!("00-{id}-00f067aa0ba902b7-01"), Some(id)),
            (format!("cc-{id}-00f067aa0ba902b7-01-more"), Some(id)),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (
                format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
                None,
            ),
            ("00-abc-def-01".into(), None),
            (format!("00-{id}"), Some(id)),
            (format!("00-{id}0-00f067aa0ba902b7-01"), None),
            (id.into(), None),
            (String::new(), None),
        ] {
            assert_eq!(trace_id(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn a_length_is_digits_and_nothing_else() {
        for (value, expected) in [
            (&b"0"[..], Some(0)),
            (b" 1024 ", Some(1024)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None),
            (b"", None),
            (b" ", None),
            (b"+1", None),
            (b"-1", None),
            (b"1 2", None),
            (b"\xff", None),
        ] {
            assert_eq!(length(value), expected, "{value:?}");
        }
    }

    #[test]
    fn upgrades_are_told_from_offers_and_from_requests_with_a_body() {
        let websocket = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
        ];
        for (method, headers, expected) in [
            ("GET", &[][..], false),
            ("CONNECT", &[], true),
            ("GET", &websocket, true),
            ("GET", &websocket[1..], false),
            ("GET", &websocket[..1], false),
            (
                "GET",
                &[
                    ("connection", "close"),
                    ("connection", "upgrade"),
                    websocket[1],
                ],
                true,
            ),
            (
                "POST",
                &[websocket[0], websocket[1], ("content-length", "3")],
                false,
            ),
            (
                "POST",
                &[websocket[0], websocket[1], ("transfer-encoding", "chunked")],
                false,
            ),
            ("POST", &[websocket[0], ("upgrade", "h2c")], false),
        ] {
            let mut known = Known::default();
            for (name, value) in headers {
                known.see(name, value.as_bytes());
            }
            assert_eq!(
                known.asks_for_upgrade(method),
                expected,
                "{method} {headers:?}"
            );
        }
    }
}
