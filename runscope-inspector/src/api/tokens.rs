use super::auth::{Caller, Token};
use super::body::{Received, expect_json};
use super::envelope::{Path, data, nothing};
use super::error::ApiError;
use super::state::AppState;
use crate::store::{NewToken, Scope, TokenInfo};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Creation {
    scope: ScopeName,
    name: Option<String>,
}

/// The longest name of a token, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeName {
    Read,
    Write,
}

/// The tokens of a bucket, without the tokens themselves.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let tokens = state.blocking(move |store| store.tokens(bucket.id)).await?;
    Ok(data(&tokens.iter().map(token_json).collect::<Vec<_>>()))
}

/// Makes a token that can only read, or only write, in one bucket. It is shown this once.
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.owns()?;
    expect_json(&headers)?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let received = Received::read(&state, caller, &headers, body).await?;
    let Creation { scope, name } = received.json(&state, "a token").await?;
    let name = name.as_deref().map(token_name).transpose()?;
    let scope = match scope {
        ScopeName::Read => Scope::Read,
        ScopeName::Write => Scope::Write,
    };
    let token = Token::random();
    let kept = NewToken {
        scope,
        digest: token.digest(),
        name,
    };
    let info = state
        .blocking(move |store| store.add_token(bucket.id, &kept))
        .await?;
    let mut shown = token_json(&info);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("token".to_owned(), json!(token.reveal()));
    }
    Ok(data(&shown))
}

/// Takes a token away.
pub(super) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.owns()?;
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let no_token = || ApiError::not_found("there is no token with this id");
    let id = id.parse().map_err(|_| no_token())?;
    if state.remove_token(bucket.id, id).await? {
        Ok(nothing())
    } else {
        Err(no_token())
    }
}

/// A name by which people tell tokens apart.
pub(crate) fn token_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if (1..=LONGEST_NAME).contains(&name.chars().count()) {
        return Ok(name.to_owned());
    }
    let message = format!("a token's name must have 1 to {LONGEST_NAME} characters");
    Err(ApiError::bad_request(message))
}

fn token_json(token: &TokenInfo) -> Value {
    let scope = match token.scope {
        Scope::Read => "read",
        Scope::Write => "write",
    };
    json!({
        "id": token.id,
        "scope": scope,
        "name": token.name,
        "created": token.created.as_seconds(),
    })
}
