use super::endpoint::Endpoint;
use std::error::Error;
use std::fmt;
use std::io;

/// Why an exchange with the API gave no answer.
#[derive(Debug)]
pub(crate) struct TransportError {
    kind: TransportErrorKind,
    timed_out: bool,
    endpoint: String,
    detail: String,
    source: Option<reqwest::Error>,
}

/// How far the exchange came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    /// The request could not be built: a token or a bucket key that can't be sent.
    Request,
    /// The host's name could not be resolved.
    Dns,
    /// No connection came to stand: refused, unreachable, or too slow.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The answer was not there, or not whole, in time.
    Timeout,
    /// The connection broke during the exchange.
    Io,
}

impl TransportError {
    pub(crate) fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether time ran out, be it while connecting or later.
    pub(crate) fn is_timeout(&self) -> bool {
        self.timed_out
    }

    pub(super) fn request(endpoint: &Endpoint, detail: &str) -> Self {
        Self {
            kind: TransportErrorKind::Request,
            timed_out: false,
            endpoint: endpoint.to_string(),
            detail: detail.to_owned(),
            source: None,
        }
    }

    pub(super) fn new(error: reqwest::Error, endpoint: &Endpoint) -> Self {
        let error = error.without_url();
        let (kind, detail) = classify(&error);
        Self {
            kind,
            timed_out: error.is_timeout(),
            endpoint: endpoint.to_string(),
            detail,
            source: Some(error),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            endpoint, detail, ..
        } = self;
        match self.kind {
            TransportErrorKind::Request => write!(f, "nothing was sent to {endpoint}: {detail}"),
            TransportErrorKind::Dns => write!(
                f,
                "the host of {endpoint} was not found ({detail}); check RUNSCOPE_API_ENDPOINT and this machine's resolver"
            ),
            TransportErrorKind::Connect => write!(
                f,
                "no connection to {endpoint} ({detail}); check RUNSCOPE_API_ENDPOINT, and that the API is running and can be reached from here"
            ),
            TransportErrorKind::Tls => {
                write!(f, "the TLS connection to {endpoint} failed: {detail}")
            }
            TransportErrorKind::Timeout => write!(
                f,
                "{endpoint} gave no whole answer in time; check that the API is healthy, or raise RUNSCOPE_TIMEOUT"
            ),
            TransportErrorKind::Io => write!(
                f,
                "the connection to {endpoint} broke before the answer was whole ({detail}); try again"
            ),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

fn classify(error: &reqwest::Error) -> (TransportErrorKind, String) {
    let root = chain(error).last().map_or_else(String::new, describe);
    if error.is_dns() {
        return (TransportErrorKind::Dns, root);
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = chain(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return (TransportErrorKind::Tls, super::tls::describe(tls));
    }
    if error.is_connect() {
        // Opening a TCP connection never meets an end of file; a handshake does.
        return if chain(error).any(is_eof) {
            (
                TransportErrorKind::Tls,
                format!("the server closed it ({root})"),
            )
        } else if error.is_timeout() {
            (TransportErrorKind::Connect, "timed out".to_owned())
        } else {
            (TransportErrorKind::Connect, root)
        };
    }
    if error.is_timeout() {
        (TransportErrorKind::Timeout, root)
    } else if error.is_builder() {
        (TransportErrorKind::Request, root)
    } else {
        (TransportErrorKind::Io, root)
    }
}

/// An error and its causes, including those that an `io::Error` wraps: its `source` skips them.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as _),
            None => error.source(),
        }
    })
}

fn is_eof(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

fn describe(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<io::Error>() {
        Some(error) if error.raw_os_error().is_some() => error.kind().to_string(),
        _ => error.to_string(),
    }
}
