use super::auth::{digest, is_owners};
use super::door;
use super::envelope::Params;
use super::state::{AppState, Config};
use crate::page::SignIn;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::convert::Infallible;

const NAME: &str = "runscope_inspector";

/// The cookie of a session at the address that a request came to.
///
/// Browsers share cookies between all ports of a host, so the port is in its name: two servers on
/// one machine don't sign each other out. Whoever listens on another port can still see it, so it
/// holds an identifier that is good for this server's page only, never a token.
#[derive(Debug)]
pub(crate) struct Cookie {
    name: String,
    path: String,
    secure: bool,
}

impl Cookie {
    pub(super) fn of(parts: &Parts, config: &Config) -> Self {
        let secure = config.base_url.starts_with("https://");
        let path = config.root();
        // `__Host-` is for cookies of all paths only (RFC 6265bis, section 4.1.3.2).
        let prefix = match (secure, path) {
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
            (false, _) => "",
        };
        let port = door::host(&parts.uri, &parts.headers).and_then(door::port_of);
        let port = port.map_or_else(String::new, |port| format!("_{port}"));
        Self {
            name: format!("{prefix}{NAME}{port}"),
            path: path.to_owned(),
            secure,
        }
    }

    /// What a request has under its name.
    pub(super) fn values<'h>(&self, headers: &'h HeaderMap) -> impl Iterator<Item = &'h str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value)
    }

    /// Opens a session if the token is the owner's, and gives its `Set-Cookie`.
    pub(crate) async fn sign_in(&self, state: &AppState, token: &str) -> Option<String> {
        if !is_owners(state, &digest(token)) {
            return None;
        }
        let id = state.open_session().await;
        Some(self.set(id.reveal()))
    }

    /// Ends the session of a request, and gives the `Set-Cookie` that says so.
    pub(crate) async fn sign_out(&self, state: &AppState, headers: &HeaderMap) -> String {
        let sessions = self.values(headers).map(digest);
        state.close_sessions(sessions.collect()).await;
        self.set("; Max-Age=0")
    }

    fn set(&self, value: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path={}; HttpOnly; SameSite=Strict{secure}",
            self.name, self.path
        )
    }
}

impl FromRequestParts<AppState> for Cookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, state.config()))
    }
}

#[derive(Deserialize)]
pub(super) struct Opening {
    token: String,
}

/// Trades the token of a printed link for a session, and leads away from the link, so that the token
/// stays out of the history and of referrers.
pub(super) async fn open(
    State(state): State<AppState>,
    cookie: Cookie,
    Params(opening): Params<Opening>,
) -> Response {
    match cookie.sign_in(&state, &opening.token).await {
        Some(cookie) => (
            StatusCode::SEE_OTHER,
            [
                (header::SET_COOKIE, cookie),
                (header::LOCATION, state.config().root().to_owned()),
            ],
        )
            .into_response(),
        None => SignIn::refused(state.config(), "").into_response(),
    }
}

/// Whether a request's cookie counts: a browser sends it whoever made it ask.
///
/// Browsers tell `Sec-Fetch-Site` to https and loopback addresses only (Fetch Metadata, section 2),
/// so elsewhere `Origin`, which they send with every POST, has to be our own. One that tells neither
/// can only read.
pub(super) fn counts(parts: &Parts, config: &Config) -> bool {
    let safe = parts.method.is_safe();
    let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes);
    match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => site == b"same-origin" || (site == b"none" && safe),
        (None, Some(origin)) => {
            own_origin(parts, config).is_some_and(|own| origin.eq_ignore_ascii_case(own.as_bytes()))
        }
        (None, None) => safe,
    }
}

/// What `Origin` is for our own pages. Behind a proxy that speaks https only the base URL tells it.
fn own_origin(parts: &Parts, config: &Config) -> Option<String> {
    if config.base_url.starts_with("https://") {
        let url = url::Url::parse(&config.base_url).ok()?;
        return Some(url.origin().ascii_serialization());
    }
    let host = door::host(&parts.uri, &parts.headers)?;
    Some(format!("http://{host}"))
}

#[cfg(test)]
mod tests {
    use super::super::auth::Token;
    use super::*;
    use axum::http::{Method, Request};

    fn config(base_url: &str) -> Config {
        let mut config = Config::new(Token::random());
        config.base_url = base_url.to_owned();
        config
    }

    fn parts(method: &Method, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_cookie_counts_only_where_our_own_page_asks() {
        let host = ("host", "pi.example:4880");
        let ours = ("origin", "http://pi.example:4880");
        let theirs = ("origin", "http://pi.example:3000");
        let site = |site| ("sec-fetch-site", site);
        for (headers, reads, writes) in [
            (&[host, site("same-origin")][..], true, true),
            (&[host, site("same-origin"), ours], true, true),
            (&[host, site("none")], true, false),
            (&[host, site("cross-site"), ours], false, false),
            (&[host, site("same-site"), ours], false, false),
            (&[host, ours], true, true),
            (&[host, ("origin", "HTTP://PI.example:4880")], true, true),
            (&[host, theirs], false, false),
            (&[host, ("origin", "https://pi.example:4880")], false, false),
            (&[host, ("origin", "http://pi.example")], false, false),
            (&[host, ("origin", "null")], false, false),
            (&[ours], false, false),
            (&[host], true, false),
        ] {
            for (method, counted) in [(Method::GET, reads), (Method::POST, writes)] {
                let parts = parts(&method, headers);
                assert_eq!(counts(&parts, &config("")), counted, "{method} {headers:?}");
            }
        }
        let proxied = config("https://pi.example");
        for (origin, counted) in [("https://pi.example", true), ("http://pi.example", false)] {
            let parts = parts(
                &Method::POST,
                &[("host", "10.0.0.7:4880"), ("origin", origin)],
            );
            assert_eq!(counts(&parts, &proxied), counted, "{origin}");
        }
    }

    #[test]
    fn a_cookie_belongs_to_a_port_and_to_https_where_there_is_one() {
        for (base_url, host, expected) in [
            (
                "",
                "localhost:4880",
                "runscope_inspector_4880=v; Path=/; HttpOnly; SameSite=Strict",
            ),
            (
                "",
                "[::1]:4880",
                "runscope_inspector_4880=v; Path=/; HttpOnly; SameSite=Strict",
            ),
            (
                "",
                "[::1]",
                "runscope_inspector=v; Path=/; HttpOnly; SameSite=Strict",
            ),
            (
                "https://i.example",
                "i.example",
                "__Host-runscope_inspector=v; Path=/; HttpOnly; SameSite=Strict; Secure",
            ),
        ] {
            let cookie = Cookie::of(&parts(&Method::GET, &[("host", host)]), &config(base_url));
            assert_eq!(cookie.set("v"), expected);
        }
    }
}
