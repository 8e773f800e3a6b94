//! What an operator watches, counted where it happens and written in Prometheus' text format.

use super::auth::Caller;
use super::error::ApiError;
use super::state::AppState;
use crate::alerts::Numbers;
use crate::store::{Kept, Stats, Store};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The numbers of one server since it started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    stored: AtomicU64,
    joined: AtomicU64,
    known: AtomicU64,
    refused: AtomicU64,
    /// By the first digit of the status.
    answers: [AtomicU64; 6],
    queries: Durations,
}

impl Metrics {
    /// Counts a message that was accepted.
    pub(super) fn kept(&self, kept: Kept) {
        let counter = match kept {
            Kept::New => &self.stored,
            Kept::Joined => &self.joined,
            Kept::Known => &self.known,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a message that was not.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a query by how long it took, its waiting for its turn included.
    pub(super) fn query(&self, time: Duration) {
        self.queries.add(time);
    }

    fn answer(&self, status: StatusCode) {
        if let Some(counter) = self.answers.get(usize::from(status.as_u16() / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts every answer by its class.
pub(super) async fn count_answers(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    state.metrics().answer(response.status());
    response
}

/// The numbers of all buckets, so no bucket's token is enough.
pub(super) async fn serve(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Response, ApiError> {
    caller.scrapes()?;
    let stats = state.blocking(<dyn Store>::stats).await?;
    let text = render(
        state.metrics(),
        &stats,
        state.open_tails(),
        &state.alerts().numbers(),
    )
    .map_err(ApiError::internal)?;
    let format = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((format, text).into_response())
}

fn render(
    metrics: &Metrics,
    stats: &Stats,
    tails: usize,
    alerts: &Numbers,
) -> Result<String, fmt::Error> {
    let mut text = Text(String::with_capacity(4096));
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    text.head("build_info", "gauge", "The version that runs.")?;
    text.line(
        "build_info",
        concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"),
        1,
    )?;
    text.head("messages_total", "counter", "Messages that were sent: stored as new, joined to their other half, known already (duplicate), or refused with an error of their own.")?;
    for (result, counter) in [
        ("stored", &metrics.stored),
        ("joined", &metrics.joined),
        ("duplicate", &metrics.known),
        ("refused", &metrics.refused),
    ] {
        text.line(
            "messages_total",
            &format!("{{result=\"{result}\"}}"),
            of(counter),
        )?;
    }
    text.head(
        "answers_total",
        "counter",
        "HTTP answers by class of status.",
    )?;
    for (class, counter) in (1..).zip(&metrics.answers[1..]) {
        text.line(
            "answers_total",
            &format!("{{class=\"{class}xx\"}}"),
            of(counter),
        )?;
    }
    metrics.queries.render(&mut text)?;
    for (name, kind, help, value) in [
        (
            "tails",
            "gauge",
            "Live tails that are open.",
            u64::try_from(tails).unwrap_or(u64::MAX),
        ),
        (
            "commits_total",
            "counter",
            "Transactions that stored messages.",
            stats.commits,
        ),
        (
            "writer_waiting",
            "gauge",
            "Writes that wait for the one writer, or are being written.",
            stats.waiting,
        ),
        (
            "stored_exchanges",
            "gauge",
            "Exchanges that are stored, in all buckets.",
            stats.exchanges,
        ),
        (
            "stored_bytes",
            "gauge",
            "Bytes of all database files.",
            stats.bytes,
        ),
        (
            "partitions",
            "gauge",
            "Files that hold exchanges.",
            stats.partitions,
        ),
    ] {
        text.head(name, kind, help)?;
        text.line(name, "", value)?;
    }
    render_alerts(&mut text, alerts)?;
    Ok(text.0)
}

fn render_alerts(text: &mut Text, alerts: &Numbers) -> fmt::Result {
    for (name, kind, help, value) in [
        ("alerts_firing", "gauge", "Alerts that fire.", alerts.firing),
        (
            "alerts_waiting",
            "gauge",
            "Calls that wait to be shown to the rules.",
            alerts.waiting,
        ),
        (
            "alerts_evaluated_total",
            "counter",
            "Calls that were shown to the rules.",
            alerts.evaluated,
        ),
        (
            "alerts_late_total",
            "counter",
            "Calls that matched and were too old to wake anybody.",
            alerts.late,
        ),
        (
            "alerts_passed_over_total",
            "counter",
            "Calls that were not shown to the rules, as too many waited.",
            alerts.passed_over,
        ),
    ] {
        text.head(name, kind, help)?;
        text.line(name, "", value)?;
    }
    let help = "What came of sending notices.";
    text.head("alert_notices_total", "counter", help)?;
    for (result, count) in [
        ("sent", alerts.sent),
        ("retried", alerts.retried),
        ("failed", alerts.failed),
    ] {
        text.line(
            "alert_notices_total",
            &format!("{{result=\"{result}\"}}"),
            count,
        )?;
    }
    Ok(())
}

/// The exposition format, with names that all begin alike.
struct Text(String);

const PREFIX: &str = "runscope_inspector_";

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(
            self.0,
            "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}"
        )
    }

    fn line(&mut self, name: &str, labels: &str, value: impl fmt::Display) -> fmt::Result {
        writeln!(self.0, "{PREFIX}{name}{labels} {value}")
    }
}

/// A histogram of durations.
#[derive(Debug, Default)]
struct Durations {
    /// One for each bound of [`BOUNDS`], and one for what is above.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// In milliseconds.
const BOUNDS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];

impl Durations {
    fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.iter().position(|bound| micros <= bound * 1000);
        if let Some(counter) = self.counts.get(at.unwrap_or(BOUNDS.len())) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn render(&self, text: &mut Text) -> fmt::Result {
        text.head(
            "query_seconds",
            "histogram",
            "How long queries took, their waiting included.",
        )?;
        let bounds = BOUNDS
            .iter()
            .map(|millis| Duration::from_millis(*millis).as_secs_f64().to_string())
            .chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (bound, counter) in bounds.zip(&self.counts) {
            count += counter.load(Ordering::Relaxed);
            text.line(
                "query_seconds_bucket",
                &format!("{{le=\"{bound}\"}}"),
                count,
            )?;
        }
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        text.line("query_seconds_sum", "", sum.as_secs_f64())?;
        text.line("query_seconds_count", "", count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_each_duration_once_and_upwards() {
        let durations = Durations::default();
        for micros in [500, 1000, 1001, 700_000, 60_000_000] {
            durations.add(Duration::from_micros(micros));
        }
        let mut text = Text(String::new());
        durations.render(&mut text).unwrap();
        for line in [
            "bucket{le=\"0.001\"} 2",
            "bucket{le=\"0.002\"} 3",
            "bucket{le=\"0.5\"} 3",
            "bucket{le=\"1\"} 4",
            "bucket{le=\"30\"} 4",
            "bucket{le=\"+Inf\"} 5",
            "sum 60.702501",
            "count 5",
        ] {
            let line = format!("\nrunscope_inspector_query_seconds_{line}\n");
            assert!(text.0.contains(&line), "{line} {}", text.0);
        }
    }
}
