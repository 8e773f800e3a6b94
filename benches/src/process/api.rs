//! A messages API on loopback, as quick as it can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Answers that every message is stored.
    Accepts,
    /// The same, and that it takes them gzipped.
    #[cfg(feature = "peers")]
    TakesGzip,
    /// Takes connections, and never answers.
    Hangs,
}

/// The server; its threads live as long as the process.
pub struct Api(pub SocketAddr, Arc<AtomicU64>);

impl Api {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(AtomicU64::new(0));
        let api = Self(address, Arc::clone(&received));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = Arc::clone(&received);
                thread::spawn(move || match manners {
                    Manners::Accepts => drop(serve(stream, "", &received)),
                    #[cfg(feature = "peers")]
                    Manners::TakesGzip => {
                        drop(serve(stream, "accept-encoding: gzip\r\n", &received));
                    }
                    Manners::Hangs => loop {
                        thread::sleep(Duration::from_secs(3600));
                        let _ = &stream;
                    },
                });
            }
        });
        api
    }

    /// The bytes of all bodies so far, as they came.
    pub fn received(&self) -> u64 {
        self.1.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, says: &str, received: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(256 * 1024, stream);
    let (mut line, mut body, mut answer) = (String::new(), Vec::new(), String::new());
    loop {
        let (mut length, mut is_gzip) = (0, false);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or_default();
            }
            is_gzip |= name.eq_ignore_ascii_case("content-encoding");
        }
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        received.fetch_add(length as u64, Ordering::SeqCst);
        if is_gzip {
            body = decoded(&body)?;
        }
        write_answer(&body, &mut answer);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{says}content-length: {}\r\n\r\n",
            answer.len()
        );
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}

#[cfg(feature = "peers")]
fn decoded(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut decoded)?;
    Ok(decoded)
}

#[cfg(not(feature = "peers"))]
fn decoded(_: &[u8]) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A success for each identifier, which no body can hold the name of unescaped.
fn write_answer(body: &[u8], out: &mut String) {
    const NAME: &[u8] = b"\"unique_identifier\":\"";
    out.clear();
    out.push_str("{\"data\":[");
    let mut count = 0;
    for found in memchr::memmem::find_iter(body, NAME) {
        let at = found + NAME.len();
        let Some(id) = body.get(at..at + 36) else {
            continue;
        };
        let comma = if count > 0 { "," } else { "" };
        let id = String::from_utf8_lossy(id);
        out.push_str(comma);
        out.push_str("{\"status\":\"success\",\"unique_identifier\":\"");
        out.push_str(&id);
        out.push_str(
            "\",\"uuid\":\"00000000-0000-0000-0000-000000000000\",\"warning\":null,\"error\":null}",
        );
        count += 1;
    }
    out.push_str(&format!(
        "],\"meta\":{{\"success_count\":{count},\"warning_count\":0,\"error_count\":0}}}}"
    ));
}
