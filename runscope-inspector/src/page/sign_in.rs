use super::form::Form;
use super::layout::{Nav, Page};
use super::place::Visitor;
use crate::api::{AppState, Config, Cookie};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

/// The page of one who is not signed in.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// What every path of the server begins with.
    prefix: String,
    /// Where to go on to: a path of a bucket, or the first page.
    next: String,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    /// A link elsewhere led here, and the browser keeps the session to itself on that way.
    FromElsewhere,
    Refused,
}

impl SignIn {
    /// A page was asked for without a session.
    pub(super) fn asked(parts: &Parts, config: &Config) -> Self {
        let site = parts.headers.get("sec-fetch-site");
        let elsewhere = site.is_some_and(|site| site == "cross-site" || site == "same-site");
        let path = parts.extensions.get::<axum::extract::OriginalUri>();
        let path = path
            .map_or(&parts.uri, |original| &original.0)
            .path_and_query();
        let path = path.map_or("", PathAndQuery::as_str);
        // A proxy takes the prefix off, an app that this one is mounted in does not.
        let path = match path.starts_with(config.prefix.as_str()) {
            true => path.to_owned(),
            false => format!("{}{path}", config.prefix),
        };
        Self {
            prefix: config.prefix.clone(),
            next: ours(config, &path).to_owned(),
            why: if elsewhere {
                Why::FromElsewhere
            } else {
                Why::Asked
            },
        }
    }

    /// The token was not the owner's.
    pub(crate) fn refused(config: &Config, next: &str) -> Self {
        Self {
            prefix: config.prefix.clone(),
            next: ours(config, next).to_owned(),
            why: Why::Refused,
        }
    }
}

impl IntoResponse for SignIn {
    fn into_response(self) -> Response {
        let refused = self.why == Why::Refused;
        let content = html! {
            section.card.narrow {
                h1 { "Sign in" }
                @if self.why == Why::FromElsewhere {
                    p { "A link on another site led here, and your browser keeps your session from such links." }
                    p { a.button.primary href=(self.next) { "Go on" } }
                    p { "If you are not signed in yet:" }
                }
                p {
                    "The server printed a link when it started, which begins with " code { "Open http" } "; "
                    "where its token was set for it, only without that token. "
                    "Follow it, or paste the token at its end:"
                }
                form.stack method="post" action={ (self.prefix) "/sign-in" } {
                    input type="hidden" name="next" value=(self.next);
                    label for="token" { "Owner's token" }
                    input #token type="password" name="token" required autocomplete="current-password"
                        spellcheck="false" aria-invalid=[refused.then_some("true")]
                        aria-describedby=[refused.then_some("token-error")];
                    @if refused {
                        p.error #token-error role="alert" { "This is not the owner's token." }
                    }
                    button.primary type="submit" { "Sign in" }
                }
                p.hint {
                    "The token is also in the file " code { "token" } " of the server's data directory. "
                    "An app's own token does not open this page."
                }
            }
        };
        Page::new("Sign in", Nav::Outside(&self.prefix), content)
            .status(StatusCode::UNAUTHORIZED)
            .into_response()
    }
}

/// Opens a session by the form.
pub(crate) async fn sign_in(State(state): State<AppState>, cookie: Cookie, form: Form) -> Response {
    let next = ours(state.config(), form.field("next"));
    match cookie.sign_in(&state, form.field("token").trim()).await {
        Some(cookie) => see_other(cookie, next),
        None => SignIn::refused(state.config(), next).into_response(),
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    State(state): State<AppState>,
    _: Visitor,
    cookie: Cookie,
    headers: HeaderMap,
) -> Response {
    see_other(
        cookie.sign_out(&state, &headers).await,
        state.config().root(),
    )
}

fn see_other(cookie: String, location: &str) -> Response {
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::LOCATION, location.to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The path, if it is the list of buckets, a page of one, or of alerts; what else a link can hold could
/// lead away from here.
fn ours<'p>(config: &'p Config, path: &'p str) -> &'p str {
    let plain = path
        .strip_prefix(config.prefix.as_str())
        .is_some_and(|path| {
            let is_under = |root: &str| {
                path.strip_prefix(root)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            is_under("/b") || is_under("/alerts")
        })
        && path
            .bytes()
            .all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'\\');
    if plain { path } else { config.root() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Token;

    #[test]
    fn only_a_page_of_ours_is_led_to() {
        let mut config = Config::new(Token::random());
        for (path, expected) in [
            ("/b/default?q=a%20b", "/b/default?q=a%20b"),
            ("/b", "/b"),
            ("/bucket", "/"),
            ("/alerts", "/alerts"),
            ("/alerts/0a1b", "/alerts/0a1b"),
            ("/alerts.evil", "/"),
            ("/", "/"),
            ("//evil.example/b/", "/"),
            ("https://evil.example/b/", "/"),
            ("/b/a\r\nset-cookie: x", "/"),
            ("/b/\\evil", "/"),
            ("", "/"),
        ] {
            assert_eq!(ours(&config, path), expected, "{path}");
        }
        config.prefix = "/inspector".to_owned();
        for (path, expected) in [
            ("/inspector/b/default", "/inspector/b/default"),
            ("/b/default", "/inspector"),
            ("/inspector//evil.example/b/", "/inspector"),
            ("/inspector.evil/b/", "/inspector"),
        ] {
            assert_eq!(ours(&config, path), expected, "{path}");
        }
    }
}
