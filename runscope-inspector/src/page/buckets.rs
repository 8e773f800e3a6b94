use super::PageError;
use super::error::sentence;
use super::form::Form;
use super::format;
use super::layout::{Nav, Page};
use super::place::{Place, Visitor};
use crate::api::{ApiError, AppState, LONGEST_NAME, default_team, deletable, new_bucket};
use crate::exchange::Timestamp;
use crate::query::Expr;
use crate::store::{Bucket, Scan, Scope, Store, StoreError};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use std::time::{Duration, Instant};

/// How long calls are counted: with very many buckets the last ones go without a number.
const COUNTING: Duration = Duration::from_millis(500);

/// The path of the list of buckets.
pub(super) fn path(prefix: &str) -> String {
    format!("{prefix}/b")
}

/// Every bucket, and the way to a new one.
pub(super) async fn list(
    State(state): State<AppState>,
    Visitor(caller): Visitor,
) -> Result<Response, PageError> {
    caller.owns()?;
    shown(&state, None).await
}

/// Makes a bucket and leads to how calls are sent to it.
pub(super) async fn create(
    State(state): State<AppState>,
    Visitor(caller): Visitor,
    form: Form,
) -> Result<Response, PageError> {
    caller.owns()?;
    let name = form.field("name").trim().to_owned();
    let bucket = match new_bucket(name, default_team()) {
        Ok(bucket) => bucket,
        Err(_) => {
            let message = format!("a name has 1 to {LONGEST_NAME} characters");
            return shown(&state, Some(&ApiError::bad_request(message))).await;
        }
    };
    let bucket = state
        .blocking(move |store| store.create_bucket(&bucket))
        .await?;
    let connect = format!("{}/b/{}/connect", state.config().prefix, bucket.key);
    Ok(Redirect::to(&connect).into_response())
}

/// Forgets every call of a bucket.
pub(super) async fn clear(
    State(state): State<AppState>,
    place: Place,
    form: Form,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    if let Err(error) = meant(&place, &form) {
        return shown(&state, Some(&error)).await;
    }
    let bucket = place.bucket.id;
    state.blocking(move |store| store.clear(bucket)).await?;
    Ok(Redirect::to(&path(&place.prefix)).into_response())
}

/// Deletes a bucket with all that is in it.
pub(super) async fn delete(
    State(state): State<AppState>,
    place: Place,
    form: Form,
) -> Result<Response, PageError> {
    place.caller.owns()?;
    if let Err(error) = deletable(&place.bucket).and_then(|()| meant(&place, &form)) {
        return shown(&state, Some(&error)).await;
    }
    state.delete_bucket(place.bucket.id).await?;
    Ok(Redirect::to(&path(&place.prefix)).into_response())
}

/// Passes a form that says that what can't be undone is meant: also without a script that asks.
fn meant(place: &Place, form: &Form) -> Result<(), ApiError> {
    if form.field("confirm") == place.bucket.key {
        return Ok(());
    }
    let message = "nothing was deleted: tick the box that says that you mean it";
    Err(ApiError::bad_request(message))
}

/// A bucket as a row of the list.
struct Row {
    bucket: Bucket,
    /// Its calls, unless there was no time to count them.
    calls: Option<u64>,
    readers: usize,
    writers: usize,
}

async fn shown(state: &AppState, error: Option<&ApiError>) -> Result<Response, PageError> {
    let rows = state.query(rows).await?;
    let prefix = &state.config().prefix;
    let content = html! {
        div.page {
            h1 { "Buckets" }
            p.muted { "A bucket keeps the calls that are sent to it apart from all others, with tokens and views of its own." }
            @if let Some(error) = error {
                p.error #bucket-error role="alert" { (sentence(error.message())) }
            }
            ul.views #buckets {
                @for row in &rows { li.card { (card(prefix, row)) } }
            }
            section.card {
                h2 { "New bucket" }
                form.view-form #new-bucket method="post" action=(path(prefix)) {
                    div {
                        label for="bucket-name" { "Name" }
                        input #bucket-name type="text" name="name" required maxlength=(LONGEST_NAME) autocomplete="off";
                    }
                    div.actions { button.primary type="submit" { "Make the bucket" } }
                }
            }
        }
    };
    let status = error.map_or(StatusCode::OK, ApiError::status);
    Ok(Page::new("Buckets", Nav::Buckets(prefix), content)
        .status(status)
        .styles(&["list.css"])
        .into_response())
}

/// The numbers are those that are kept as calls arrive: no call is read for them.
fn rows(store: &dyn Store) -> Result<Vec<Row>, StoreError> {
    let (now, deadline) = (Timestamp::now(), Instant::now() + COUNTING);
    let mut rows = Vec::new();
    for bucket in store.buckets()? {
        let everything = Scan {
            bucket: bucket.id,
            filter: Expr::All,
            now,
            deadline,
        };
        let calls = match Instant::now() < deadline {
            true => match store.extent(&everything) {
                Ok(extent) => Some(extent.map_or(0, |extent| extent.count)),
                // It was deleted a moment ago.
                Err(error) if error.is_no_bucket() => continue,
                Err(error) => return Err(error),
            },
            false => None,
        };
        let tokens = store.tokens(bucket.id)?;
        let of = |scope| tokens.iter().filter(|token| token.scope == scope).count();
        rows.push(Row {
            calls,
            readers: of(Scope::Read),
            writers: of(Scope::Write),
            bucket,
        });
    }
    Ok(rows)
}

fn card(prefix: &str, row: &Row) -> Markup {
    let bucket = &row.bucket;
    let link = |rest: &str| format!("{prefix}/b/{}{rest}", bucket.key);
    let of_it = html! { span.visually-hidden { " of " (bucket.name) } };
    html! {
        div.bucket id={ "bucket-" (bucket.key) } {
            div {
                h2 { a href=(link("")) { (bucket.name) } }
                p.hint {
                    code { (bucket.key) } " · "
                    @match row.calls {
                        Some(calls) => (format::calls(calls)),
                        None => "not counted: there are many buckets",
                    }
                    " · " (tokens(row)) " · made " (format::moment(bucket.created))
                }
            }
            div.actions {
                a.button href=(link("")) { "Calls" (of_it) }
                a.button href=(link("/connect")) { "Connect" span.visually-hidden { " to " (bucket.name) } }
                a.button href=(link("/connect#tokens")) { "Tokens" (of_it) }
                (confirmed(bucket, "Clear", &link("/clear"), "Forget all calls of this bucket. Its tokens and views stay. This can't be undone."))
                @if !bucket.default {
                    (confirmed(bucket, "Delete", &link("/delete"), "Delete this bucket with its calls, tokens, views and shared links. This can't be undone."))
                }
            }
        }
    }
}

/// Opens to what it would do, and does it only with the box ticked.
fn confirmed(bucket: &Bucket, verb: &str, action: &str, what: &str) -> Markup {
    let id = format!("{}-{}", verb.to_lowercase(), bucket.key);
    html! {
        details.confirm {
            summary.button { (verb) "…" span.visually-hidden { " " (bucket.name) } }
            form.stack id=(id) method="post" action=(action) {
                p { (what) }
                div.tick {
                    input id={ (id) "-sure" } type="checkbox" name="confirm" value=(bucket.key) required;
                    label for={ (id) "-sure" } { "Yes, “" (bucket.name) "”" }
                }
                button.danger type="submit" { (verb) span.visually-hidden { " " (bucket.name) } }
            }
        }
    }
}

fn tokens(row: &Row) -> String {
    match (row.writers, row.readers) {
        (0, 0) => "no token".to_owned(),
        (writers, 0) => format!("{writers} to write"),
        (0, readers) => format!("{readers} to read"),
        (writers, readers) => format!("{writers} to write, {readers} to read"),
    }
}
