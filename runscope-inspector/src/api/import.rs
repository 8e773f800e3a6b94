use super::auth::Caller;
use super::body::Received;
use super::elements::each_element;
use super::envelope::{Params, Path};
use super::error::ApiError;
use super::export::Format;
use super::har;
use super::ingest::{Item, ItemError, Results, check, read_message, store_items};
use super::metrics::Metrics;
use super::read;
use super::state::{AppState, Limits};
use crate::store::{BucketId, Scope, Store};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use runscope_core::Message;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use uuid::Uuid;

/// Messages that are stored at once.
const STEP: usize = 200;

/// The bytes of text after which a step is stored though it has fewer messages.
const STEP_BYTES: usize = 1 << 20;

/// The results that an answer lists, of stored and of refused messages each: its size must not follow
/// from what was sent.
pub(super) const MOST_LISTED: usize = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct ImportParams {
    #[serde(default)]
    format: Format,
}

/// Stores what an export wrote, or another tool's archive; answers as for posted messages.
pub(super) async fn import(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<ImportParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Results, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Write).await?;
    let received = Received::read(&state, caller, &headers, body).await?;
    let limits = *state.limits();
    let metrics = Arc::clone(state.metrics());
    received
        .work(&state, move |store, body| {
            let mut import = Import {
                store,
                metrics: &metrics,
                bucket: bucket.id,
                step: Vec::new(),
                step_bytes: 0,
                results: Results::of_import(MOST_LISTED),
            };
            each_item(params.format, body, &limits, |text, item| {
                import.add(text, item)
            })?;
            import.store_step()?;
            Ok(import.results)
        })
        .await
}

/// Shows each item of a body as it is read, with its text.
pub(super) fn each_item(
    format: Format,
    body: &[u8],
    limits: &Limits,
    mut show: impl FnMut(&str, Item) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    match format {
        Format::Ndjson => {
            let text = std::str::from_utf8(body)
                .map_err(|_| ApiError::bad_request("the body is not UTF-8"))?;
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.try_for_each(|line| show(line, read_message(line, limits).map(exported)))
        }
        Format::Har => {
            let Archive { log } = read::json(body).map_err(|mistake| {
                ApiError::bad_request(format!("the body is not an HTTP Archive: {mistake}"))
            })?;
            each_element(log.entries.get().as_bytes(), "not an array", |entry| {
                let item = har::read_entry(entry)
                    .map_err(|mistake| ItemError::unread("HAR entry", &mistake))
                    .and_then(|message| check(message, limits))
                    .map(exported);
                show(entry, item)
            })
        }
    }
}

/// A message with the `uuid` it was exported under, by which it is known where it has no identifier of
/// its own.
fn exported(mut message: Message) -> Message {
    let uuid = message.uuid.take();
    let uuid = uuid.and_then(|uuid| Uuid::try_parse(&uuid).ok());
    if message.unique_identifier.is_none() {
        message.uuid = uuid.map(|uuid| uuid.to_string());
    }
    message
}

/// Stores messages as they are read, a step at a time, so that few are in memory however many there
/// are.
struct Import<'a> {
    store: &'a dyn Store,
    metrics: &'a Metrics,
    bucket: BucketId,
    step: Vec<Item>,
    step_bytes: usize,
    results: Results,
}

impl Import<'_> {
    fn add(&mut self, text: &str, item: Item) -> Result<(), ApiError> {
        self.step.push(item);
        self.step_bytes = self.step_bytes.saturating_add(text.len());
        if self.step.len() >= STEP || self.step_bytes >= STEP_BYTES {
            self.store_step()?;
        }
        Ok(())
    }

    fn store_step(&mut self) -> Result<(), ApiError> {
        self.step_bytes = 0;
        let step = std::mem::take(&mut self.step);
        let Self {
            store,
            metrics,
            bucket,
            results,
            ..
        } = self;
        // What is imported happened elsewhere, or long ago: it wakes nobody.
        store_items(*store, None, metrics, *bucket, step, results)
    }
}

/// An archive whose entries are not read yet.
#[derive(Deserialize)]
struct Archive<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    entries: &'a RawValue,
}
