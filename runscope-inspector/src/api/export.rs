use super::auth::Caller;
use super::envelope::{Params, Path};
use super::error::ApiError;
use super::har;
use super::readback::ReadMessage;
use super::room::Taken;
use super::search::scan;
use super::state::AppState;
use crate::exchange::Exchange;
use crate::store::{Scope, Search};
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Exchanges that are read at once.
const STEP: usize = 200;

/// The bytes after which a piece is sent though more was read: what was not sent yet is in memory
/// twice only so far.
const CHUNK: usize = 256 << 10;

/// How long one step of an export looks for matches before it asks again.
const STEP_TIME: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// One message in the documented form a line.
    #[default]
    Ndjson,
    /// One HTTP Archive.
    Har,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExportParams {
    #[serde(default)]
    q: String,
    #[serde(default)]
    format: Format,
}

/// Everything that matches with its bodies, newest first, as a download.
pub(super) async fn export(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let bucket = caller.bucket(&state, key, Scope::Read).await?;
    let scan = scan(&state, bucket.id, &params.q, None)?;
    let Some(room) = state.export_room(caller) else {
        let message = format!(
            "there is room for {} downloads at one time, of which one token can have half",
            state.limits().exports
        );
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message));
    };
    let search = Search {
        scan,
        cursor: None,
        limit: STEP,
        count_to: 0,
        bodies: true,
    };
    let export = Export {
        state,
        search,
        format: params.format,
        read: VecDeque::new(),
        begun: false,
        ended: false,
        _room: room,
    };
    let (media_type, name) = match params.format {
        Format::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"exchanges.ndjson\"",
        ),
        Format::Har => ("application/json", "attachment; filename=\"exchanges.har\""),
    };
    let chunks = stream::unfold(export, async |mut export| {
        let chunk = export.next().await?;
        Some((chunk, export))
    });
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

struct Export {
    state: AppState,
    search: Search,
    format: Format,
    /// What was read and is not written yet.
    read: VecDeque<Exchange>,
    begun: bool,
    ended: bool,
    _room: Taken,
}

impl Export {
    /// The next piece of the download. One that can't be read breaks the connection off: a file that
    /// only looks whole would be worse.
    async fn next(&mut self) -> Option<Result<String, String>> {
        if self.ended {
            return None;
        }
        let mut chunk = String::new();
        if self.format == Format::Har && !self.begun && self.search.cursor.is_none() {
            chunk.push_str(har::START);
        }
        if self.read.is_empty() {
            self.search.scan.deadline = Instant::now() + STEP_TIME;
            let search = self.search.clone();
            match self.state.query(move |store| store.search(&search)).await {
                Ok(page) => {
                    self.search.cursor = page.next;
                    self.read = page.exchanges.into();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(format!("{error:?}")));
                }
            }
        }
        while chunk.len() < CHUNK
            && let Some(exchange) = self.read.pop_front()
        {
            self.write(&exchange, &mut chunk);
        }
        self.ended = self.read.is_empty() && self.search.cursor.is_none();
        if self.format == Format::Har && self.ended {
            chunk.push_str(har::END);
        }
        Some(Ok(chunk))
    }

    fn write(&mut self, exchange: &Exchange, chunk: &mut String) {
        write_exchange(self.format, exchange, !self.begun, chunk);
        self.begun = true;
    }
}

/// Appends an exchange, after what stands between it and the one before.
pub(super) fn write_exchange(
    format: Format,
    exchange: &Exchange,
    is_first: bool,
    chunk: &mut String,
) {
    let text = match format {
        Format::Ndjson => {
            serde_json::to_string(&ReadMessage::whole(exchange)).map(|line| line + "\n")
        }
        Format::Har => {
            if !is_first {
                chunk.push(',');
            }
            serde_json::to_string(&har::entry(exchange))
        }
    };
    // Plain strings and numbers can always be written.
    chunk.push_str(&text.unwrap_or_default());
}
