use super::answer::{Answer, ItemStatus, Notice, read, reason};
use super::build_error::BuildError;
use super::error::{Said, plain, shown_location};
use super::handle::Client;
use super::http::{Posted, RawAnswer};
use super::messages::encode;
use super::transport_error::{TransportError, TransportErrorKind};
use crate::id::new_id;
use crate::message::{Context, Message, Request};
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a connection check found, when all was well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// The API's identifier of the test message, if it told one.
    pub uuid: Option<String>,
    /// The identifier under which the test message was sent.
    pub unique_identifier: String,
    /// How long the exchange took.
    pub elapsed: Duration,
    /// A remark that the API made on the test message.
    pub warning: Option<Notice>,
}

/// How far a connection check came before something was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The endpoint's address itself.
    Endpoint,
    /// Looking up the host.
    Dns,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The token.
    Token,
    /// The bucket.
    Bucket,
    /// The answer: none, or none of the messages API, or a refusal.
    Answer,
    /// The test message itself.
    Item,
}

/// What is wrong, and how to mend it.
pub struct CheckError {
    stage: Stage,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CheckError {
    /// How far the check came.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    fn new(stage: Stage, text: String) -> Self {
        Self {
            stage,
            text,
            source: None,
        }
    }
}

impl Client {
    /// Sends one test message to the bucket and says what is wrong, if anything is.
    ///
    /// The message stays in the bucket. It is a `GET` of `https://runscope.example/connection-check`
    /// with the tag `runscope: connection-check`.
    ///
    /// # Errors
    ///
    /// When the test message was not stored; the error's text names the setting to mend. A
    /// [`BuildError`] converts into it too, so that one `?` covers the building as well.
    pub async fn check(&self) -> Result<CheckReport, CheckError> {
        let now = SystemTime::now();
        let id = new_id(now).to_string();
        let body = encode(&[test_message(&id, now)]).map_err(|error| CheckError {
            source: Some(error.into()),
            ..CheckError::new(
                Stage::Item,
                "the test message could not be written".to_owned(),
            )
        })?;
        let start = Instant::now();
        let answer = self
            .post_raw(self.token(), self.bucket_key(), Posted::Plain(body.into()))
            .await?;
        let elapsed = start.elapsed();
        let item = verdict(&answer, &id, self.bucket_key(), &self.endpoint())?;
        Ok(CheckReport {
            uuid: item.uuid,
            unique_identifier: id,
            elapsed,
            warning: item.warning,
        })
    }
}

impl From<BuildError> for CheckError {
    fn from(error: BuildError) -> Self {
        Self {
            stage: error.stage(),
            text: error.to_string(),
            source: Some(error.into()),
        }
    }
}

impl From<TransportError> for CheckError {
    fn from(error: TransportError) -> Self {
        let stage = match error.kind() {
            TransportErrorKind::Request => Stage::Bucket,
            TransportErrorKind::Dns => Stage::Dns,
            TransportErrorKind::Connect => Stage::Connect,
            TransportErrorKind::Tls => Stage::Tls,
            TransportErrorKind::Timeout | TransportErrorKind::Io => Stage::Answer,
        };
        Self {
            stage,
            text: error.to_string(),
            source: Some(error.into()),
        }
    }
}

/// As it is displayed: this is what a `main` that returns it prints.
impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for CheckError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The text is the source's own, so that only what caused it adds anything.
        self.source.as_deref().and_then(Error::source)
    }
}

fn test_message(id: &str, now: SystemTime) -> Message {
    let mut context = Context {
        service: Some("runscope connection check".to_owned()),
        ..Context::default()
    };
    context
        .tags
        .insert("runscope".to_owned(), "connection-check".to_owned());
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let request = Request::new("GET", "https://runscope.example/connection-check")
        .timestamp(seconds.as_secs_f64());
    Message::new()
        .unique_identifier(id)
        .request(request)
        .context(context)
}

fn verdict(
    answer: &RawAnswer,
    id: &str,
    bucket: &str,
    endpoint: &str,
) -> Result<super::ItemResult, CheckError> {
    let refused = |status: u16, notice: Option<&Notice>| {
        let (stage, text) = refusal(status, notice, answer, bucket, endpoint);
        Err(CheckError::new(stage, text))
    };
    match read(answer.status, &answer.body, &[id]) {
        Answer::Results(receipt) => match receipt.items.into_iter().next() {
            Some(item) if item.status == ItemStatus::Error => {
                let message = item.error.and_then(|notice| notice.message);
                let reason = plain(message.as_deref().unwrap_or("it gave no reason"));
                let text = format!("{endpoint} did not store the test message: {reason}");
                Err(CheckError::new(Stage::Item, text))
            }
            Some(item) if item.status != ItemStatus::Unknown => Ok(item),
            _ => {
                let text = format!(
                    "{endpoint} took the test message and gave no result for it; check that RUNSCOPE_API_ENDPOINT is a messages API"
                );
                Err(CheckError::new(Stage::Answer, text))
            }
        },
        Answer::Refused(notice) => refused(answer.meant_status(Some(&notice)), Some(&notice)),
        Answer::Unparsable => refused(answer.status, reason(&answer.body).as_ref()),
    }
}

fn refusal(
    status: u16,
    notice: Option<&Notice>,
    answer: &RawAnswer,
    bucket: &str,
    endpoint: &str,
) -> (Stage, String) {
    let said = Said(status, notice);
    let html = is_html(&answer.body);
    match status {
        300..=399 => {
            let to = answer.location.as_deref().map(shown_location);
            let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
            let text = format!(
                "{endpoint} answers with a redirect ({status}{to}), which is never followed; set RUNSCOPE_API_ENDPOINT to the API's own address"
            );
            (Stage::Answer, text)
        }
        401 | 403 => {
            let text =
                format!("{endpoint} refused the token ({said}); check RUNSCOPE_ACCESS_TOKEN");
            (Stage::Token, text)
        }
        404 if !html => {
            let text = format!(
                "{endpoint} has no bucket {} ({said}); check RUNSCOPE_BUCKET_KEY, and that RUNSCOPE_API_ENDPOINT holds the right path",
                plain(bucket)
            );
            (Stage::Bucket, text)
        }
        200..=299 | 404 => {
            let what = if html {
                "a web page"
            } else {
                "nothing that a messages API would"
            };
            let text = format!(
                "{endpoint} answers ({status}) with {what}; check that RUNSCOPE_API_ENDPOINT is the API's address and not that of its website"
            );
            (Stage::Answer, text)
        }
        429 | 500..=599 => {
            let text = format!("{endpoint} takes no messages for now ({said}); try again later");
            (Stage::Answer, text)
        }
        _ => {
            let text = format!(
                "{endpoint} refused the test message ({said}); check that RUNSCOPE_API_ENDPOINT is a messages API"
            );
            (Stage::Answer, text)
        }
    }
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}
