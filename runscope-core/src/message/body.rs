use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a message's `body` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BodyEncoding {
    /// As it is; the API's default.
    #[default]
    Plaintext,
    /// Standard base64 with padding (RFC 4648, section 4), for bytes that are not UTF-8.
    Base64,
}

impl BodyEncoding {
    /// Plain text is the API's default, so it is left out of what is sent.
    pub(crate) fn unless_default(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// A body in the form that fits a JSON string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The body as text: itself, or its base64.
    pub text: String,
    /// Which of the two `text` is.
    pub encoding: BodyEncoding,
}

impl Body {
    /// Writes UTF-8 as it is and anything else as base64.
    #[must_use]
    pub fn encode(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self {
                text: text.to_owned(),
                encoding: BodyEncoding::Plaintext,
            },
            Err(_) => Self {
                text: STANDARD.encode(bytes),
                encoding: BodyEncoding::Base64,
            },
        }
    }

    pub(crate) fn decode(
        text: Option<&str>,
        encoding: Option<BodyEncoding>,
    ) -> Result<Option<Vec<u8>>, BodyError> {
        let Some(text) = text else { return Ok(None) };
        match encoding.unwrap_or_default() {
            BodyEncoding::Plaintext => Ok(Some(text.as_bytes().to_vec())),
            BodyEncoding::Base64 => STANDARD
                .decode(text)
                .map(Some)
                .map_err(|error| BodyError { error }),
        }
    }
}

/// A body that says it is base64 and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    error: base64::DecodeError,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "body_encoding is base64, but the body is not valid base64: {}",
            self.error
        )
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_bytes_become_base64() {
        for (bytes, text, encoding) in [
            (&b""[..], "", BodyEncoding::Plaintext),
            ("snö\0".as_bytes(), "snö\0", BodyEncoding::Plaintext),
            (&[0xff, 0x00], "/wA=", BodyEncoding::Base64),
        ] {
            let body = Body::encode(bytes);
            assert_eq!((body.text.as_str(), body.encoding), (text, encoding));
            let back = Body::decode(Some(text), Some(encoding)).unwrap();
            assert_eq!(back.as_deref(), Some(bytes));
        }
    }

    #[test]
    fn bad_base64_is_an_error_that_says_so() {
        let error = Body::decode(Some("%%%"), Some(BodyEncoding::Base64)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("body_encoding is base64, but"),
            "{error}"
        );
    }
}
