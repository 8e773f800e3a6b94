use super::answer::{Notice, Receipt, reason};
use super::http::RawAnswer;
use super::retry_after;
use super::transport_error::{TransportError, TransportErrorKind};
use std::fmt;
use std::time::{Duration, SystemTime};
use url::Url;

/// Why a call to the API failed.
///
/// Neither its texts nor its sources hold the token.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    receipt: Option<Receipt>,
}

#[derive(Debug)]
enum Kind {
    Transport(TransportError),
    Refused(Refusal),
    Decode {
        status: u16,
        detail: String,
        source: Option<serde_json::Error>,
    },
    Encode(serde_json::Error),
}

#[derive(Debug)]
struct Refusal {
    /// The status that counts: the envelope's own, where it comes with a 2xx.
    status: u16,
    notice: Option<Notice>,
    retry_after: Option<Duration>,
    location: Option<String>,
}

impl Error {
    /// Whether the API refused the token (401 or 403).
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.refused_with(|status| matches!(status, 401 | 403))
    }

    /// Whether the API knows no such bucket or message (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refused_with(|status| status == 404)
    }

    /// Whether the API asks for fewer requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.refused_with(|status| status == 429)
    }

    /// Whether the API refused what was sent: any 4xx beside those that have a predicate of their
    /// own.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.refused_with(|status| {
            matches!(status, 400..=499) && !matches!(status, 401 | 403 | 404 | 429)
        })
    }

    /// Whether time ran out, while connecting or while waiting for the answer.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(&self.inner.kind, Kind::Transport(error) if error.is_timeout())
    }

    /// Whether no connection came to stand.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.failed_at(TransportErrorKind::Connect)
    }

    /// Whether the host's name could not be resolved.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        self.failed_at(TransportErrorKind::Dns)
    }

    /// Whether the TLS handshake failed, such as by a certificate that can't be trusted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.failed_at(TransportErrorKind::Tls)
    }

    /// Whether the answer was none that the API would give.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.inner.kind, Kind::Decode { .. })
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.inner.kind {
            Kind::Refused(refusal) => Some(refusal.status),
            Kind::Decode { status, .. } => Some(*status),
            Kind::Transport(_) | Kind::Encode(_) => None,
        }
    }

    /// How long the API asks to wait (`Retry-After`), a year at most.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.inner.kind {
            Kind::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The reason in the API's own words.
    #[must_use]
    pub fn api_message(&self) -> Option<&str> {
        match &self.inner.kind {
            Kind::Refused(refusal) => refusal.notice.as_ref()?.message.as_deref(),
            _ => None,
        }
    }

    /// The results of the messages that were taken before the call failed, in order; none if the
    /// first request failed.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        self.inner.receipt.as_ref()
    }

    pub(super) fn refused(answer: &RawAnswer) -> Self {
        Self::refused_because(answer, reason(&answer.body))
    }

    pub(super) fn refused_because(answer: &RawAnswer, notice: Option<Notice>) -> Self {
        let retry_after = answer.retry_after.as_deref();
        Kind::Refused(Refusal {
            status: answer.meant_status(notice.as_ref()),
            notice,
            retry_after: retry_after.and_then(|it| retry_after::parse(it, SystemTime::now())),
            location: answer.location.as_deref().map(shown_location),
        })
        .into()
    }

    pub(super) fn decode(answer: &RawAnswer, detail: &str) -> Self {
        Self::decode_because(answer, detail, None)
    }

    pub(super) fn decode_because(
        answer: &RawAnswer,
        detail: &str,
        source: Option<serde_json::Error>,
    ) -> Self {
        Kind::Decode {
            status: answer.status,
            detail: detail.to_owned(),
            source,
        }
        .into()
    }

    pub(super) fn encode(error: serde_json::Error) -> Self {
        Kind::Encode(error).into()
    }

    pub(super) fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.inner.receipt = (!receipt.items.is_empty()).then_some(receipt);
        self
    }

    pub(super) fn into_notice(self) -> Option<Notice> {
        match self.inner.kind {
            Kind::Refused(refusal) => refusal.notice,
            _ => None,
        }
    }

    fn refused_with(&self, predicate: impl Fn(u16) -> bool) -> bool {
        matches!(&self.inner.kind, Kind::Refused(refusal) if predicate(refusal.status))
    }

    fn failed_at(&self, kind: TransportErrorKind) -> bool {
        matches!(&self.inner.kind, Kind::Transport(error) if error.kind() == kind)
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                receipt: None,
            }),
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Kind::Transport(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.kind {
            Kind::Transport(error) => error.fmt(f),
            Kind::Refused(refusal) => refusal.fmt(f),
            Kind::Decode { status, detail, .. } => write!(
                f,
                "the answer ({status}) is not one of the messages API: {detail}; check RUNSCOPE_API_ENDPOINT"
            ),
            Kind::Encode(_) => f.write_str("a message could not be written as JSON"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status;
        let said = Said(status, self.notice.as_ref());
        match status {
            300..=399 => {
                write!(f, "the API answered with a redirect ({status}")?;
                if let Some(location) = &self.location {
                    write!(f, " to {location}")?;
                }
                f.write_str("), which is not followed, for the token would go there too; set RUNSCOPE_API_ENDPOINT to the API's own address")
            }
            401 | 403 => {
                write!(
                    f,
                    "the API refused the token ({said}); check RUNSCOPE_ACCESS_TOKEN"
                )
            }
            404 => write!(
                f,
                "the API knows no such bucket or message ({said}); check RUNSCOPE_BUCKET_KEY and RUNSCOPE_API_ENDPOINT"
            ),
            429 => match self.retry_after {
                Some(wait) => write!(
                    f,
                    "the API asks for fewer requests ({said}); try again in {} seconds",
                    wait.as_secs_f64().ceil()
                ),
                None => write!(
                    f,
                    "the API asks for fewer requests ({said}); try again later"
                ),
            },
            500..=599 => write!(f, "the API failed ({said}); try again later"),
            413 => write!(
                f,
                "the API found the messages too large ({said}); send less at once"
            ),
            _ => write!(
                f,
                "the API rejected the request ({said}); mend what was sent"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.kind {
            // The transport's own sentence is this error's; what follows is its cause.
            Kind::Transport(error) => std::error::Error::source(error),
            Kind::Decode { source, .. } => source.as_ref().map(|source| source as _),
            Kind::Encode(source) => Some(source),
            Kind::Refused(_) => None,
        }
    }
}

/// A status and the API's words for it, as short and plain as a log line wants them.
pub(crate) struct Said<'a>(pub(crate) u16, pub(crate) Option<&'a Notice>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.1.and_then(|notice| notice.message.as_deref()) {
            Some(message) => write!(f, ": {}", plain(message)),
            None => Ok(()),
        }
    }
}

/// A stranger's text for a log line: 200 characters at most, and no control characters.
pub(crate) fn plain(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut plain: String = text
        .trim()
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(LONGEST)
        .collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}

/// Where a redirect points, without what may be secret in it: a URL, or a path on the same host.
pub(crate) fn shown_location(location: &str) -> String {
    let base = Url::parse("http://same-host.invalid");
    match base.and_then(|base| base.join(location)) {
        Ok(url) if url.host_str() == Some("same-host.invalid") => plain(url.path()),
        Ok(url) => plain(&super::endpoint::shown(&url)),
        Err(_) => "an address that is none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> Error {
        Error::refused(&RawAnswer {
            status,
            retry_after: Some(b"1.5".to_vec()),
            location: Some("//user:hunter2@x.example/a?token=hunter2".to_owned()),
            takes_gzip: None,
            body: body.as_bytes().to_vec(),
            truncated: false,
        })
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let body = r#"{"error":{"message":"said\nthe API"}}"#;
        for (status, expected) in [
            (
                401,
                "the API refused the token (401: said the API); check RUNSCOPE_ACCESS_TOKEN",
            ),
            (
                404,
                "the API knows no such bucket or message (404: said the API); check RUNSCOPE_BUCKET_KEY and RUNSCOPE_API_ENDPOINT",
            ),
            (
                429,
                "the API asks for fewer requests (429: said the API); try again in 2 seconds",
            ),
            (
                422,
                "the API rejected the request (422: said the API); mend what was sent",
            ),
            (503, "the API failed (503: said the API); try again later"),
        ] {
            assert_eq!(refused(status, body).to_string(), expected);
        }
        assert_eq!(
            refused(500, "<html>").to_string(),
            "the API failed (500); try again later"
        );
    }

    #[test]
    fn an_envelopes_own_status_counts_where_it_comes_with_a_success() {
        let body = r#"{"error":{"status":403,"message":"no"}}"#;
        assert!(refused(200, body).is_unauthorized());
        assert!(refused(404, body).is_not_found());
    }

    #[test]
    fn strange_texts_are_made_fit_for_a_log_line() {
        assert_eq!(plain(" a\r\nb\u{1b}[31m "), "a  b [31m");
        assert_eq!(plain(&"x".repeat(5000)).chars().count(), 201);
        for (location, expected) in [
            (
                "https://u:p@x.example/login?next=secret#s",
                "https://x.example/login",
            ),
            ("/login?next=secret", "/login"),
            ("mailto:secret", "mailto:…"),
            ("//u:secret@x.example/a", "http://x.example/a"),
            ("http://[", "an address that is none"),
        ] {
            assert_eq!(shown_location(location), expected);
        }
        let protocol_relative = refused(302, "").to_string();
        assert!(
            !protocol_relative.contains("hunter2"),
            "{protocol_relative}"
        );
    }
}
