use super::address::Params;
use super::filter::{facet_term, has, with, without};
use super::format;
use super::layout::fragment;
use super::place::Place;
use super::{PageError, asked::Asked};
use crate::api::AppState;
use crate::query::Expr;
use crate::store::{Facet, FacetField, Facets};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use std::time::Duration;

/// The values that are shown of a facet.
const VALUES: usize = 8;

const TIME: Duration = Duration::from_millis(1000);

const SHOWN: [(FacetField, &str); 5] = [
    (FacetField::Method, "Method"),
    (FacetField::Status, "Status"),
    (FacetField::Host, "Host"),
    (FacetField::Route, "Route"),
    (FacetField::Consumer, "Consumer"),
];

/// The most frequent values of what calls are told apart by, each a link that adds or removes it.
pub(super) async fn facets(
    State(state): State<AppState>,
    place: Place,
    Params(asked): Params<Asked>,
) -> Result<Response, PageError> {
    let scan = asked.scan(&place, TIME)?;
    let filter = scan.filter.clone();
    let facets = state
        .query(move |store| store.facets(&scan, VALUES))
        .await?;
    Ok(fragment(html! {
        details.facets-fold open {
            summary { "Facets" }
            @for (field, name) in SHOWN {
                @if let Some(facet) = facets.facets.iter().find(|facet| facet.field == field) {
                    (section(&place, &filter, facet, name))
                }
            }
            @if !facets.complete { (partial(&facets)) }
        }
    }))
}

fn section(place: &Place, filter: &Expr, facet: &Facet, name: &str) -> Markup {
    let most = facet
        .values
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(0);
    html! {
        @if !facet.values.is_empty() {
            section aria-label=(name) data-facet=(name) {
                h3 { (name) }
                ul {
                    @for (value, count) in &facet.values {
                        @if let Some(term) = facet_term(facet.field, value) {
                            (item(place, filter, &Expr::Term(term), value, *count, most))
                        }
                    }
                }
            }
        }
    }
}

fn item(
    place: &Place,
    filter: &Expr,
    condition: &Expr,
    value: &str,
    count: u64,
    most: u64,
) -> Markup {
    let on = has(filter, condition);
    let choose = if on {
        without(filter, condition)
    } else {
        with(filter, condition.clone())
    };
    let exclude = with(filter, Expr::Not(Box::new(condition.clone())));
    let width = count
        .saturating_mul(100)
        .checked_div(most)
        .unwrap_or(0)
        .max(1);
    html! {
        li.on[on] {
            a.facet href=(place.filtered("", &choose.to_string())) aria-current=[on.then_some("true")] title=(value) {
                svg.share viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true" {
                    rect width=(width) height="2" {}
                }
                span.facet-value { (value) }
                @if on { span.visually-hidden { " (remove)" } }
                span.facet-count { (format::count(count)) }
            }
            @if !on {
                a.facet-not href=(place.filtered("", &exclude.to_string())) title={ "Without " (value) } {
                    span aria-hidden="true" { "≠" }
                    span.visually-hidden { "Without " (value) }
                }
            }
        }
    }
}

fn partial(facets: &Facets) -> Markup {
    html! {
        p.hint {
            @if !facets.told_apart {
                "There are more values than are counted: some that came late are missing."
            } @else if facets.counted == 0 { "Nothing was found in the time there was." }
            @else { "Counted in the newest " (format::count(facets.counted)) " that match." }
        }
    }
}
