//! Clients that ask again as soon as they have an answer.

use crate::exchange::Exchange;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Asks so many times over so many connections, and says how long it took.
pub fn load(
    address: SocketAddr,
    exchange: Exchange,
    connections: usize,
    requests: usize,
) -> Duration {
    let bytes = request(exchange);
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            BufReader::with_capacity(64 * 1024, stream)
        })
        .collect();
    let each = requests / connections;
    let began = Instant::now();
    thread::scope(|scope| {
        for mut client in clients {
            let bytes = &bytes;
            scope.spawn(move || {
                for _ in 0..each {
                    client.get_mut().write_all(bytes).expect("a server");
                    assert_eq!(answer(&mut client), exchange.answer_len());
                }
            });
        }
    });
    began.elapsed()
}

fn request(exchange: Exchange) -> Vec<u8> {
    let (method, target) = (exchange.method(), exchange.target());
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in exchange.request_headers() {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&exchange.request_body().unwrap_or_default());
    bytes
}

/// Reads an answer whole, and says how long its body is.
fn answer(from: &mut impl BufRead) -> usize {
    let mut line = String::new();
    let mut length = None;
    from.read_line(&mut line).expect("an answer");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    loop {
        line.clear();
        from.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    match length {
        Some(length) => skip(from, length),
        None => chunks(from),
    }
}

fn chunks(from: &mut impl BufRead) -> usize {
    let mut sum = 0;
    let mut line = String::new();
    loop {
        line.clear();
        from.read_line(&mut line).expect("a chunk");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        sum += skip(from, size);
        skip(from, 2);
        if size == 0 {
            return sum;
        }
    }
}

fn skip(from: &mut impl Read, bytes: usize) -> usize {
    let skipped = std::io::copy(&mut from.take(bytes as u64), &mut std::io::sink());
    skipped.expect("a body") as usize
}
