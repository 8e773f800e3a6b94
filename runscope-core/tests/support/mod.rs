//! A scripted fake server over real sockets. It listens on a port of its own, answers each request
//! as the test's function says, and when dropped it ends its threads and fails the test if one of
//! them panicked.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[cfg(feature = "tls")]
pub mod certificates;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came more than once");
        value
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Writes these bytes and waits for the next request.
    Bytes(Vec<u8>),
    /// Writes these bytes and closes the connection.
    BytesThenClose(Vec<u8>),
    /// Says nothing until the client hangs up.
    Silence,
    /// Writes these bytes, then others without an end until the client hangs up.
    Endless(Vec<u8>),
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        Self::with_headers(status, "content-type: application/json\r\n", body)
    }

    pub fn with_headers(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n");
        Self::Bytes((head + body).into_bytes())
    }
}

type Script = dyn Fn(usize, &Received) -> Reply + Send + Sync;

struct State {
    script: Box<Script>,
    received: Mutex<Vec<Received>>,
    sockets: Mutex<Vec<TcpStream>>,
    hung_up: AtomicUsize,
    stop: AtomicBool,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
}

pub struct FakeServer {
    address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<Vec<JoinHandle<()>>>>,
}

impl FakeServer {
    /// A server whose script gets the request and its number, from 0.
    pub fn start(script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::launch(State {
            script: Box::new(script),
            received: Mutex::default(),
            sockets: Mutex::default(),
            hung_up: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    #[cfg(feature = "tls")]
    pub fn start_tls(
        tls: rustls::ServerConfig,
        script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::launch(State {
            script: Box::new(script),
            received: Mutex::default(),
            sockets: Mutex::default(),
            hung_up: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            tls: Some(Arc::new(tls)),
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.state.sockets.lock().unwrap().len()
    }

    /// Ends all connections and threads; how many endless answers were cut short by the client.
    pub fn finish(mut self) -> usize {
        // Reading ends, writing goes on: what counts is whether the client lets it.
        self.end(Shutdown::Read);
        self.state.hung_up.load(Ordering::SeqCst)
    }

    fn launch(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(state);
        let acceptor = std::thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self {
            address,
            state,
            acceptor: Some(acceptor),
        }
    }

    fn end(&mut self, how: Shutdown) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which then sees `stop`.
        let _ = TcpStream::connect(self.address);
        let connections = acceptor.join();
        for socket in self.state.sockets.lock().unwrap().iter() {
            let _ = socket.shutdown(how);
        }
        let panicked = match connections {
            Ok(threads) => threads.into_iter().any(|thread| thread.join().is_err()),
            Err(_) => true,
        };
        assert!(
            !panicked || std::thread::panicking(),
            "a thread of the fake server panicked"
        );
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.end(Shutdown::Both);
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    loop {
        let (socket, _) = listener.accept().unwrap();
        if state.stop.load(Ordering::SeqCst) {
            return threads;
        }
        // A client that neither reads nor hangs up fails its test instead of blocking it.
        let patience = Some(Duration::from_secs(30));
        socket.set_write_timeout(patience).unwrap();
        state
            .sockets
            .lock()
            .unwrap()
            .push(socket.try_clone().unwrap());
        let state = Arc::clone(state);
        threads.push(std::thread::spawn(move || {
            let handle = socket.try_clone().unwrap();
            converse(socket, &state);
            // Dropping the socket does not close it: `sockets` holds another handle to it.
            let _ = handle.shutdown(Shutdown::Both);
        }));
    }
}

fn converse(socket: TcpStream, state: &State) {
    #[cfg(feature = "tls")]
    if let Some(tls) = &state.tls {
        let connection = rustls::ServerConnection::new(Arc::clone(tls)).unwrap();
        return serve(rustls::StreamOwned::new(connection, socket), state);
    }
    serve(socket, state);
}

fn serve(stream: impl Read + Write, state: &State) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream) {
        let number = {
            let mut received = state.received.lock().unwrap();
            received.push(request.clone());
            received.len() - 1
        };
        let socket = stream.get_mut();
        match (state.script)(number, &request) {
            Reply::Bytes(bytes) => {
                if socket
                    .write_all(&bytes)
                    .and_then(|()| socket.flush())
                    .is_err()
                {
                    return;
                }
            }
            Reply::BytesThenClose(bytes) => {
                let _ = socket.write_all(&bytes).and_then(|()| socket.flush());
                return;
            }
            Reply::Silence => {
                let _ = stream.read_to_end(&mut Vec::new());
                return;
            }
            Reply::Endless(bytes) => {
                let more = [b'x'; 16 * 1024];
                let mut result = socket.write_all(&bytes);
                // Far more than what the sockets on both sides can hold.
                for _ in 0..16 * 1024 {
                    result = result.and_then(|()| socket.write_all(&more));
                }
                let hung_up = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                if result.is_err_and(|error| hung_up.contains(&error.kind())) {
                    state.hung_up.fetch_add(1, Ordering::SeqCst);
                }
                return;
            }
        }
    }
}

/// The next request, or `None` once the client has hung up.
fn receive(stream: &mut impl BufRead) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        })
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Received {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers,
        body,
    })
}
