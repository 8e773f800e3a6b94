//! Sessions, tokens, and requests that other sites make a browser send.

use crate::support::Server;
use crate::{get, raw};

#[tokio::test]
async fn a_link_opens_a_session_that_other_sites_can_not_use() {
    let server = Server::start().await;
    let open = |token: &str| {
        format!("GET /open?token={token} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    };
    let answer = raw(&server, &open(&server.token)).await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let answer = answer.to_ascii_lowercase();
    assert!(
        answer.contains("httponly; samesite=strict") && answer.contains("location: /\r\n"),
        "{answer}"
    );
    assert!(
        raw(&server, &open("wrong"))
            .await
            .starts_with("HTTP/1.1 401")
    );
    let cookie = server.sign_in().await;
    for (site, status) in [
        ("same-origin", "200"),
        ("none", "200"),
        ("cross-site", "401"),
        ("same-site", "401"),
    ] {
        let headers = format!(
            "Host: {}\r\nSec-Fetch-Site: {site}\r\nCookie: {cookie}\r\n",
            server.address
        );
        let answer = raw(&server, &get(&server, &headers)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{site}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing_though_the_browser_sends_the_cookie() {
    let server = Server::start().await;
    let cookie = format!("Cookie: {}\r\n", server.sign_in().await);
    let form = "Content-Type: text/plain\r\n";
    let bucket = r#"{"name":"evil"}"#;
    for (headers, status) in [
        (
            "Sec-Fetch-Site: cross-site\r\nOrigin: http://evil.example\r\n",
            "401",
        ),
        (
            "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:3000\r\n",
            "401",
        ),
        ("Sec-Fetch-Site: none\r\n", "401"),
        ("Origin: http://evil.example\r\n", "401"),
        ("", "401"),
        ("Origin: null\r\n", "401"),
        ("Origin: http://localhost:3000\r\n", "401"),
        // Our own page asks, but a form can't send JSON.
        ("Sec-Fetch-Site: same-origin\r\n", "415"),
    ] {
        for path in [
            "/buckets",
            "/buckets/default/messages",
            "/api/v1/buckets/default/tokens",
        ] {
            let answer = raw(
                &server,
                &post_to(
                    &server.address.to_string(),
                    path,
                    &format!("{cookie}{form}{headers}"),
                    bucket,
                ),
            )
            .await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{path} {headers}: {answer}"
            );
        }
    }
    assert_eq!(
        server.get("/buckets").await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_cookie_is_an_identifier_of_one_session_and_ends_with_it() {
    let server = Server::start().await;
    let (one, other) = (server.sign_in().await, server.sign_in().await);
    let port = server.address.port();
    let ours = format!(
        "Host: {}\r\nSec-Fetch-Site: same-origin\r\n",
        server.address
    );
    for cookie in [&one, &other] {
        assert!(
            cookie.starts_with(&format!("runscope_inspector_{port}=")),
            "{cookie}"
        );
        assert!(!cookie.contains(&server.token), "{cookie}");
    }
    assert_ne!(one, other);
    let id = one.split_once('=').unwrap().1;
    let asks = async |headers: &str| {
        let answer = raw(&server, &get(&server, &format!("{ours}{headers}"))).await;
        answer[9..12].to_owned()
    };
    let cookie_of = |name: &str, value: &str| format!("Cookie: {name}={value}\r\n");
    let name = format!("runscope_inspector_{port}");
    for (headers, status) in [
        (format!("Cookie: a=b; {one}; c=d\r\n"), "200"),
        (cookie_of(&name, "TOKEN"), "401"),
        (cookie_of("runscope_inspector", id), "401"),
        // Who sees the cookie has no token.
        (format!("Authorization: Bearer {id}\r\n"), "401"),
    ] {
        assert_eq!(asks(&headers).await, status, "{headers}");
    }
    let out = post_to(
        &server.address.to_string(),
        "/sign-out",
        &format!("Sec-Fetch-Site: same-origin\r\nCookie: {one}\r\n"),
        "",
    );
    let answer = raw(&server, &out).await;
    assert!(answer.contains(&format!("{name}=; Max-Age=0")), "{answer}");
    assert_eq!(asks(&format!("Cookie: {one}\r\n")).await, "401");
    assert_eq!(asks(&format!("Cookie: {other}\r\n")).await, "200");
}

#[tokio::test]
async fn forms_work_over_plain_http_where_browsers_tell_the_origin_only() {
    let server = Server::start_with(|config| config.hosts = vec!["pi.example".to_owned()]).await;
    let open = format!(
        "GET /open?token={} HTTP/1.1\r\nHost: pi.example:4880\r\nConnection: close\r\n\r\n",
        server.token
    );
    let answer = raw(&server, &open).await;
    let (_, cookie) = answer.split_once("set-cookie: ").unwrap();
    let cookie = format!("Cookie: {}\r\n", cookie.split_once(';').unwrap().0);
    let page = format!(
        "GET /b/default/views HTTP/1.1\r\nHost: pi.example:4880\r\nConnection: close\r\n{cookie}\r\n"
    );
    let page = raw(&server, &page).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    // With any stricter policy a browser says `Origin: null`.
    assert!(page.contains("referrer-policy: same-origin"), "{page}");
    for (origin, status) in [
        ("Origin: http://pi.example:4880\r\n", "303"),
        ("Origin: http://pi.example:3000\r\n", "401"),
        ("Origin: https://pi.example:4880\r\n", "401"),
        ("Origin: http://evil.example\r\n", "401"),
        ("Origin: null\r\n", "401"),
        ("", "401"),
    ] {
        let form = format!("{cookie}{origin}Content-Type: application/x-www-form-urlencoded\r\n");
        let request = post_to(
            "pi.example:4880",
            "/b/default/views",
            &form,
            "name=x&filter=",
        );
        let answer = raw(&server, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{origin}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_token_is_needed_and_has_to_be_right() {
    let server = Server::start().await;
    let almost = server.token[..server.token.len() - 1].to_owned();
    for authorization in [
        String::new(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {almost}\r\n"),
        format!("Authorization: Bearer {}x\r\n", server.token),
        format!("Authorization: Basic {}\r\n", server.token),
        format!("Authorization: {}\r\n", server.token),
        format!("X-Token: {}\r\n", server.token),
        format!(
            "Cookie: runscope_inspector={}\r\nSec-Fetch-Site: same-origin\r\n",
            server.token
        ),
        "Authorization: Bearer \u{ff}\r\n".to_owned(),
    ] {
        let answer = raw(
            &server,
            &get(&server, &format!("Host: localhost\r\n{authorization}")),
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 401"),
            "{authorization}: {answer}"
        );
        assert!(!answer.contains(&almost), "{answer}");
    }
}

fn post_to(host: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}
