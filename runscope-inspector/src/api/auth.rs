use super::cookie::{self, Cookie};
use super::error::ApiError;
use super::state::AppState;
use crate::exchange::Timestamp;
use crate::store::{Bucket, Grant, Scope};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// A bearer token. It is shown by [`reveal`](Token::reveal) only.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new token of 244 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self(format!(
            "{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        ))
    }

    /// A token that was made elsewhere.
    ///
    /// # Errors
    ///
    /// When it is shorter than 16 characters, or has characters other than letters, digits and
    /// `-._~+/=`, which `Authorization` can't carry (RFC 6750, section 2.1).
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidToken> {
        let token = token.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.len() >= 16 && token.bytes().all(allowed) {
            Ok(Self(token))
        } else {
            Err(InvalidToken(()))
        }
    }

    /// The token itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its SHA-256, which a store keeps and compares in its place.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A text that can't be a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidToken(());

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a token has at least 16 characters, all of them letters, digits or one of -._~+/=",
        )
    }
}

impl std::error::Error for InvalidToken {}

/// Who sends a request; a request without a known token does not get as far.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// Who has the owner's token.
    Owner,
    /// Who has a session that it opened, with the digest of its identifier.
    Session([u8; 32]),
    /// Who has the token for metrics.
    Scraper,
    /// Who has a bucket's token.
    Holder(Grant),
}

impl Caller {
    /// Lets the owner on.
    pub(crate) fn owns(self) -> Result<(), ApiError> {
        match self {
            Self::Owner | Self::Session(_) => Ok(()),
            Self::Scraper | Self::Holder(_) => {
                Err(ApiError::forbidden("this needs the owner's token"))
            }
        }
    }

    /// Lets on whoever may see numbers of all buckets.
    pub(super) fn scrapes(self) -> Result<(), ApiError> {
        match self {
            Self::Owner | Self::Session(_) | Self::Scraper => Ok(()),
            Self::Holder(_) => Err(ApiError::forbidden(
                "this needs the owner's token, or the one for metrics",
            )),
        }
    }

    /// The bucket of a key, if the caller may do this there. A token learns nothing of other buckets,
    /// not even whether they exist.
    pub(crate) async fn bucket(
        self,
        state: &AppState,
        key: String,
        scope: Scope,
    ) -> Result<Bucket, ApiError> {
        let bucket = state.blocking(move |store| store.bucket(&key)).await?;
        match (self, bucket) {
            (Self::Owner | Self::Session(_), Some(bucket)) => Ok(bucket),
            (Self::Owner | Self::Session(_), None) => {
                Err(ApiError::not_found("there is no bucket with this key"))
            }
            (Self::Holder(grant), Some(bucket))
                if grant.bucket == bucket.id && grant.scope == scope =>
            {
                Ok(bucket)
            }
            _ => Err(ApiError::forbidden("the token does not allow this here")),
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Some(digest) = bearer(&parts.headers) else {
            if !cookie::counts(parts, state.config()) {
                return Err(ApiError::unauthorized());
            }
            let now = Timestamp::now();
            return Cookie::of(parts, state.config())
                .values(&parts.headers)
                .map(digest)
                .find(|id| state.access().sessions().knows(id, now))
                .map(Self::Session)
                .ok_or_else(ApiError::unauthorized);
        };
        if is_owners(state, &digest) {
            return Ok(Self::Owner);
        }
        let metrics = state.config().metrics.as_ref();
        if metrics.is_some_and(|token| bool::from(digest.ct_eq(&token.digest()))) {
            return Ok(Self::Scraper);
        }
        // Looking up a digest tells nothing of the token by its time.
        match state.blocking(move |store| store.grant(&digest)).await? {
            Some(grant) => Ok(Self::Holder(grant)),
            None => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "the token is not known",
            )),
        }
    }
}

/// Whether a digest is that of the owner's token.
pub(super) fn is_owners(state: &AppState, digest: &[u8; 32]) -> bool {
    bool::from(digest.ct_eq(&state.config().owner.digest()))
}

fn bearer(headers: &HeaderMap) -> Option<[u8; 32]> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| digest(token.trim()))
}

pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown_and_must_fit_a_header() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.reveal()));
        assert!(Token::new(token.reveal()).is_ok());
        for bad in ["short", "with a space in it", "sixteen characters\n", ""] {
            assert!(Token::new(bad).is_err(), "{bad}");
        }
    }
}
