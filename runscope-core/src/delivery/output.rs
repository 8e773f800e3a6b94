//! Where batches go: the messages API, or a sink.

use super::batch::Batch;
use super::verdict::Results;
use crate::client::{
    Answer, Client, ItemResult, ItemStatus, RawAnswer, TransportError, answer, retry_after,
};
use crate::config::AccessToken;
use crate::sink::SharedSink;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// Where the batches of one lane go.
pub(super) enum Output {
    Api(Api),
    Sink(SharedSink),
}

/// The API, and the token that opens the lane's bucket.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) token: RwLock<AccessToken>,
    /// Whether the token is the recorder's own, not one that a scope brought.
    pub(super) is_own_token: bool,
}

/// What came back for a run of messages, ready for the table of answers.
pub(super) struct Reply {
    /// The status, or nothing where there was no answer.
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    pub(super) items: Option<Vec<ItemResult>>,
    /// What to tell an operator, where it is not a success.
    pub(super) problem: String,
}

impl Reply {
    pub(super) fn results(&self) -> Results<'_> {
        self.items
            .as_deref()
            .map_or(Results::Unreadable, Results::Listed)
    }
}

impl Output {
    /// Takes the recorder's new token, unless a scope brought another.
    pub(super) fn set_token(&self, token: &AccessToken) {
        if let Self::Api(api) = self
            && api.is_own_token
        {
            token.clone_into(&mut api.token.write().unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub(super) async fn send(&self, bucket_key: &str, batch: &Batch, run: &Range<usize>) -> Reply {
        match self {
            Self::Api(api) => api.send(bucket_key, batch, run).await,
            Self::Sink(sink) => write(sink, bucket_key, batch, run),
        }
    }
}

impl Api {
    async fn send(&self, bucket_key: &str, batch: &Batch, run: &Range<usize>) -> Reply {
        let token = self
            .token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match self
            .client
            .post_raw(&token, bucket_key, batch.body(run))
            .await
        {
            Ok(raw) => reply(raw, &batch.ids(run)),
            Err(error) => no_answer(&error),
        }
    }
}

fn reply(raw: RawAnswer, ids: &[&str]) -> Reply {
    let retry_after = raw.retry_after.as_deref();
    let retry_after = retry_after.and_then(|text| retry_after::parse(text, SystemTime::now()));
    let mut problem = format!("the API answered {}", raw.status);
    let mut status = raw.status;
    let items = match answer::read(raw.status, &raw.body, ids) {
        Answer::Results(receipt) => Some(receipt.items),
        Answer::Refused(notice) => {
            status = raw.meant_status(Some(&notice));
            if let Some(said) = notice.message {
                problem = format!("{problem}: {said}");
            }
            None
        }
        Answer::Unparsable => None,
    };
    if let Some(location) = raw.location {
        problem = format!("{problem}: a redirect to {location}, which is not followed");
    }
    Reply {
        status: Some(status),
        retry_after,
        items,
        problem,
    }
}

fn no_answer(error: &TransportError) -> Reply {
    Reply {
        status: None,
        retry_after: None,
        items: None,
        problem: error.to_string(),
    }
}

/// A sink that fails is like an API that gives no answer: the same messages are written again.
fn write(sink: &SharedSink, bucket_key: &str, batch: &Batch, run: &Range<usize>) -> Reply {
    let success = ItemResult {
        status: ItemStatus::Success,
        ..ItemResult::default()
    };
    match sink.write(bucket_key, run.clone().map(|at| batch.message(at))) {
        Ok(()) => Reply {
            status: Some(200),
            retry_after: None,
            items: Some(vec![success; run.len()]),
            problem: String::new(),
        },
        Err(error) => Reply {
            status: None,
            retry_after: None,
            items: None,
            problem: format!("the sink failed: {error}"),
        },
    }
}
