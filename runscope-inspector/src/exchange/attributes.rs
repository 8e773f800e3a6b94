use super::Timestamp;
use runscope_core::{BodyEncoding, Message, Outcome};
use std::time::Duration;

/// What an exchange is looked up, counted and grouped by: plain values taken from its message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// When the request arrived; where the message does not say, when the response did, or when
    /// the message was stored.
    pub time: Timestamp,
    /// The request's method, as sent.
    pub method: Option<String>,
    /// The URL's host, in lower case, with its port where it has one.
    pub host: Option<String>,
    /// The URL's path, as sent.
    pub path: Option<String>,
    /// The response's status code.
    pub status: Option<u16>,
    /// The framework's route template.
    pub route: Option<String>,
    /// Who called, as the app told it.
    pub consumer: Option<String>,
    /// The service that captured the exchange.
    pub service: Option<String>,
    /// How the exchange ended: `complete`, `aborted`, `error`, `panic`, `upgraded` or `open`.
    pub outcome: Option<&'static str>,
    /// From the request's arrival to the response's head, to the microsecond.
    pub duration: Option<Duration>,
    /// The bytes of the request's body, where it is known.
    pub request_size: Option<u64>,
    /// The bytes of the response's body, where it is known.
    pub response_size: Option<u64>,
}

impl Attributes {
    /// Takes the attributes from a message that arrived at a time.
    #[must_use]
    pub fn of(message: &Message, arrived: Timestamp) -> Self {
        let request = message.request.as_ref();
        let response = message.response.as_ref();
        let context = message.context.as_ref();
        let url = request.map(|request| UrlParts::of(&request.url));
        let seconds = |seconds: Option<f64>| seconds.and_then(Timestamp::from_seconds);
        let text = |value: Option<&String>| value.filter(|text| !text.is_empty()).cloned();
        Self {
            time: seconds(request.and_then(|request| request.timestamp))
                .or_else(|| seconds(response.and_then(|response| response.timestamp)))
                .unwrap_or(arrived),
            method: text(request.map(|request| &request.method)),
            host: url.and_then(|url| url.host).map(str::to_lowercase),
            path: url.map(|url| url.path.to_owned()),
            status: response.map(|response| response.status),
            route: text(context.and_then(|context| context.route.as_ref())),
            consumer: text(context.and_then(|context| context.consumer.as_ref())),
            service: text(context.and_then(|context| context.service.as_ref())),
            outcome: context
                .and_then(|context| context.outcome)
                .map(outcome_name),
            duration: duration(message),
            request_size: context
                .and_then(|context| context.request_body.as_ref())
                .map(|info| info.size)
                .or_else(|| {
                    request.map(|request| size(request.body.as_deref(), request.body_encoding))
                }),
            response_size: context
                .and_then(|context| context.response_body.as_ref())
                .map(|info| info.size)
                .or_else(|| response.and_then(|response| response.size_bytes))
                .or_else(|| {
                    response.map(|response| size(response.body.as_deref(), response.body_encoding))
                }),
        }
    }

    /// The first digit of the status code, or 0 where there is no response.
    #[must_use]
    pub fn status_class(&self) -> u8 {
        self.status
            .and_then(|status| u8::try_from(status / 100).ok())
            .unwrap_or(0)
    }
}

/// The parts of a URL as they were sent: nothing is decoded, normalised or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlParts<'a> {
    /// What stands before `://`.
    pub scheme: Option<&'a str>,
    /// The host, with its port where it has one, without user name and password.
    pub host: Option<&'a str>,
    /// The path, `/` where it is empty after a host.
    pub path: &'a str,
    /// What stands between `?` and `#`.
    pub query: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    /// Splits a URL (RFC 3986, section 3).
    #[must_use]
    pub fn of(url: &'a str) -> Self {
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (url, query) = match url.split_once('?') {
            Some((url, query)) => (url, Some(query)),
            None => (url, None),
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return Self {
                scheme: None,
                host: None,
                path: url,
                query,
            };
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        Self {
            scheme: Some(scheme),
            host: Some(host).filter(|host| !host.is_empty()),
            path,
            query,
        }
    }
}

/// The outcome of this name, or `None` where the wire has no such outcome.
#[must_use]
pub fn outcome_named(name: &str) -> Option<&'static str> {
    let known = [
        Outcome::Complete,
        Outcome::Aborted,
        Outcome::Error,
        Outcome::Panic,
        Outcome::Upgraded,
        Outcome::Open,
    ];
    known
        .into_iter()
        .map(outcome_name)
        .find(|known| *known == name)
}

/// The outcome's name, as the wire spells it.
fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Aborted => "aborted",
        Outcome::Error => "error",
        Outcome::Panic => "panic",
        Outcome::Upgraded => "upgraded",
        Outcome::Open => "open",
        _ => "unknown",
    }
}

/// The response's own time; then the difference of the two timestamps; then the exchange's whole time.
fn duration(message: &Message) -> Option<Duration> {
    let response = message.response.as_ref()?;
    let between = || Some(response.timestamp? - message.request.as_ref()?.timestamp?);
    let total = || message.context.as_ref()?.total_time;
    let seconds = response.response_time.or_else(between).or_else(total)?;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Duration::from_micros(
        u64::try_from(duration.as_micros()).ok()?,
    ))
}

/// The bytes of a body in the message: four characters of base64 are three bytes, less the padding.
fn size(body: Option<&str>, encoding: Option<BodyEncoding>) -> u64 {
    let text = body.unwrap_or_default();
    let bytes = match encoding.unwrap_or_default() {
        BodyEncoding::Base64 => {
            let padding = text
                .bytes()
                .rev()
                .take(2)
                .filter(|byte| *byte == b'=')
                .count();
            (text.len() / 4 * 3).saturating_sub(padding)
        }
        _ => text.len(),
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runscope_core::{Request, Response};

    #[test]
    fn a_url_is_split_as_it_was_sent() {
        for (url, scheme, host, path, query) in [
            (
                "https://Shop.example/a/../b?c=d#e",
                Some("https"),
                Some("Shop.example"),
                "/a/../b",
                Some("c=d"),
            ),
            (
                "http://me:secret@localhost:3000",
                Some("http"),
                Some("localhost:3000"),
                "/",
                None,
            ),
            (
                "http://[::1]:80/x",
                Some("http"),
                Some("[::1]:80"),
                "/x",
                None,
            ),
            ("/only/a/path?q", None, None, "/only/a/path", Some("q")),
            (
                "http://h?u=http://other/",
                Some("http"),
                Some("h"),
                "/",
                Some("u=http://other/"),
            ),
            ("", None, None, "", None),
        ] {
            let expected = UrlParts {
                scheme,
                host,
                path,
                query,
            };
            assert_eq!(UrlParts::of(url), expected, "{url}");
        }
    }

    #[test]
    fn the_duration_is_the_best_that_the_message_knows() {
        let at = |seconds| Request::new("GET", "/").timestamp(seconds);
        let micros = |message: Message| {
            Attributes::of(&message, Timestamp::default())
                .duration
                .map(|d| d.as_micros())
        };
        let measured = Response::new(200).response_time(0.25).timestamp(3.0);
        let stamped = Response::new(200).timestamp(3.0);
        assert_eq!(
            micros(Message::new().request(at(1.0)).response(measured)),
            Some(250_000)
        );
        assert_eq!(
            micros(Message::new().request(at(1.0)).response(stamped.clone())),
            Some(2_000_000)
        );
        assert_eq!(
            micros(Message::new().request(at(9.0)).response(stamped)),
            None
        );
        assert_eq!(micros(Message::new().request(at(1.0))), None);
    }

    #[test]
    fn sizes_are_bytes_and_not_characters_of_base64() {
        for bytes in [
            &[][..],
            &[0xff],
            &[0xff, 0],
            &[0xff, 0, 1],
            &[0xff, 0, 1, 2],
            "snö".as_bytes(),
        ] {
            let message = Message::new()
                .request(Request::new("POST", "/").body(bytes))
                .response(Response::new(200).body(bytes));
            let attributes = Attributes::of(&message, Timestamp::default());
            let size = Some(bytes.len() as u64);
            assert_eq!(
                (attributes.request_size, attributes.response_size),
                (size, size)
            );
        }
    }

    #[test]
    fn a_request_alone_has_no_status_class() {
        let message = Message::new().request(Request::new("GET", "http://h/"));
        let attributes = Attributes::of(&message, Timestamp::from_micros(7));
        assert_eq!(
            (attributes.status_class(), attributes.time.as_micros()),
            (0, 7)
        );
    }
}
