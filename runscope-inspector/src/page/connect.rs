use super::PageError;
use super::address::Path;
use super::form::Form;
use super::format;
use super::layout::{Nav, Page, Tab};
use super::place::Place;
use crate::api::{AppState, LONGEST_TOKEN_NAME, Token, token_name};
use crate::store::{NewToken, Scope, TokenInfo};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

/// How to send calls to the bucket.
pub(super) async fn connect(
    State(state): State<AppState>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    shown(&state, &place, &headers, None).await
}

/// Makes a write token and shows it, this once, in the lines that need it.
pub(super) async fn make_token(
    State(state): State<AppState>,
    place: Place,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    let token = Token::random();
    let mut kept = NewToken::new(Scope::Write, token.digest());
    let name = form.field("name").trim();
    if !name.is_empty() {
        kept.name = Some(token_name(name)?);
    }
    let bucket = place.bucket.id;
    state
        .blocking(move |store| store.add_token(bucket, &kept))
        .await?;
    shown(&state, &place, &headers, Some(&token)).await
}

/// Takes a token away.
pub(super) async fn revoke(
    State(state): State<AppState>,
    place: Place,
    Path((_, id)): Path<(String, i64)>,
) -> Result<Redirect, PageError> {
    place.caller.owns()?;
    let bucket = place.bucket.id;
    // Whoever takes it away twice has what they want.
    state.remove_token(bucket, id).await?;
    Ok(Redirect::to(&place.path("/connect")))
}

/// What a list without any call says; a script that follows the live tail takes it away.
pub(super) fn first_call(place: &Place, endpoint: &str, live: &str) -> Markup {
    html! {
        section.page.reading.first-call #first-call data-live=(live) {
            h2 { "No calls yet: send your first call" }
            p.muted { "It is shown here as soon as it arrives." }
            (steps(place, endpoint, None))
        }
    }
}

async fn shown(
    state: &AppState,
    place: &Place,
    headers: &HeaderMap,
    token: Option<&Token>,
) -> Result<Response, PageError> {
    let endpoint = endpoint(state, headers);
    let bucket = place.bucket.id;
    let tokens = match place.caller.owns() {
        Ok(()) => state.blocking(move |store| store.tokens(bucket)).await?,
        Err(_) => Vec::new(),
    };
    let content = html! {
        div.page.reading {
            h1 { "Send calls to " (place.bucket.name) }
            (steps(place, &endpoint, token))
            (tokens_section(place, &tokens))
        }
    };
    Ok(
        Page::new("Connect", Nav::Bucket(place, Tab::Connect), content)
            .styles(&["list.css"])
            .scripts(&["copy.js"])
            .into_response(),
    )
}

/// The tokens that let in here; the list is the owner's.
fn tokens_section(place: &Place, tokens: &[TokenInfo]) -> Markup {
    html! {
        @if !tokens.is_empty() {
            section.card #tokens {
                h2 { "Tokens of this bucket" }
                ul {
                    @for token in tokens {
                        li {
                            form method="post" action=(place.path(&format!("/connect/tokens/{}", token.id))) {
                                @if let Some(name) = &token.name { strong { (name) } " · " }
                                (match token.scope { Scope::Read => "Reads", Scope::Write => "Writes" })
                                ", made " (format::moment(token.created)) " "
                                button.danger.quiet type="submit" {
                                    "Revoke"
                                    @if let Some(name) = &token.name { span.visually-hidden { " " (name) } }
                                }
                            }
                        }
                    }
                }
                p.hint { "An app with a revoked token is refused from then on." }
            }
        }
    }
}

fn steps(place: &Place, endpoint: &str, token: Option<&Token>) -> Markup {
    let shown = token.map_or("TOKEN", Token::reveal);
    let key = &place.bucket.key;
    let curl = format!(
        "curl {endpoint}/buckets/{key}/messages \\\n  -H 'Authorization: Bearer {shown}' \\\n  --json '{EXAMPLE}'"
    );
    let env = format!(
        "RUNSCOPE_ACCESS_TOKEN={shown}\nRUNSCOPE_BUCKET_KEY={key}\nRUNSCOPE_API_ENDPOINT={endpoint}"
    );
    html! {
        (token_section(place, token))
        section.card {
            h2 { "Try it" }
            p { "One call by hand:" }
            (lines("curl", &curl))
        }
        section.card {
            h2 { "From your app" }
            p { "The library reads its settings from the environment:" }
            (lines("env", &env))
            p.hint {
                "Bodies are left out unless " code { "RUNSCOPE_LOG_BODY=true" } " is set. "
                "Any other client of the Runscope messages API works too: give it the same three values."
            }
        }
    }
}

const EXAMPLE: &str = r#"{"request":{"method":"GET","url":"https://shop.example/hello"},"response":{"status":200,"response_time":0.012}}"#;

fn token_section(place: &Place, token: Option<&Token>) -> Markup {
    html! {
        section.card {
            h2 { "A token that can only write" }
            @match token {
                Some(token) => {
                    p role="status" { "This is the token. It is shown this once; only its hash is kept." }
                    (lines("write-token", token.reveal()))
                    p.hint { "The lines below have it already." }
                }
                None => {
                    p { "An app needs a token for this bucket. It can send calls and read nothing." }
                    form.view-form method="post" action=(place.path("/connect")) {
                        div {
                            label for="token-name" { "Name, to tell it apart (may be left empty)" }
                            input #token-name type="text" name="name" maxlength=(LONGEST_TOKEN_NAME) autocomplete="off";
                        }
                        button.primary #make-token type="submit" { "Make a write token" }
                    }
                }
            }
        }
    }
}

fn lines(id: &str, text: &str) -> Markup {
    html! {
        div.copyable {
            pre.lines id=(id) tabindex="0" { (text) }
            button.quiet type="button" data-copy=(id) hidden { "Copy" }
        }
    }
}

/// Where the server is reached: as configured, or as this request did.
pub(super) fn endpoint(state: &AppState, headers: &HeaderMap) -> String {
    let base_url = &state.config().base_url;
    if !base_url.is_empty() {
        return base_url.clone();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let prefix = &state.config().prefix;
    format!("http://{}{prefix}", host.unwrap_or("localhost"))
}
