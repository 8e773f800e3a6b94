//! The API, in a process of its own that can be killed.

use super::fake::{FakeApi, Post, Reply};
use fastrand::Rng;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Serves until standard input ends, or it is killed. What is accepted is noted in a file for each
/// bucket before it is answered.
pub fn serve(port: u16, faults: u32, directory: &Path) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let mut random = Rng::new();
    let directory = directory.to_owned();
    let _api = FakeApi::on(listener, move |post| {
        if random.u32(..100) < faults {
            return fault(&mut random);
        }
        note(&directory, post);
        Reply::Accept
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn fault(random: &mut Rng) -> Reply {
    match random.u32(..30) {
        0..10 => Reply::status(503),
        10..14 => Reply::Answer(500, Vec::new(), "<html>oh no".to_owned()),
        14..17 => Reply::with_header(429, "retry-after", "1"),
        17..23 => Reply::Reset,
        23..27 => Reply::Close,
        27..29 => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\"".to_vec()),
        _ => Reply::Silence,
    }
}

fn note(directory: &Path, post: &Post) {
    let bucket = post.path.split('/').nth(2).expect("a bucket");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join(format!("{bucket}.accepted")))
        .expect("a file");
    let mut lines = post.ids().join("\n");
    lines.push('\n');
    file.write_all(lines.as_bytes()).expect("to write");
}

/// Waits until it listens.
pub fn wait_for(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the API did not start"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the API took of one app.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Different exchanges.
    pub exchanges: u64,
    /// How often one came that had come before: its answer had been lost.
    pub again: u64,
}

impl Accepted {
    pub fn read(directory: &Path, bucket: &str) -> Self {
        let mut text = String::new();
        if let Ok(mut file) = File::open(directory.join(format!("{bucket}.accepted"))) {
            file.read_to_string(&mut text).expect("to read");
        }
        let _ = fs::remove_file(directory.join(format!("{bucket}.accepted")));
        let distinct: HashSet<&str> = text.lines().collect();
        let exchanges = distinct.len() as u64;
        Self {
            exchanges,
            again: text.lines().count() as u64 - exchanges,
        }
    }
}
