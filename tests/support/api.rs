//! A fake messages API on a real socket, that answers as its script says.

use runscope::Message;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than any test takes on the slowest machine: it ends what would hang for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server does with a POST.
#[derive(Debug, Clone)]
pub enum Reply {
    /// 200, and a success for every message.
    Accept,
    /// The same, with headers.
    AcceptWith(Vec<(String, String)>),
    /// A status, headers, and a body.
    Answer(u16, Vec<(String, String)>, String),
    /// The raw bytes of an answer, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing at all, on a connection that stays open.
    Silence,
    /// The connection is reset: closed with no lingering, which sends no FIN but a RST.
    Reset,
    /// The connection is closed in good order, without an answer.
    Close,
    /// 200, and a success for every message, and then the connection is closed without a word.
    AcceptAndClose,
    /// The sending half of the connection is closed without an answer, the other half stays open.
    HalfClose,
    /// The bytes of an answer, one a second.
    Drip(Vec<u8>),
    /// What is in the box, but not before the gate is opened.
    Behind(Gate, Box<Reply>),
}

/// A gate that a test opens; closed at first.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub fn pass(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.0.1.wait_timeout_while(open, PATIENCE, |open| !*open);
        let timeout = passed.unwrap_or_else(PoisonError::into_inner).1;
        assert!(!timeout.timed_out(), "nobody opened the gate");
    }
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }

    pub fn with_header(status: u16, name: &str, value: &str) -> Self {
        Self::Answer(status, vec![(name.into(), value.into())], String::new())
    }

    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(
            status,
            vec![("content-type".into(), "application/json".into())],
            body.into(),
        )
    }

    /// Accepts, and says which codings of requests are taken.
    pub fn accept_taking(codings: &str) -> Self {
        Self::AcceptWith(vec![("accept-encoding".into(), codings.into())])
    }

    pub fn behind(self, gate: &Gate) -> Self {
        Self::Behind(gate.clone(), Box::new(self))
    }
}

/// One request that the server got.
#[derive(Debug, Clone)]
pub struct Post {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// When it had come.
    pub at: Instant,
}

impl Post {
    /// The messages of the body, whether it is one or an array.
    pub fn messages(&self) -> Vec<Message> {
        let json = self.json();
        match json.starts_with(b"[") {
            true => serde_json::from_slice(&json).expect("an array of messages"),
            false => vec![serde_json::from_slice(&json).expect("a message")],
        }
    }

    /// The body without its content coding.
    pub fn json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        match self.is_gzip() {
            true => flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut json),
            false => (&self.body[..]).read_to_end(&mut json),
        }
        .expect("a body as its content coding says");
        json
    }

    pub fn is_gzip(&self) -> bool {
        let coding = self.headers.get("content-encoding");
        coding.is_some_and(|coding| coding == "gzip")
    }

    /// The identifiers of the messages.
    pub fn ids(&self) -> Vec<String> {
        let messages = self.messages().into_iter();
        messages
            .map(|message| message.unique_identifier.expect("an identifier"))
            .collect()
    }

    pub fn is_array(&self) -> bool {
        self.json().starts_with(b"[")
    }

    fn success(&self) -> String {
        let results: Vec<_> = self
            .messages()
            .iter()
            .map(|message| {
                serde_json::json!({
                    "status": "success",
                    "unique_identifier": message.unique_identifier,
                    "uuid": "00000000-0000-0000-0000-000000000000",
                    "warning": null,
                    "error": null,
                })
            })
            .collect();
        let count = results.len();
        let meta = serde_json::json!({
            "success_count": count, "warning_count": 0, "error_count": 0,
        });
        serde_json::json!({"data": results, "meta": meta}).to_string()
    }
}

/// The running server; dropped, it stops, and fails the test if one of its threads panicked.
pub struct FakeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stopping: AtomicBool,
}

struct State {
    script: Box<dyn FnMut(&Post) -> Reply + Send>,
    posts: Vec<Post>,
    accepted: Vec<Message>,
    /// Answers that could not be sent to their end.
    broken: usize,
    /// Open connections, by their numbers.
    connections: HashMap<usize, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

/// A port on which connections are refused, until the server is opened.
pub struct RefusingApi(socket2::Socket);

impl RefusingApi {
    /// A bound port on which nobody listens: it can't become anybody else's meanwhile.
    pub fn bind() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&address.into()).expect("a free port");
        Self(socket)
    }

    /// The base URL.
    pub fn url(&self) -> String {
        let address = self.0.local_addr().expect("an address");
        format!("http://{}", address.as_socket().expect("an IP address"))
    }

    /// The server, which now accepts everything.
    pub fn open(self) -> FakeApi {
        self.0.listen(128).expect("to listen");
        FakeApi::on(self.0.into(), |_| Reply::Accept)
    }
}

impl FakeApi {
    /// A server that accepts everything.
    pub fn accepting() -> Self {
        Self::start(|_| Reply::Accept)
    }

    /// A server that gives these answers in their order, and then accepts everything.
    pub fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<_> = replies.into_iter().collect();
        replies.reverse();
        Self::start(move |_| replies.pop().unwrap_or(Reply::Accept))
    }

    /// A server that answers 503 until it is told that it works.
    pub fn broken() -> (Self, Arc<AtomicBool>) {
        let works = Arc::new(AtomicBool::new(false));
        let script = Arc::clone(&works);
        let api = Self::start(move |_| match script.load(Ordering::SeqCst) {
            true => Reply::Accept,
            false => Reply::status(503),
        });
        (api, works)
    }

    /// A server that asks `script` what to do with each POST, in the order of their coming.
    pub fn start(script: impl FnMut(&Post) -> Reply + Send + 'static) -> Self {
        Self::on(
            TcpListener::bind("127.0.0.1:0").expect("a free port"),
            script,
        )
    }

    /// The same on a listener of the caller's.
    pub fn on(listener: TcpListener, script: impl FnMut(&Post) -> Reply + Send + 'static) -> Self {
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                script: Box::new(script),
                posts: Vec::new(),
                accepted: Vec::new(),
                broken: 0,
                connections: HashMap::new(),
                threads: Vec::new(),
            }),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || of_thread.accept(&listener));
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All POSTs so far.
    pub fn posts(&self) -> Vec<Post> {
        self.shared.lock().posts.clone()
    }

    /// The messages that were accepted so far, in the order of their coming.
    pub fn accepted(&self) -> Vec<Message> {
        self.shared.lock().accepted.clone()
    }

    /// The identifiers of the messages that were accepted so far.
    pub fn accepted_ids(&self) -> Vec<String> {
        let messages = self.accepted().into_iter();
        messages
            .map(|message| message.unique_identifier.expect("an identifier"))
            .collect()
    }

    /// Waits until the other side has hung up on an answer.
    pub fn wait_for_broken_answer(&self) {
        drop(self.wait(|state| state.broken > 0));
    }

    /// Waits for a number of POSTs.
    pub fn wait_for_posts(&self, count: usize) -> Vec<Post> {
        self.wait(|state| state.posts.len() >= count).posts.clone()
    }

    /// Waits for a number of accepted messages.
    pub fn wait_for_messages(&self, count: usize) -> Vec<Message> {
        self.wait(|state| state.accepted.len() >= count)
            .accepted
            .clone()
    }

    fn wait(&self, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        let result = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !done(state));
        let (state, timeout) = result.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "the server waited in vain: {} posts, {} messages accepted",
            state.posts.len(),
            state.accepted.len()
        );
        state
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // This, and the end of the connections below, wake threads that wait for the network.
        let _ = TcpStream::connect(self.address);
        let acceptor = self.acceptor.take().map(JoinHandle::join);
        let mut panicked = acceptor.is_some_and(|result| result.is_err());
        let threads = {
            let mut state = self.shared.lock();
            for stream in state.connections.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
            std::mem::take(&mut state.threads)
        };
        panicked |= threads.into_iter().any(|thread| thread.join().is_err());
        if panicked && !std::thread::panicking() {
            panic!("a thread of the fake API panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for (number, stream) in listener.incoming().enumerate() {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let Ok(twin) = stream.try_clone() else {
                continue;
            };
            self.lock().connections.insert(number, twin);
            let shared = Arc::clone(self);
            let thread = std::thread::spawn(move || shared.serve(stream, number));
            self.lock().threads.push(thread);
        }
    }

    /// Serves one connection until either side ends it.
    fn serve(&self, stream: TcpStream, connection: usize) {
        let mut reader = BufReader::new(stream);
        while let Some(post) = read_request(&mut reader, connection) {
            let mut reply = {
                let mut state = self.lock();
                let reply = (state.script)(&post);
                state.posts.push(post.clone());
                reply
            };
            self.changed.notify_all();
            while let Reply::Behind(gate, behind) = reply {
                gate.pass();
                reply = *behind;
            }
            if !self.reply(&reply, &post, reader.get_mut()) {
                break;
            }
        }
        // The connection ends when its last twin is gone.
        self.lock().connections.remove(&connection);
    }

    /// Answers, and says whether the connection can be used again.
    fn reply(&self, reply: &Reply, post: &Post, stream: &mut TcpStream) -> bool {
        let sent = match reply {
            Reply::Accept | Reply::AcceptAndClose => {
                self.lock().accepted.extend(post.messages());
                self.changed.notify_all();
                respond(stream, 200, &[], &post.success())
            }
            Reply::AcceptWith(headers) => {
                self.lock().accepted.extend(post.messages());
                self.changed.notify_all();
                respond(stream, 200, headers, &post.success())
            }
            Reply::Answer(status, headers, body) => respond(stream, *status, headers, body),
            Reply::Raw(bytes) => stream.write_all(bytes),
            // Ends when the other side, or the end of the server, closes the connection.
            Reply::Silence => stream.read(&mut [0]).map(drop),
            Reply::HalfClose => {
                let closed = stream.shutdown(Shutdown::Write);
                closed.and_then(|()| stream.read(&mut [0]).map(drop))
            }
            Reply::Drip(bytes) => drip(stream, bytes),
            Reply::Reset => socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)),
            Reply::Close | Reply::Behind(..) => Ok(()),
        };
        if sent.is_err() {
            self.lock().broken += 1;
            self.changed.notify_all();
        }
        sent.is_ok()
            && matches!(
                reply,
                Reply::Accept | Reply::AcceptWith(_) | Reply::Answer(..)
            )
    }
}

/// Sends a byte a second, until the other side hangs up.
fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    for byte in bytes {
        stream.write_all(&[*byte])?;
        match stream.read(&mut [0]) {
            Ok(_) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Post> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => break,
        }
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let at = Instant::now();
    Some(Post {
        method,
        path,
        headers,
        body,
        connection,
        at,
    })
}

fn respond(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &str,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())
}
