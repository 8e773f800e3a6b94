//! What every request passes before anything looks at it, and what every answer carries.

use super::error::ApiError;
use super::state::AppState;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// Refuses names that are not ours. A page in the reader's browser can have its own name point at
/// this machine (DNS rebinding), and would then be of the same origin; its name gives it away.
pub(super) async fn check_host(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    // Kubernetes and load balancers probe by address, and there is nothing to learn.
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    let Some(host) = host(request.uri(), request.headers()) else {
        return ApiError::bad_request("the request has no Host header").into_response();
    };
    if is_allowed(host, &state.config().hosts) {
        next.run(request).await
    } else {
        ApiError::forbidden("the server does not answer to this Host; --allow-host adds a name")
            .into_response()
    }
}

/// Answers are data: no browser is to guess a type, frame, run or keep them.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What a request calls this server: a name, and a port where it is not the scheme's own.
pub(super) fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    let header = || headers.get(header::HOST)?.to_str().ok();
    uri.authority().map(Authority::as_str).or_else(header)
}

/// The port in a host.
pub(super) fn port_of(host: &str) -> Option<&str> {
    split(host).1.filter(|port| !port.is_empty())
}

fn is_allowed(host: &str, allowed: &[String]) -> bool {
    let name = name_of(host);
    let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    address.is_some_and(|address| address.is_loopback())
        || name.eq_ignore_ascii_case("localhost")
        || allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

fn name_of(host: &str) -> &str {
    split(host).0
}

/// The host's name and its port, if it has one; an IPv6 address has colons of its own, and brackets.
fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            (name, Some(port))
        }
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_are_let_in() {
        let allowed = ["inspector.example".to_owned(), "10.0.0.7".to_owned()];
        for (host, expected) in [
            ("localhost", true),
            ("LocalHost:8080", true),
            ("127.0.0.1:1", true),
            ("127.9.9.9", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("inspector.example:443", true),
            ("10.0.0.7:8080", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("evil.example:127", false),
            ("10.0.0.8", false),
            ("0.0.0.0", false),
            ("", false),
            (":8080", false),
        ] {
            assert_eq!(is_allowed(host, &allowed), expected, "{host}");
        }
    }
}
