//! What is too large, as sent or as decoded.

use crate::support::Server;
use crate::{get, program, raw, still_answers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
        "response.headers are over the limit of 256"
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
