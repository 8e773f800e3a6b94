use super::auth::Caller;
use super::envelope::{Params, Path};
use super::error::ApiError;
use super::har;
use super::readback::ReadMessage;
use super::search::scan;
use super::state::AppState;
use crate::exchange::Exchange;
use crate::store::{Scope, Search};
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// Exchanges that are read at once.
const STEP: usize = 200;

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
        begun: false,
        ended: false,
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
    begun: bool,
    ended: bool,
}

impl Export {
    /// The next piece of the download. One that can't be read breaks the connection off: a file that
    /// only looks whole would be worse.
    async fn next(&mut self) -> Option<Result<String, String>> {
        if self.ended {
            return None;
        }
        self.search.scan.deadline = Instant::now() + STEP_TIME;
        let search = self.search.clone();
        let page = match self.state.query(move |store| store.search(&search)).await {
            Ok(page) => page,
            Err(error) => {
                self.ended = true;
                return Some(Err(format!("{error:?}")));
            }
        };
        let mut chunk = String::new();
        if self.format == Format::Har && !self.begun && self.search.cursor.is_none() {
            chunk.push_str(har::START);
        }
        for exchange in &page.exchanges {
            self.write(exchange, &mut chunk);
        }
        self.search.cursor = page.next;
        self.ended = page.next.is_none();
        if self.format == Format::Har && self.ended {
            chunk.push_str(har::END);
        }
        Some(Ok(chunk))
    }

    fn write(&mut self, exchange: &Exchange, chunk: &mut String) {
        let text = match self.format {
            Format::Ndjson => {
                serde_json::to_string(&ReadMessage::whole(exchange)).map(|line| line + "\n")
            }
            Format::Har => serde_json::to_string(&har::entry(exchange)).map(|entry| {
                if self.begun {
                    format!(",{entry}")
                } else {
                    entry
                }
            }),
        };
        self.begun = true;
        // Plain strings and numbers can always be written.
        chunk.push_str(&text.unwrap_or_default());
    }
}
