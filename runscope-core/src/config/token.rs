use std::fmt;

/// A Runscope access token, sent as `Authorization: Bearer …`.
///
/// `Debug` and `Display` never show it, so a config that is logged leaks nothing. Whether its
/// characters can stand in a header is checked by
/// [`ConfigBuilder::build`](super::ConfigBuilder::build).
///
/// ```
/// use runscope_core::AccessToken;
///
/// let token = AccessToken::from("c0ffee");
/// assert_eq!(format!("{token:?}, {token}"), "AccessToken([redacted]), [redacted]");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AccessToken(String);

impl AccessToken {
    /// The token itself. Every other way to show it gives a placeholder.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is wrong with the token, in words that do not hold it.
    pub(super) fn fault(&self) -> Option<String> {
        if self.0.is_empty() {
            return Some("is empty".to_owned());
        }
        if self.0.trim().len() < self.0.len() {
            return Some("begins or ends with white space".to_owned());
        }
        let position = self.0.bytes().position(|byte| !byte.is_ascii_graphic())?;
        Some(format!(
            "cannot stand in a header because of its byte {position}"
        ))
    }
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        Self(token.to_owned())
    }
}

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken([redacted])")
    }
}

impl fmt::Display for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_must_be_visible_ascii() {
        for (token, sound) in [
            ("5a1e0d4c-d8e2-4f4c-8f35-0f8a5a0a7d1b", true),
            ("a+b/c==", true),
            ("", false),
            (" padded", false),
            ("newline\n", false),
            ("two words", false),
            ("tab\there", false),
            ("smuggled\r\nHost: evil", false),
            ("umläut", false),
            ("\u{7f}", false),
        ] {
            assert_eq!(
                AccessToken::from(token).fault().is_none(),
                sound,
                "{token:?}"
            );
        }
    }

    #[test]
    fn neither_the_token_nor_its_complaint_shows_it() {
        let token = AccessToken::from("s3cr et".to_owned());
        let shown = format!("{token:?} {token} {:?}", token.fault());
        assert!(!shown.contains("s3cr"), "{shown}");
        assert_eq!(token.expose(), "s3cr et");
    }
}
