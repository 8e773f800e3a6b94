//! Where batches go: the messages API, or a sink.

use super::batch::Batch;
use super::compress::{Codings, Compressor};
use super::verdict::Answer;
use crate::client::{
    self, Client, ItemResult, ItemStatus, Posted, RawAnswer, Receipt, Said, TransportError,
    TransportErrorKind, answer, plain, retry_after, shown_location,
};
use crate::config::AccessToken;
use crate::sink::SharedSink;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// Where the batches of one lane go.
pub(super) enum Output {
    Api(Api),
    Sink(SharedSink),
}

/// The API, and the token that opens the lane's bucket.
pub(super) struct Api {
    client: Client,
    token: RwLock<AccessToken>,
    /// How often the token was replaced.
    token_version: AtomicU64,
    /// Whether the token is the recorder's own, not one that a scope brought.
    is_own_token: bool,
    /// Where bodies may be compressed.
    codings: Option<Arc<Codings>>,
}

/// What came back for a run of messages.
pub(super) struct Reply {
    pub(super) answer: Answer,
    /// What to tell an operator, where it is not a success.
    pub(super) problem: String,
}

impl Output {
    /// Takes the recorder's new token, unless a scope brought another.
    pub(super) fn set_token(&self, token: &AccessToken) {
        if let Self::Api(api) = self
            && api.is_own_token
        {
            token.clone_into(&mut api.token.write().unwrap_or_else(PoisonError::into_inner));
            api.token_version.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Changes when the token does. A send takes the token of the version that was read before it,
    /// or a newer one.
    pub(super) fn token_version(&self) -> u64 {
        match self {
            Self::Api(api) => api.token_version.load(Ordering::SeqCst),
            Self::Sink(_) => 0,
        }
    }

    pub(super) async fn send(
        &self,
        bucket_key: &str,
        batch: &Batch,
        run: &Range<usize>,
        compressor: &mut Compressor,
    ) -> Reply {
        match self {
            Self::Api(api) => api.send(bucket_key, batch, run, compressor).await,
            Self::Sink(sink) => write(sink, bucket_key, batch, run),
        }
    }
}

/// Where it goes, as an operator knows it.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(api) => f.write_str(&api.client.endpoint()),
            Self::Sink(_) => f.write_str("the sink"),
        }
    }
}

impl Api {
    pub(super) fn new(
        client: Client,
        token: AccessToken,
        is_own_token: bool,
        codings: Option<Arc<Codings>>,
    ) -> Self {
        Self {
            client,
            token: RwLock::new(token),
            token_version: AtomicU64::new(0),
            is_own_token,
            codings,
        }
    }

    async fn send(
        &self,
        bucket_key: &str,
        batch: &Batch,
        run: &Range<usize>,
        compressor: &mut Compressor,
    ) -> Reply {
        let pieces = batch.body(run);
        let codings = self.codings.as_ref();
        let gzip = codings
            .filter(|codings| codings.takes_gzip())
            .and_then(|_| compressor.compress(&pieces));
        let body = gzip.map_or_else(|| Posted::Plain(pieces.concat().into()), Posted::Gzip);
        let was_gzip = body.is_gzip();
        let token = self
            .token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match self.client.post_raw(&token, bucket_key, body).await {
            Ok(raw) => {
                if let Some(codings) = codings {
                    codings.heard(raw.takes_gzip);
                }
                reply(&raw, &batch.ids(run), was_gzip)
            }
            Err(error) => no_answer(&error),
        }
    }
}

fn reply(raw: &RawAnswer, ids: &[&str], was_gzip: bool) -> Reply {
    let retry_after = raw.retry_after.as_deref();
    let retry_after = retry_after.and_then(|text| retry_after::parse(text, SystemTime::now()));
    let said = answer::read(raw.status, &raw.body, ids);
    let notice = match &said {
        client::Answer::Refused(notice) => Some(notice),
        _ => None,
    };
    let status = raw.meant_status(notice);
    let mut problem = format!("the API answered {}", Said(raw.status, notice));
    if let (300..=399, Some(location)) = (status, &raw.location) {
        let location = shown_location(location);
        problem.push_str(&format!(
            ", a redirect to {location}, which is not followed"
        ));
    }
    let answer = Answer::Http {
        status,
        retry_after,
        said,
        was_gzip,
    };
    Reply { answer, problem }
}

fn no_answer(error: &TransportError) -> Reply {
    let answer = match error.kind() {
        TransportErrorKind::Request => Answer::Unsendable,
        _ => Answer::Nothing,
    };
    Reply {
        answer,
        problem: error.to_string(),
    }
}

/// A sink that fails is like an API that gives no answer: the same messages are written again.
fn write(sink: &SharedSink, bucket_key: &str, batch: &Batch, run: &Range<usize>) -> Reply {
    if let Err(error) = sink.write(bucket_key, run.clone().map(|at| batch.message(at))) {
        return Reply {
            answer: Answer::Nothing,
            problem: format!("the sink failed: {}", plain(&error.to_string())),
        };
    }
    let success = ItemResult {
        status: ItemStatus::Success,
        ..ItemResult::default()
    };
    let receipt = Receipt {
        items: vec![success; run.len()],
        ..Receipt::default()
    };
    Reply {
        answer: Answer::Http {
            status: 200,
            retry_after: None,
            said: client::Answer::Results(receipt),
            was_gzip: false,
        },
        problem: String::new(),
    }
}
