//! What a hostile page or client may try, over raw sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(target_os = "linux")]
#[path = "support/program.rs"]
mod program;
mod support;

use runscope_inspector::serve::Bounds;
use std::time::Duration;
use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes and reads the answer to its end.
async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses early may reset the connection; what it said before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Server, headers: &str) -> String {
    let token = &server.token;
    let headers = headers.replace("TOKEN", token);
    format!("GET /buckets HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

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
async fn ten_thousand_headers_and_a_hundred_mebibytes_are_refused() {
    let server = Server::start().await;
    let headers: String = (0..10_000).map(|at| format!("x-{at}: v\r\n")).collect();
    let answer = raw(
        &server,
        &get(&server, &format!("Host: localhost\r\n{headers}")),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    let token = &server.token;
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 104857600\r\n\r\n"
    );
    let answer = raw(&server, &head).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("16777216 bytes"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server =
        Server::start_with(|config| config.limits.body_time = std::time::Duration::from_millis(50))
            .await;
    let token = &server.token;
    let head = format!(
        "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: 10\r\n\r\n["
    );
    assert!(raw(&server, &head).await.starts_with("HTTP/1.1 408"));
}

/// Every other reader is served while something unkind goes on.
async fn still_answers(server: &Server) {
    let answer = raw(
        server,
        &get(server, "Host: localhost\r\nAuthorization: Bearer TOKEN\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn post_to(host: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
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

#[tokio::test]
async fn what_a_compressed_body_becomes_is_bounded() {
    let server = Server::start().await;
    let zeros = vec![0; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut zstd = zstd::Encoder::new(Vec::new(), 3).unwrap();
    for _ in 0..64 {
        std::io::Write::write_all(&mut gzip, &zeros).unwrap();
        std::io::Write::write_all(&mut zstd, &zeros).unwrap();
    }
    let gzip = gzip.finish().unwrap();
    // Packed again it is small enough to look harmless; one coding only is undone.
    let twice = zstd::encode_all(&gzip[..], 3).unwrap();
    // A frame that asks for a window of 2 GiB (RFC 8878, section 3.1.1.1.2), and says no more.
    let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    for (encoding, body, status) in [
        ("gzip", gzip, 413),
        ("zstd", zstd.finish().unwrap(), 413),
        ("zstd", twice, 400),
        ("zstd", window.to_vec(), 400),
        ("gzip", b"not gzip".to_vec(), 400),
        ("br", b"[]".to_vec(), 415),
        ("gzip, gzip", b"[]".to_vec(), 415),
    ] {
        for path in [
            "/buckets/default/messages",
            "/api/v1/buckets/default/import",
        ] {
            let request = server
                .request(reqwest::Method::POST, path)
                .header("content-type", "application/json")
                .header("content-encoding", encoding);
            let answer = request.body(body.clone()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{encoding} {path}");
        }
        still_answers(&server).await;
    }
}

#[tokio::test]
async fn ten_thousand_headers_of_a_message_are_that_messages_error() {
    let server = Server::start().await;
    let headers: serde_json::Map<_, _> = (0..10_000)
        .map(|at| (format!("x-{at}"), "v".into()))
        .collect();
    let many = serde_json::json!([
        { "request": { "method": "GET", "url": "/", "headers": headers } },
        { "request": { "method": "GET", "url": "/" }, "response": { "status": 200, "headers": { "x": vec!["v"; 10_000] } } },
        { "request": { "method": "GET", "url": "/" } },
    ]);
    let answer = server.post("/buckets/default/messages", &many).await;
    assert_eq!(answer["meta"]["error_count"], 2);
    assert_eq!(
        answer["data"][1]["error"]["message"],
        "the headers are over the limit of 256"
    );
}

#[tokio::test]
async fn a_url_or_a_head_that_is_too_long_is_refused() {
    let server = Server::start().await;
    for (length, status) in [(1 << 10, "401"), (70 << 10, "414"), (200 << 10, "4")] {
        let long = "a".repeat(length);
        let answer = raw(
            &server,
            &format!(
                "GET /buckets?q={long} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ),
        )
        .await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{length}: {answer}"
        );
        let answer = raw(
            &server,
            &get(
                &server,
                &format!("Host: localhost\r\nX-Long: {}\r\n", "a".repeat(200 << 10)),
            ),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        still_answers(&server).await;
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for_to_the_end() {
    let mut bounds = Bounds::default();
    bounds.head_time = Duration::from_millis(300);
    let server = Server::start_within(bounds, |_| {}).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let (mut reader, mut writer) = slow.split();
    let drip = async {
        // The head never ends; the server has to.
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
            .iter()
            .chain(std::iter::repeat(&b'a'))
        {
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let closed = async {
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
    };
    tokio::select! {
        () = drip => {}
        () = closed => {}
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn connections_that_say_nothing_make_room_for_others() {
    let mut bounds = Bounds::default();
    bounds.head_time = Duration::from_millis(300);
    bounds.connections = 4;
    let server = Server::start_within(bounds, |_| {}).await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    still_answers(&server).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hundred_mebibytes_are_neither_read_whole_nor_kept() {
    let directory = tempfile::tempdir().unwrap();
    let program = program::Program::start(program::inspector(directory.path()));
    let before = program.peak();
    let chunk = vec![b' '; 64 << 10];
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&program.address).await.unwrap();
        let head = format!(
            "POST /buckets/default/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            program.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut sent = 0;
        while sent < 100 << 20 {
            let frame = [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk, b"\r\n"].concat();
            if stream.write_all(&frame).await.is_err() {
                break;
            }
            sent += chunk.len();
        }
        assert!(sent < 100 << 20, "all of it was taken");
        let mut answer = Vec::new();
        // The answer may have been overtaken by the reset; what came of it is a refusal.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
            "{answer}"
        );
    }
    // One body at a time, twice at most while its buffer grows.
    let grown = program.peak() - before;
    assert!(grown < 64 << 10, "{grown} KiB");
}
