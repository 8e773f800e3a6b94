use crate::api::{ApiError, AppState};
use crate::page::PageError;
use crate::page::layout::{Nav, Page};
use crate::page::place::visitor;
use crate::store::{Bucket, Store};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// Where alerts are looked after. As an extractor it lets the owner in, and shows others the way in.
#[derive(Debug)]
pub(crate) struct Desk {
    /// What every path of the server begins with.
    pub(crate) prefix: String,
    pub(crate) buckets: Vec<Bucket>,
    /// How many alerts fire.
    pub(crate) firing: u64,
}

/// The pages of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Overview,
    NewRule,
    Channels,
    /// One rule, or one alert.
    Other,
}

impl Desk {
    /// A path below `/alerts`; the rest is empty or begins with a slash.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}/alerts{rest}", self.prefix)
    }

    /// A page with the way to the others above it.
    pub(super) fn page(
        &self,
        title: &str,
        part: Part,
        status: StatusCode,
        content: &Markup,
    ) -> Response {
        let current = |this: Part| (this == part).then_some("page");
        let content = html! {
            div.page.alerts {
                nav.streams aria-label="Alerts" {
                    a href=(self.path("")) aria-current=[current(Part::Overview)] { "What fires" }
                    a href=(self.path("/rules/new")) aria-current=[current(Part::NewRule)] { "New rule" }
                    a href=(self.path("/channels")) aria-current=[current(Part::Channels)] { "Channels" }
                }
                (content)
            }
        };
        Page::new(title, Nav::Alerts(self), content)
            .status(status)
            .styles(&["list.css", "alerts.css"])
            .scripts(&["alerts.js", "copy.js"])
            .into_response()
    }
}

impl FromRequestParts<AppState> for Desk {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageError> {
        visitor(parts, state).await?.owns()?;
        Ok(Self {
            prefix: state.config().prefix.clone(),
            buckets: state.blocking(<dyn Store>::buckets).await?,
            firing: state.alerts().numbers().firing,
        })
    }
}

/// Who follows a link to something that is gone.
pub(super) fn missing() -> PageError {
    ApiError::not_found("there is nothing with this id, or not any more").into()
}
