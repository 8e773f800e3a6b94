use super::PageError;
use super::address::Params;
use super::asked::Asked;
use super::filter::with;
use super::format;
use super::layout::{Nav, Page, Tab};
use super::place::Place;
use crate::api::AppState;
use crate::query::{Expr, Name, Pattern, Term, parse};
use crate::store::{Summary, SummaryRow};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use std::cmp::Ordering;
use std::time::Duration;

const TIME: Duration = Duration::from_millis(1500);

/// The groups that are shown.
const ROWS: usize = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Sorted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: Column,
    #[serde(default)]
    dir: Direction,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Column {
    Method,
    Route,
    #[default]
    Count,
    Errors,
    P50,
    P95,
    P99,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Asc,
    #[default]
    Desc,
}

const COLUMNS: [(Column, &str, &str); 7] = [
    (Column::Method, "method", "Method"),
    (Column::Route, "route", "Route"),
    (Column::Count, "count", "Calls"),
    (Column::Errors, "errors", "Errors"),
    (Column::P50, "p50", "p50"),
    (Column::P95, "p95", "p95"),
    (Column::P99, "p99", "p99"),
];

/// Calls by method and route: how many, how many failed, how long they took.
pub(super) async fn summary(
    State(state): State<AppState>,
    place: Place,
    Params(sorted): Params<Sorted>,
) -> Result<Response, PageError> {
    let asked = Asked {
        q: sorted.q.clone(),
    };
    let (summary, mistake) = match parse(&sorted.q) {
        Ok(_) => {
            let scan = asked.scan(&place, TIME)?;
            (
                Some(state.query(move |store| store.summary(&scan)).await?),
                None,
            )
        }
        Err(error) => (None, Some(error)),
    };
    let content = html! {
        div.page.wide {
            h1 { "Summary" }
            form.inline #filter role="search" method="get" action=(place.path("/summary")) {
                label.visually-hidden for="q" { "Filter calls" }
                input #q.mono type="text" name="q" value=(sorted.q) autocomplete="off" autocapitalize="off" spellcheck="false"
                    placeholder="All calls; for example since:1h host:api.example" aria-invalid=[mistake.as_ref().map(|_| "true")]
                    aria-describedby="filter-note";
                button.primary type="submit" { "Search" }
            }
            div #filter-note {
                @if let Some(mistake) = &mistake {
                    p.error role="alert" { "The filter is not valid " (mistake) "." }
                }
            }
            @if let Some(mut summary) = summary {
                (counted(&summary))
                (table(&place, &sorted, &mut summary))
            }
        }
    };
    Ok(
        Page::new("Summary", Nav::Bucket(&place, Tab::Summary), content)
            .styles(&["list.css"])
            .scripts(&["summary.js"])
            .into_response(),
    )
}

fn counted(summary: &Summary) -> Markup {
    html! {
        p #count role="status" {
            strong { (format::calls(summary.counted)) } " in " (format::count(summary.rows.len() as u64))
            @if summary.rows.len() == 1 { " group" } @else { " groups" }
            @if !summary.told_apart {
                span.muted { ": there are more groups than are counted, and some that came late are missing" }
            } @else if !summary.complete { span.muted { ": the newest that could be looked at" } }
        }
    }
}

fn table(place: &Place, sorted: &Sorted, summary: &mut Summary) -> Markup {
    summary.rows.sort_by(|a, b| match sorted.dir {
        Direction::Asc => compare(sorted.sort, a, b),
        Direction::Desc => compare(sorted.sort, b, a),
    });
    let filter = parse(&sorted.q).unwrap_or(Expr::All);
    html! {
        div.card.flush.scroll tabindex="0" role="region" aria-label="Summary by method and route" {
            table.table #summary {
                caption.visually-hidden { "Calls by method and route" }
                thead { tr { @for (column, key, label) in COLUMNS { (head(place, sorted, column, key, label)) } } }
                tbody {
                    @for row in summary.rows.iter().take(ROWS) { (group(place, &filter, row)) }
                    @if summary.rows.is_empty() {
                        tr { td.empty-note colspan="7" { "No call matches." } }
                    }
                }
            }
        }
        @if summary.rows.len() > ROWS {
            p.hint { "Only " (ROWS) " groups are shown; a filter makes them fewer." }
        }
    }
}

fn head(place: &Place, sorted: &Sorted, column: Column, key: &str, label: &str) -> Markup {
    let now = sorted.sort == column;
    let (sort, next) = match (now, sorted.dir) {
        (true, Direction::Desc) => (Some("descending"), "asc"),
        (true, Direction::Asc) => (Some("ascending"), "desc"),
        (false, _) => (None, "desc"),
    };
    let link = place.linked(
        "/summary",
        &[("q", &sorted.q), ("sort", key), ("dir", next)],
    );
    let number = !matches!(column, Column::Method | Column::Route);
    html! {
        th.num[number] scope="col" aria-sort=[sort] { a.sort href=(link) { (label) } }
    }
}

fn group(place: &Place, filter: &Expr, row: &SummaryRow) -> Markup {
    let is = |name, value: &str| Expr::Term(Term::Is(name, Pattern::Plain(value.to_owned())));
    let mut narrowed = filter.clone();
    if !row.method.is_empty() {
        narrowed = with(&narrowed, is(Name::Method, &row.method));
    }
    if !row.route.is_empty() {
        // A group without a route is named by its path.
        narrowed = with(
            &narrowed,
            is(Name::Route, &row.route).or(is(Name::Path, &row.route)),
        );
    }
    let share = row.errors as f64 * 100.0 / row.count.max(1) as f64;
    let time = |duration: Option<Duration>| duration.map_or("—".to_owned(), format::duration);
    html! {
        tr {
            td { span.method { (or_dash(&row.method)) } }
            td.route { a.call href=(place.filtered("", &narrowed.to_string())) { (or_dash(&row.route)) } }
            td.num { (format::count(row.count)) }
            td.num.errors {
                @if row.errors > 0 {
                    span.share-text.many[share >= 5.0] { (percent(share)) } " " span.muted { "(" (format::count(row.errors)) ")" }
                } @else { span.muted { "0 %" } }
            }
            td.num { (time(row.p50)) }
            td.num { (time(row.p95)) }
            td.num { (time(row.p99)) }
        }
    }
}

fn compare(column: Column, a: &SummaryRow, b: &SummaryRow) -> Ordering {
    // Shares are compared by their cross products, which are exact.
    let share = || {
        let left = u128::from(a.errors) * u128::from(b.count);
        left.cmp(&(u128::from(b.errors) * u128::from(a.count)))
    };
    match column {
        Column::Method => a.method.cmp(&b.method),
        Column::Route => a.route.cmp(&b.route),
        Column::Count => a.count.cmp(&b.count),
        Column::Errors => share(),
        Column::P50 => a.p50.cmp(&b.p50),
        Column::P95 => a.p95.cmp(&b.p95),
        Column::P99 => a.p99.cmp(&b.p99),
    }
    .then_with(|| a.count.cmp(&b.count))
    .then_with(|| b.route.cmp(&a.route))
}

fn percent(share: f64) -> String {
    if share < 0.1 {
        "< 0.1 %".to_owned()
    } else if share < 9.95 {
        format!("{share:.1} %")
    } else {
        format!("{share:.0} %")
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "—" } else { text }
}
