//! The clients, in a process of their own: a few keep-alive connections to each app, at a bounded
//! rate. They look at every answer.

use super::apps::LARGE;
use fastrand::Rng;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections to each app.
const CLIENTS: usize = 8;

/// Between two requests of a connection: 400 a second for each app at most. A build that is not
/// optimised gets a quarter: what is measured is not how much it bears.
const PACE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 80 } else { 20 });

/// What the clients of one app saw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub requests: u64,
    /// Answers that were not what they had to be.
    pub wrong: u64,
    pub slowest_ms: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.wrong += other.wrong;
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
    }
}

/// Asks until standard input ends, and prints a line for each address.
pub fn run(addresses: &[&str]) {
    let stop = Arc::new(AtomicBool::new(false));
    let start = |address: &&str| {
        let clients = (0..CLIENTS).map(|_| {
            let (address, stop) = ((*address).to_owned(), Arc::clone(&stop));
            thread::spawn(move || client(&address, &stop))
        });
        clients.collect::<Vec<_>>()
    };
    let apps: Vec<_> = addresses.iter().map(start).collect();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    stop.store(true, Ordering::SeqCst);
    for clients in apps {
        let mut sum = Tally::default();
        for client in clients {
            sum.add(client.join().expect("a client that does not panic"));
        }
        println!("{} {} {}", sum.requests, sum.wrong, sum.slowest_ms);
    }
}

/// The tallies from what was printed.
pub fn read(printed: &str) -> Vec<Tally> {
    let line = |line: &str| {
        let mut numbers = line.split(' ').map(|it| it.parse().expect("a number"));
        let mut next = || numbers.next().expect("three numbers");
        Tally {
            requests: next(),
            wrong: next(),
            slowest_ms: next(),
        }
    };
    printed.lines().map(line).collect()
}

fn client(address: &str, stop: &AtomicBool) -> Tally {
    let (mut tally, mut random) = (Tally::default(), Rng::new());
    let mut connection = connect(address);
    while !stop.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let ask = Ask::any(&mut random);
        tally.requests += 1;
        if !ask.is_answered(&mut connection) {
            tally.wrong += 1;
        }
        if ask.hangs_up {
            connection = connect(address);
        }
        let took = begun.elapsed();
        tally.slowest_ms = tally.slowest_ms.max(took.as_millis() as u64);
        thread::sleep(PACE.saturating_sub(took));
    }
    tally
}

fn connect(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("the app takes connections");
    stream.set_nodelay(true).expect("a socket");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a socket");
    BufReader::new(stream)
}

/// One request, and what its answer has to be.
struct Ask {
    request: Vec<u8>,
    status: &'static str,
    body: Vec<u8>,
    /// The client goes away once it has seen the head.
    hangs_up: bool,
}

impl Ask {
    fn any(random: &mut Rng) -> Self {
        let get = |path: &str, status, body: Vec<u8>| Self {
            request: format!("GET {path} HTTP/1.1\r\nhost: soak\r\ncookie: id=7\r\n\r\n").into(),
            status,
            body,
            hangs_up: false,
        };
        match random.u32(..100) {
            0..50 => get("/hello?token=t", "200", b"hello".to_vec()),
            50..85 => {
                let text: String = (0..random.usize(10..2000))
                    .map(|_| random.alphanumeric())
                    .collect();
                let body = format!(r#"{{"password":"p","text":"{text}"}}"#);
                let request = format!(
                    "POST /echo HTTP/1.1\r\nhost: soak\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                Self {
                    request: request.into(),
                    body: body.into(),
                    ..get("", "200", Vec::new())
                }
            }
            85..95 => get("/large", "200", vec![b'x'; LARGE]),
            95..98 => get("/missing", "404", Vec::new()),
            _ => Self {
                hangs_up: true,
                ..get("/large", "200", Vec::new())
            },
        }
    }

    fn is_answered(&self, connection: &mut BufReader<TcpStream>) -> bool {
        let answered = || -> std::io::Result<bool> {
            connection.get_mut().write_all(&self.request)?;
            let (status, length) = head(connection)?;
            if self.hangs_up {
                return Ok(status == self.status);
            }
            let mut body = vec![0; length];
            connection.read_exact(&mut body)?;
            Ok(status == self.status && body == self.body)
        };
        let mut answered = answered;
        answered().unwrap_or(false)
    }
}

/// The status and the length of the body.
fn head(connection: &mut BufReader<TcpStream>) -> std::io::Result<(String, usize)> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let line = line.trim_end();
        match (&status, line.split_once(':')) {
            (None, _) => {
                let code = line.split(' ').nth(1).unwrap_or_default();
                status = Some(code.to_owned());
            }
            (_, Some((name, value))) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(usize::MAX >> 32);
            }
            (_, Some(_)) => {}
            (_, None) => return Ok((status.unwrap_or_default(), length)),
        }
    }
}
