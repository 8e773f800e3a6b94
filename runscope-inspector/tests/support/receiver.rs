//! Receivers of notices, on ports of their own: over HTTP, and by SMTP.

// Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::post};
use mailin::{Action, AuthMechanism, Handler, Session, SessionBuilder, response};
use rustls::ServerConfig;
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// How long a test waits for what should come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was posted.
#[derive(Debug, Clone)]
pub struct Posted {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: std::time::Instant,
}

impl Posted {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// How a receiver answers: with a status and how many seconds to wait; without any, never.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Status(u16, Option<u64>),
    Never,
}

pub struct Receiver {
    pub address: SocketAddr,
    posted: UnboundedReceiver<Posted>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::answering(&[]).await
    }

    /// One that answers in this order, and then with 200.
    pub async fn answering(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
        let (tell, posted) = unbounded_channel();
        let app = Router::new().route(
            "/{*path}",
            post(async move |headers: HeaderMap, body: Bytes| {
                answer(&tell, &answers, headers, body).await
            }),
        );
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, posted }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook/s3cr3t", self.address)
    }

    /// The next that is posted.
    pub async fn next(&mut self) -> Posted {
        let next = tokio::time::timeout(PATIENCE, self.posted.recv()).await;
        next.expect("nothing was posted").unwrap()
    }

    /// Whether nothing is posted for a while.
    pub async fn is_quiet(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.posted.recv())
            .await
            .is_err()
    }
}

async fn answer(
    tell: &UnboundedSender<Posted>,
    answers: &Mutex<VecDeque<Answer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = std::time::Instant::now();
    // The test may have ended.
    let _ = tell.send(Posted { headers, body, at });
    let answer = answers.lock().unwrap().pop_front();
    match answer.unwrap_or(Answer::Status(200, None)) {
        Answer::Status(status, wait) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), "heard").into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert("retry-after", wait.into());
            }
            response
        }
        Answer::Never => std::future::pending().await,
    }
}

/// A mail as it was handed in.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
    /// Who signed in, and by which password.
    pub user: Option<(String, String)>,
    /// Whether TLS had begun.
    pub encrypted: bool,
}

pub struct MailServer {
    pub address: SocketAddr,
    mails: UnboundedReceiver<Mail>,
}

impl MailServer {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that offers STARTTLS, and takes passwords after it only.
    pub async fn encrypted(config: ServerConfig) -> Self {
        Self::start_with(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, mails) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, from)) = listener.accept().await {
                tokio::spawn(converse(stream, from.ip(), tell.clone(), tls.clone()));
            }
        });
        Self { address, mails }
    }

    pub async fn next(&mut self) -> Mail {
        let next = tokio::time::timeout(PATIENCE, self.mails.recv()).await;
        next.expect("no mail came").unwrap()
    }

    /// Whether no mail came so far.
    pub fn is_empty(&mut self) -> bool {
        self.mails.try_recv().is_err()
    }
}

/// Takes mails of one connection.
async fn converse(
    stream: TcpStream,
    from: IpAddr,
    tell: UnboundedSender<Mail>,
    tls: Option<TlsAcceptor>,
) {
    let mut builder = SessionBuilder::new("mail.example");
    if tls.is_some() {
        builder.enable_start_tls().enable_auth(AuthMechanism::Plain);
    }
    let encrypted = Arc::new(AtomicBool::new(false));
    let inbox = Inbox {
        mail: Mail::default(),
        encrypted: Arc::clone(&encrypted),
        tell,
    };
    let mut session = builder.build(from, inbox);
    let mut stream = BufReader::new(stream);
    let greeting = session.greeting().buffer().unwrap();
    if stream.write_all(&greeting).await.is_err() || !talk(&mut stream, &mut session).await {
        return;
    }
    // A client that does not trust the certificate breaks off.
    if let Some(tls) = tls
        && let Ok(stream) = tls.accept(stream.into_inner()).await
    {
        encrypted.store(true, Ordering::Relaxed);
        session.tls_active();
        talk(&mut BufReader::new(stream), &mut session).await;
    }
}

/// Answers line by line; whether TLS is to begin now.
async fn talk(
    stream: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    session: &mut Session<Inbox>,
) -> bool {
    let mut line = Vec::new();
    while stream
        .read_until(b'\n', &mut line)
        .await
        .is_ok_and(|read| read > 0)
    {
        let response = session.process(&line);
        line.clear();
        if response.action != Action::NoReply {
            let answer = response.buffer().unwrap();
            if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
                return false;
            }
        }
        match response.action {
            Action::Close => return false,
            Action::UpgradeTls => return true,
            _ => {}
        }
    }
    false
}

struct Inbox {
    mail: Mail,
    encrypted: Arc<AtomicBool>,
    tell: UnboundedSender<Mail>,
}

impl Handler for Inbox {
    fn auth_plain(&mut self, _as: &str, user: &str, password: &str) -> mailin::Response {
        self.mail.user = Some((user.to_owned(), password.to_owned()));
        response::AUTH_OK
    }

    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> mailin::Response {
        self.mail = Mail {
            from: from.to_owned(),
            user: self.mail.user.take(),
            encrypted: self.encrypted.load(Ordering::Relaxed),
            ..Mail::default()
        };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> mailin::Response {
        self.mail.to.push(to.to_owned());
        response::OK
    }

    fn data_start(
        &mut self,
        _domain: &str,
        _from: &str,
        _is8bit: bool,
        _to: &[String],
    ) -> mailin::Response {
        response::START_DATA
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mail.data.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> mailin::Response {
        let _ = self.tell.send(self.mail.clone());
        response::OK
    }
}
