//! Which bodies are worth keeping, by their content type.

use std::{fmt, str::FromStr};

/// The types kept by default: text that people read.
pub(super) const DEFAULTS: [&str; 10] = [
    "application/json",
    "application/*+json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
    "application/*+xml",
    "application/graphql*",
    "application/javascript",
    "text/*",
];

/// What a body is that does not say what it is (RFC 9110, section 8.3).
const UNKNOWN: &[u8] = b"application/octet-stream";

/// A content type in which `*` stands for any run of characters: `text/*`, `application/*+json`,
/// `*/*`. At most one `*` on each side of the slash.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ContentTypePattern {
    text: String,
    main: Part,
    sub: Part,
}

impl ContentTypePattern {
    /// Whether a type, given as what is on the sides of its slash, is of this one. The case of letters
    /// does not matter.
    fn matches(&self, (main, sub): (&[u8], &[u8])) -> bool {
        self.main.matches(main) && self.sub.matches(sub)
    }
}

/// Whether a body with this `Content-Type` header is to be kept. Its parameters don't matter; without
/// the header, or a slash in it, the body counts as `application/octet-stream`.
pub(crate) fn keeps_type(patterns: &[ContentTypePattern], header: Option<&[u8]>) -> bool {
    // Most types are written as a pattern is, and then they are equal at a glance.
    let is_same = |pattern: &ContentTypePattern| header == Some(pattern.text.as_bytes());
    if patterns.iter().any(is_same) {
        return true;
    }
    let essence = essence(header.unwrap_or(UNKNOWN));
    patterns.iter().any(|pattern| pattern.matches(essence))
}

impl FromStr for ContentTypePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("{} is not a content type", super::value::quoted(text));
        let (main, sub) = text.trim().split_once('/').ok_or_else(fault)?;
        match (Part::parse(main), Part::parse(sub)) {
            (Some(main), Some(sub)) => Ok(Self {
                text: format!("{main}/{sub}"),
                main,
                sub,
            }),
            _ => Err(fault()),
        }
    }
}

impl fmt::Display for ContentTypePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for ContentTypePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// One side of the slash.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    Exact(String),
    Around { prefix: String, suffix: String },
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        // The characters of a token (RFC 9110, section 5.6.2), `*` among them.
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_token) {
            return None;
        }
        match text.split_once('*') {
            None => Some(Self::Exact(text.to_owned())),
            Some((_, suffix)) if suffix.contains('*') => None,
            Some((prefix, suffix)) => Some(Self::Around {
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
            }),
        }
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self {
            // One comparison of the whole, as a rule; letter by letter only where the case may differ.
            Self::Exact(exact) => {
                text == exact.as_bytes() || text.eq_ignore_ascii_case(exact.as_bytes())
            }
            Self::Around { prefix, suffix } => text
                .split_at_checked(prefix.len())
                .filter(|(start, _)| start.eq_ignore_ascii_case(prefix.as_bytes()))
                .and_then(|(_, rest)| rest.split_at_checked(rest.len().checked_sub(suffix.len())?))
                .is_some_and(|(_, end)| end.eq_ignore_ascii_case(suffix.as_bytes())),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => formatter.write_str(exact),
            Self::Around { prefix, suffix } => write!(formatter, "{prefix}*{suffix}"),
        }
    }
}

/// The type of a header's value without its parameters, at its slash.
fn essence(header: &[u8]) -> (&[u8], &[u8]) {
    let essence = header
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    split(essence)
        .or_else(|| split(UNKNOWN))
        .unwrap_or_default()
}

fn split(essence: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = essence.iter().position(|&byte| byte == b'/')?;
    let (main, rest) = essence.split_at_checked(slash)?;
    Some((main, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, header: &str) -> bool {
        keeps_type(&[pattern.parse().unwrap()], Some(header.as_bytes()))
    }

    #[test]
    fn patterns_ignore_parameters_and_case() {
        for (pattern, header, expected) in [
            ("application/json", "application/json", true),
            ("application/json", "Application/JSON ; charset=utf-8", true),
            ("Application/JSON", "application/json", true),
            ("application/json", "application/json5", false),
            ("application/json", "text/json", false),
            (
                "application/*+json",
                "application/problem+json; charset=x",
                true,
            ),
            ("application/*+json", "application/json", false),
            ("application/graphql*", "application/graphql", true),
            (
                "application/graphql*",
                "application/graphql-response+json",
                true,
            ),
            ("application/graphql*", "application/graph", false),
            ("text/*", "text/event-stream", true),
            ("text/*", "context/plain", false),
            ("a/ab*ba", "a/aba", false),
            ("a/ab*ba", "a/abba", true),
            ("*/*", "image/png", true),
            ("*/*", "", true),
            ("*/*", "nonsense", true),
            ("text/*", "nonsense", false),
            ("application/octet-stream", "nonsense", true),
        ] {
            assert_eq!(matches(pattern, header), expected, "{pattern} {header}");
        }
    }

    #[test]
    fn a_body_without_a_type_is_kept_only_where_binary_data_is() {
        let parse = |patterns: &[&str]| -> Vec<ContentTypePattern> {
            patterns
                .iter()
                .map(|pattern| pattern.parse().unwrap())
                .collect()
        };
        let defaults = parse(&DEFAULTS);
        assert!(!keeps_type(&defaults, None));
        assert!(!keeps_type(&defaults, Some(b"")));
        assert!(!keeps_type(&defaults, Some(b"image/png")));
        assert!(!keeps_type(&defaults, Some(b"\xff\xfe/\xff")));
        assert!(keeps_type(
            &defaults,
            Some(b"multipart/form-data; boundary=\xff")
        ));
        assert!(keeps_type(&defaults, Some(b"application/soap+xml")));
        assert!(keeps_type(&parse(&["*/*"]), None));
        assert!(!keeps_type(&[], Some(b"text/plain")));
    }

    #[test]
    fn what_is_not_a_content_type_is_refused() {
        for text in [
            "",
            "json",
            "*",
            "text/",
            "/json",
            "a/b/c",
            "a/*b*",
            "text/pl ain",
            "text/é",
        ] {
            let fault = text.parse::<ContentTypePattern>().unwrap_err();
            assert_eq!(fault, format!("{text:?} is not a content type"));
        }
        assert_eq!(
            " text/* "
                .parse::<ContentTypePattern>()
                .unwrap()
                .to_string(),
            "text/*"
        );
    }
}
