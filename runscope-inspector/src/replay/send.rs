use super::connect::{addresses_by, connect, resolve};
use super::door::{Refused, Target};
use super::settings::Settings;
use crate::copy::Outgoing;
use crate::exchange::Timestamp;
use axum::http::header::{HOST, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

/// The header that marks a request as sent again, with the identifier of the call it repeats.
pub(crate) const MARK: &str = "x-runscope-replay";

/// The most header lines of an answer, and the most bytes of its head.
const HEADERS: usize = 256;
const HEAD: usize = 256 << 10;

/// What a replay came to.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(super) began: Timestamp,
    pub(super) head: Option<Head>,
    pub(super) body: Vec<u8>,
    pub(super) total: Duration,
    pub(super) ending: Ending,
}

/// The head of the answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) after: Duration,
}

/// How a replay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// The answer's body was larger than what is kept.
    TooLarge,
    /// Something failed, told in words.
    Failed(String),
}

/// Sends a request once, to where the settings allow it. What fails on the way there and back is a
/// result, not an error.
pub(crate) async fn send(
    outgoing: &Outgoing,
    original: Uuid,
    settings: &Settings,
) -> Result<Sent, Refused> {
    send_by(outgoing, original, settings, resolve).await
}

async fn send_by(
    outgoing: &Outgoing,
    original: Uuid,
    settings: &Settings,
    resolve: impl AsyncFnOnce(&str, u16) -> io::Result<Vec<IpAddr>>,
) -> Result<Sent, Refused> {
    let target = Target::of(&outgoing.url)?;
    target.check(settings)?;
    let request = request(outgoing, &target, original)?;
    let mut sent = Sent {
        began: Timestamp::now(),
        head: None,
        body: Vec::new(),
        total: Duration::ZERO,
        ending: Ending::Whole,
    };
    let begun = Instant::now();
    let deadline = begun + settings.time;
    let work = async {
        let addresses = match addresses_by(&target, resolve).await {
            Ok(addresses) => addresses,
            Err(problem) => return Ok(Ending::Failed(problem)),
        };
        target.check_addresses(&addresses, settings)?;
        let exchanged = exchange(request, &target, &addresses, settings, begun, &mut sent).await;
        Ok(exchanged.unwrap_or_else(Ending::Failed))
    };
    let ending = match tokio::time::timeout_at(deadline.into(), work).await {
        Ok(ending) => ending?,
        Err(_) => Ending::Failed(format!("it took longer than {:?}", settings.time)),
    };
    sent.ending = ending;
    sent.total = begun.elapsed();
    Ok(sent)
}

/// The request as it goes out: one that names this host, and says that it is sent again.
fn request(
    outgoing: &Outgoing,
    target: &Target,
    original: Uuid,
) -> Result<Request<Full<Bytes>>, Refused> {
    let refused = |name: &str| Refused::Header(name.to_owned());
    let body = outgoing.body.clone().unwrap_or_default();
    let mut request = Request::builder()
        .method(outgoing.method.as_str())
        .uri(&target.path)
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| Refused::Url)?;
    let headers = request.headers_mut();
    let host = HeaderValue::from_str(&target.authority).map_err(|_| Refused::Url)?;
    headers.insert(HOST, host);
    for (name, value) in &outgoing.headers {
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refused(name))?;
        headers.append(header, value);
    }
    let mark = HeaderValue::from_str(&original.to_string()).map_err(|_| refused(MARK))?;
    headers.insert(HeaderName::from_static(MARK), mark);
    Ok(request)
}

/// Sends and receives over a connection of its own, to an address that was judged.
async fn exchange(
    request: Request<Full<Bytes>>,
    target: &Target,
    addresses: &[IpAddr],
    settings: &Settings,
    begun: Instant,
    sent: &mut Sent,
) -> Result<Ending, String> {
    let stream = connect(target, addresses).await?;
    speak(stream, request, settings, begun, sent).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    settings: &Settings,
    begun: Instant,
    sent: &mut Sent,
) -> Result<Ending, String> {
    let broke = |error: hyper::Error| format!("the connection broke off: {error}");
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broke)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broke)?;
        let (head, body) = response.into_parts();
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
        sent.head = Some(Head {
            status: head.status.as_u16(),
            reason: reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned()),
            headers: head.headers,
            after: begun.elapsed(),
        });
        receive(body, settings.bytes, &mut sent.body).await
    };
    // The connection is driven here, so that it ends with this future.
    let mut exchange = std::pin::pin!(exchange);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ending = &mut exchange => ending,
        // It may be done before its last bytes were taken.
        _ = &mut connection => exchange.await,
    }
}

/// Keeps what of a body is within the limit, and reads no further.
async fn receive(mut body: Incoming, limit: usize, kept: &mut Vec<u8>) -> Result<Ending, String> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("the answer broke off: {error}"))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(data.get(..room).unwrap_or(data));
        if data.len() > room {
            return Ok(Ending::TooLarge);
        }
    }
    Ok(Ending::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::net::TcpStream;

    fn outgoing(url: &str) -> Outgoing {
        Outgoing {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    fn to(host: &str) -> Settings {
        Settings {
            to: vec![host.parse().unwrap()],
            ..Settings::default()
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_once_and_its_address_is_judged_before_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://rebound.example:{port}/");
        let mut settings = to(&format!("rebound.example:{port}"));
        let own = async |_: &str, _: u16| Ok(vec![IpAddr::from([127, 0, 0, 1])]);
        let refused = send_by(&outgoing(&url), Uuid::nil(), &settings, own).await;
        assert!(
            matches!(refused, Err(Refused::Address { .. })),
            "{refused:?}"
        );
        // Nobody knocked: the next to be accepted is our own connection.
        let probe = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, probe.local_addr().unwrap());

        settings
            .to
            .push(format!("127.0.0.1:{port}").parse().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            let answer = b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(head[..read].to_vec()).unwrap()
        };
        let outgoing = outgoing(&url);
        let (sent, head) = tokio::join!(send_by(&outgoing, Uuid::nil(), &settings, own), serve);
        let sent = sent.unwrap();
        assert_eq!(
            (sent.ending, sent.body.as_slice()),
            (Ending::Whole, &b"ok"[..])
        );
        assert_eq!(sent.head.unwrap().reason.as_deref(), Some("Fine"));
        assert_eq!(
            head,
            format!(
                "GET / HTTP/1.1\r\nhost: rebound.example:{port}\r\n{MARK}: {}\r\n\r\n",
                Uuid::nil()
            )
        );
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_a_result() {
        let settings = to("nowhere.example");
        let nobody = async |_: &str, _: u16| Ok(Vec::new());
        let sent = send_by(
            &outgoing("http://nowhere.example/"),
            Uuid::nil(),
            &settings,
            nobody,
        )
        .await;
        assert!(matches!(sent.unwrap().ending, Ending::Failed(_)));
    }
}
