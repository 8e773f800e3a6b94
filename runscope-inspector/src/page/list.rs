use super::error::PageError;
use super::layout::{Nav, Page, Tab};
use super::place::Place;
use axum::response::{IntoResponse, Response};
use maud::html;

pub(super) async fn list(place: Place) -> Result<Response, PageError> {
    let content = html! { h1 { (place.bucket.name) } };
    Ok(Page::new("Traffic", Nav::Bucket(&place, Tab::Traffic), content).into_response())
}
