//! A wire between a client and a server that keeps a copy of every byte the client sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Listens on a port of its own and passes everything on; dropped, it lets no more through.
pub struct Wiretap {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    sent: Mutex<Vec<u8>>,
    streams: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

impl Wiretap {
    /// A wire to the server with this URL, `http://address`.
    pub fn before(url: &str) -> Self {
        let server = url.trim_start_matches("http://");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            server: server.parse().expect("the server's address"),
            sent: Mutex::default(),
            streams: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || of_thread.accept(&listener));
        Self { address, shared }
    }

    /// The base URL to give to the client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every byte that was sent to the server so far, heads and bodies of all connections.
    pub fn sent(&self) -> Vec<u8> {
        self.shared
            .sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let streams = self
            .shared
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for stream in streams.iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(self.server)) else {
                continue;
            };
            let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else {
                continue;
            };
            self.keep(&[&client, &server]);
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                pass(client, server, |bytes| {
                    let mut sent = shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
                    sent.extend_from_slice(bytes);
                });
            });
            std::thread::spawn(move || pass(from_server, to_client, |_| {}));
        }
    }

    fn keep(&self, streams: &[&TcpStream]) {
        let mut kept = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(streams.iter().filter_map(|stream| stream.try_clone().ok()));
    }
}

/// Copies until one side ends, and shows every piece before it is passed on.
fn pass(mut from: TcpStream, mut to: TcpStream, mut show: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            break;
        }
        show(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
