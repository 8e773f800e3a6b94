use super::envelope::Params;
use super::error::ApiError;
use super::state::AppState;
use crate::page::SignIn;
use crate::store::{Bucket, Grant, Scope};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const COOKIE: &str = "runscope_inspector";

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

    /// What is stored and compared in its place.
    pub(crate) fn digest(&self) -> [u8; 32] {
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
    /// Who has the owner's token, or a session that it opened.
    Owner,
    /// Who has a bucket's token.
    Holder(Grant),
}

impl Caller {
    /// Lets the owner on.
    pub(crate) fn owns(self) -> Result<(), ApiError> {
        match self {
            Self::Owner => Ok(()),
            Self::Holder(_) => Err(ApiError::forbidden("this needs the owner's token")),
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
            (Self::Owner, Some(bucket)) => Ok(bucket),
            (Self::Owner, None) => Err(ApiError::not_found("there is no bucket with this key")),
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
        let Some(digest) =
            bearer(&parts.headers).or_else(|| session(&parts.method, &parts.headers))
        else {
            return Err(ApiError::unauthorized());
        };
        if bool::from(digest.ct_eq(&state.config().owner.digest())) {
            return Ok(Self::Owner);
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

#[derive(Deserialize)]
pub(super) struct Opening {
    token: String,
}

/// Trades the token of a printed link for a cookie, and leads away from the link, so that the token
/// stays out of the history and of referrers.
pub(super) async fn open(
    State(state): State<AppState>,
    Params(opening): Params<Opening>,
) -> Response {
    match session_cookie(&state, &opening.token) {
        Some(cookie) => (
            StatusCode::SEE_OTHER,
            [
                (header::SET_COOKIE, cookie),
                (header::LOCATION, "/".to_owned()),
            ],
        )
            .into_response(),
        None => SignIn::refused("/").into_response(),
    }
}

/// The `Set-Cookie` of a session, if the token is the owner's.
pub(crate) fn session_cookie(state: &AppState, token: &str) -> Option<String> {
    let known = bool::from(digest(token).ct_eq(&state.config().owner.digest()));
    known.then(|| format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"))
}

/// The `Set-Cookie` that ends a session.
pub(crate) fn ended_session() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

fn bearer(headers: &HeaderMap) -> Option<[u8; 32]> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| digest(token.trim()))
}

/// A browser sends the cookie whoever made it ask, so it counts only where the browser says that
/// the page asking is ours. One that does not say (before 2023) can only read.
fn session(method: &Method, headers: &HeaderMap) -> Option<[u8; 32]> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let ours = match site {
        Some(site) => site == b"same-origin" || (site == b"none" && method.is_safe()),
        None => method.is_safe(),
    };
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let token = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)?
        .1;
    ours.then(|| digest(token))
}

fn digest(token: &str) -> [u8; 32] {
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

    #[test]
    fn a_cookie_counts_only_where_our_own_page_asks() {
        for (method, site, counts) in [
            (Method::GET, Some("same-origin"), true),
            (Method::POST, Some("same-origin"), true),
            (Method::GET, Some("none"), true),
            (Method::POST, Some("none"), false),
            (Method::GET, Some("cross-site"), false),
            (Method::GET, Some("same-site"), false),
            (Method::GET, None, true),
            (Method::DELETE, None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::COOKIE,
                format!("a=b; {COOKIE}=t; c=d").parse().unwrap(),
            );
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            let expected = counts.then(|| digest("t"));
            assert_eq!(session(&method, &headers), expected, "{method} {site:?}");
        }
    }
}
