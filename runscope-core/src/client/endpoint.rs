use super::build_error::{BuildError, Kind};
use std::fmt;
use std::sync::Arc;
use url::{Host, Url};

/// The API's address, known to be fit for use: https, or http where that is allowed, and with
/// nothing in it that could be a secret.
#[derive(Clone)]
pub(crate) struct Endpoint {
    base: Url,
    shown: Arc<str>,
}

impl Endpoint {
    pub(crate) fn new(url: &Url, allow_plain_http: bool) -> Result<Self, BuildError> {
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            other => return Err(Kind::Scheme(other.to_owned()).into()),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Kind::Userinfo.into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Kind::Query.into());
        }
        if plain && !allow_plain_http && !is_loopback(url) {
            return Err(Kind::PlainHttp(shown(url)).into());
        }
        if !plain && !cfg!(feature = "tls") {
            return Err(Kind::NoTls.into());
        }
        Ok(Self {
            shown: shown(url).into(),
            base: url.clone(),
        })
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// The address of a resource, or `None` if a segment can't stand in a path.
    pub(crate) fn url(&self, segments: &[&str]) -> Option<Url> {
        let mut path = self.base.path().trim_end_matches('/').to_owned();
        for segment in segments {
            path.push('/');
            path.push_str(&encode_segment(segment)?);
        }
        let mut url = self.base.clone();
        url.set_path(&path);
        Some(url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A URL without the parts that may hold secrets: scheme, host, port and path.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that have no host, and thus no user name either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    if url.cannot_be_a_base() {
        return format!("{}:…", url.scheme());
    }
    url.as_str().trim_end_matches('/').to_owned()
}

/// One path segment in which only unreserved characters (RFC 3986, section 2.3) stay as they are.
///
/// `None` for an empty segment, which would name the collection above, and for `.` and `..`, which
/// have no encoded form: `%2e%2e` climbs as `..` does.
pub(crate) fn encode_segment(segment: &str) -> Option<String> {
    if matches!(segment, "" | "." | "..") {
        return None;
    }
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                encoded.extend([byte >> 4, byte & 0xf].map(hex_digit));
            }
        }
    }
    Some(encoded)
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, BuildError> {
        Endpoint::new(&Url::parse(url).unwrap(), false)
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, allowed) in [
            ("http://localhost:8080", true),
            ("http://127.0.0.1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://api.runscope.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
            ("http://[::ffff:10.0.0.1]", false),
            ("http://0.0.0.0", false),
        ] {
            let refused = endpoint(url).err().map(|error| error.is_plain_http());
            assert_eq!(refused, (!allowed).then_some(true), "{url}");
            assert!(Endpoint::new(&Url::parse(url).unwrap(), true).is_ok());
        }
    }

    #[test]
    fn an_endpoint_that_could_hold_a_secret_is_refused_without_showing_it() {
        for url in [
            "http://user:hunter2@localhost",
            "http://hunter2@localhost",
            "http://localhost/?key=hunter2",
            "http://localhost/#hunter2",
            "http://user:hunter2@api.example/?key=hunter2",
            "ftp://user:hunter2@localhost",
            "mailto:hunter2@localhost",
        ] {
            let error = endpoint(url).err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(!shown(&Url::parse(url).unwrap()).contains("hunter2"));
        }
    }

    #[test]
    fn paths_keep_the_prefix_and_never_climb() {
        for (base, key, expected) in [
            ("http://localhost", "abc", Some("/buckets/abc/messages")),
            ("http://localhost/", "abc", Some("/buckets/abc/messages")),
            (
                "http://localhost/v1//",
                "abc",
                Some("/v1/buckets/abc/messages"),
            ),
            (
                "http://localhost/a%2Fb",
                "a",
                Some("/a%2Fb/buckets/a/messages"),
            ),
            ("http://localhost", "../x", Some("/buckets/..%2Fx/messages")),
            (
                "http://localhost",
                "a?b#c",
                Some("/buckets/a%3Fb%23c/messages"),
            ),
            ("http://localhost", "a\\b", Some("/buckets/a%5Cb/messages")),
            (
                "http://localhost",
                "%2e%2e",
                Some("/buckets/%252e%252e/messages"),
            ),
            ("http://localhost", ".\t.", Some("/buckets/.%09./messages")),
            (
                "http://localhost",
                "snö ",
                Some("/buckets/sn%C3%B6%20/messages"),
            ),
            ("http://localhost", "...", Some("/buckets/.../messages")),
            ("http://localhost", "", None),
            ("http://localhost", ".", None),
            ("http://localhost", "..", None),
        ] {
            let url = endpoint(base)
                .ok()
                .unwrap()
                .url(&["buckets", key, "messages"]);
            assert_eq!(url.as_ref().map(Url::path), expected, "{base} {key:?}");
            assert!(url.is_none_or(|url| url.query().is_none() && url.fragment().is_none()));
        }
    }
}
