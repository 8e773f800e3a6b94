//! The base URL of the API: what is allowed in it.

use super::value::quoted;
use url::{Host, Url};

pub(super) const DEFAULT: &str = "https://api.runscope.com";

/// A base URL without slashes at the end of its path (the root keeps its one).
///
/// The complaint quotes the text only where nothing in it can be a secret.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let shown = match text.contains(['@', '?', '#']) {
        true => "the value".to_owned(),
        false => quoted(text),
    };
    let mut url = Url::parse(text.trim()).map_err(|_| format!("{shown} is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!("{shown} is not an https or http URL"));
    }
    for (part, present) in [
        (
            "a user name or password",
            !url.username().is_empty() || url.password().is_some(),
        ),
        ("a query", url.query().is_some()),
        ("a fragment", url.fragment().is_some()),
    ] {
        if present {
            return Err(format!("holds {part}"));
        }
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether the token would travel in clear over a network.
pub(super) fn is_plain_and_remote(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    };
    url.scheme() != "https" && !loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_a_path_and_loses_its_last_slashes() {
        for (text, expected) in [
            (DEFAULT, "https://api.runscope.com/"),
            ("https://api.runscope.com/", "https://api.runscope.com/"),
            (
                " https://gateway.example/runscope/v1// ",
                "https://gateway.example/runscope/v1",
            ),
            ("http://127.0.0.1:4040", "http://127.0.0.1:4040/"),
            ("HTTPS://Example.com", "https://example.com/"),
        ] {
            assert_eq!(parse(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_base_url_is_refused_without_quoting_secrets() {
        for (text, expected) in [
            ("not a url", "\"not a url\" is not a URL"),
            ("", "\"\" is not a URL"),
            ("api.runscope.com", "\"api.runscope.com\" is not a URL"),
            (
                "ftp://api.runscope.com",
                "\"ftp://api.runscope.com\" is not an https or http URL",
            ),
            (
                "https://user:hunter2@example.com",
                "holds a user name or password",
            ),
            (
                "https://:hunter2@example.com",
                "holds a user name or password",
            ),
            ("https://example.com?token=hunter2", "holds a query"),
            ("https://example.com/#top", "holds a fragment"),
            ("https//hunter2@example", "the value is not a URL"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn only_loopback_may_be_plain() {
        for (text, expected) in [
            ("https://api.runscope.com", false),
            ("http://localhost:8080", false),
            ("http://localhost.:8080", false),
            ("http://inspector.localhost", false),
            ("http://127.8.9.1", false),
            ("http://[::1]:80", false),
            ("http://[::ffff:127.0.0.1]", false),
            ("http://api.runscope.com", true),
            ("http://notlocalhost", true),
            ("http://localhost.evil.example", true),
            ("http://10.0.0.1", true),
            ("http://[fe80::1]", true),
        ] {
            assert_eq!(
                is_plain_and_remote(&parse(text).unwrap()),
                expected,
                "{text}"
            );
        }
    }
}
