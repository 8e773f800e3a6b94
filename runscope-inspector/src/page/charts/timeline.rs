use super::draw::{Chart, draw};
use super::window::Window;
use crate::api::AppState;
use crate::exchange::Timestamp;
use crate::page::PageError;
use crate::page::address::Params;
use crate::page::asked::Asked;
use crate::page::filter;
use crate::page::layout::fragment;
use crate::page::place::Place;
use crate::query::{Expr, Term, When};
use crate::store::{Histogram, Scan, Store, StoreError};
use axum::extract::State;
use axum::response::Response;
use std::time::Duration;

const TIME: Duration = Duration::from_millis(1500);

/// The charts of a filter, for a script to put above the list.
pub(crate) async fn timeline(
    State(state): State<AppState>,
    place: Place,
    Params(asked): Params<Asked>,
) -> Result<Response, PageError> {
    let scan = asked.scan(&place, TIME)?;
    let filter = scan.filter.clone();
    let read = state.query(move |store| read(store, scan)).await?;
    let bounded = filter::without_time(&filter) != filter;
    let zoom_out = bounded.then(|| {
        let wide = filter::without_time(&filter).to_string();
        place.filtered("", &wide)
    });
    let chart = read.map(|(window, histogram)| Chart {
        window,
        histogram,
        zoom: place.filtered("", &asked.q),
        zoom_out: zoom_out.clone(),
    });
    Ok(fragment(draw(chart.as_ref(), zoom_out.as_deref())))
}

fn read(store: &dyn Store, scan: Scan) -> Result<Option<(Window, Histogram)>, StoreError> {
    let Some(extent) = store.extent(&scan)? else {
        return Ok(None);
    };
    let (since, before) = filter::bounds(&scan.filter, scan.now);
    let (first, end) = Window::open(extent.first, extent.end, scan.now);
    let first = since.unwrap_or(first);
    let end = before.unwrap_or(end).max(first);
    let window = Window::over(first, end, extent.count);
    // What is outside the window need not be counted.
    let bound = |micros| When::At(Timestamp::from_micros(micros));
    let within = Expr::Term(Term::Since(bound(window.start)))
        .and(Expr::Term(Term::Before(bound(window.at(window.bars)))));
    let scan = Scan {
        filter: scan.filter.and(within),
        ..scan
    };
    let histogram = store.histogram(&scan, window.step())?;
    Ok(Some((window, histogram)))
}
