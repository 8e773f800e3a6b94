//! Names and addresses by which the server is called.

use crate::support::Server;
use crate::{get, raw};

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused_before_the_token_is_looked_at() {
    let server =
        Server::start_with(|config| config.hosts = vec!["inspector.example".to_owned()]).await;
    for (host, status) in [
        ("Host: localhost:4880\r\n", "200"),
        ("Host: inspector.example\r\n", "200"),
        ("Host: evil.example\r\n", "403"),
        ("Host: localhost.evil.example\r\n", "403"),
        ("", "400"),
    ] {
        let answer = raw(
            &server,
            &get(&server, &format!("{host}Authorization: Bearer TOKEN\r\n")),
        )
        .await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{host}: {answer}"
        );
    }
    let absolute =
        "GET http://evil.example/buckets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(raw(&server, absolute).await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn every_answer_tells_browsers_to_keep_their_hands_off() {
    let server = Server::start().await;
    for path in ["/healthz", "/nothing", "/buckets"] {
        let answer = raw(
            &server,
            &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        )
        .await;
        for header in [
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'",
        ] {
            assert!(answer.contains(header), "{path} {header}: {answer}");
        }
        assert!(
            !answer
                .to_ascii_lowercase()
                .contains("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_api() {
    let server = Server::start().await;
    for path in [
        "/../../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/buckets/..%2F..%2Ftoken/messages",
        "/buckets/default/messages/..%2f..%2f..%2fcatalogue.db",
        "/api/v1/shared/..%2f..%2ftoken",
        "/api/v1/shared/%2e%2e/token",
        "/buckets/default%00/messages",
        "/api/v1/buckets/default/../../../token",
        "//etc/passwd",
        "/buckets//messages",
    ] {
        let token = &server.token;
        let answer = raw(&server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n")).await;
        assert!(
            answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"),
            "{path}: {answer}"
        );
        assert!(answer.contains("\"status\":\"error\""), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_url_that_can_not_be_read_is_refused_in_the_form_of_its_kind() {
    let server = Server::start().await;
    let json = "content-type: application/json";
    let html = "content-type: text/html; charset=utf-8";
    let exchanges = "/api/v1/buckets/default/exchanges";
    for (method, path, status, kind) in [
        ("GET", "/buckets/%ff".to_owned(), "400", json),
        ("POST", format!("{exchanges}/%ff/replay"), "400", json),
        ("GET", "/api/v1/buckets/%ff/views".to_owned(), "400", json),
        (
            "DELETE",
            "/api/v1/buckets/default/views/%ff".to_owned(),
            "400",
            json,
        ),
        (
            "GET",
            "/api/v1/buckets/%ff/compare?a=1&b=2".to_owned(),
            "400",
            json,
        ),
        ("GET", "/api/v1/shared/%ff".to_owned(), "400", json),
        ("GET", "/b/%ff".to_owned(), "404", html),
        ("GET", "/b/default/c/%ff".to_owned(), "404", html),
        ("GET", "/b/default/c/%ff/har".to_owned(), "404", html),
        ("GET", "/b/default/c/0/body/neither".to_owned(), "404", html),
        ("POST", "/b/default/c/%ff/retry".to_owned(), "404", html),
        ("POST", "/b/default/c/%ff/share".to_owned(), "404", html),
        ("POST", "/b/default/views/%ff".to_owned(), "404", html),
        ("POST", "/b/default/views/x".to_owned(), "404", html),
        ("GET", "/s/%ff".to_owned(), "404", html),
        ("GET", "/s/name/body/neither".to_owned(), "404", html),
        ("GET", "/assets/%ff/app.css".to_owned(), "404", html),
        ("GET", "/b/default/c/0?request_at=x".to_owned(), "400", html),
    ] {
        let token = &server.token;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = raw(&server, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(kind),
            "{method} {path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_probe_by_an_address_that_is_not_ours_learns_that_the_server_answers() {
    let server = Server::start().await;
    for (path, status) in [
        ("/healthz", "200"),
        ("/healthz/x", "403"),
        ("/metrics", "403"),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 10.1.2.3:4880\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {answer}"
        );
    }
}
