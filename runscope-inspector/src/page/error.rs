use super::layout::{Nav, Page};
use super::sign_in::SignIn;
use crate::api::{ApiError, AppState};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;
use std::sync::Arc;

/// What a reader sees in place of a page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The way in.
    SignIn(SignIn),
    /// What went wrong, in words.
    Failed(ApiError),
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(sign_in) => sign_in.into_response(),
            Self::Failed(error) => {
                let mut response = error.status().into_response();
                response.extensions_mut().insert(Failure(Arc::new(error)));
                response
            }
        }
    }
}

/// An error that is still to be drawn: its page has links, and only the server knows its prefix.
#[derive(Debug, Clone)]
struct Failure(Arc<ApiError>);

/// Draws the page of what failed.
pub(crate) async fn failures(State(state): State<AppState>, mut response: Response) -> Response {
    let Some(Failure(error)) = response.extensions_mut().remove() else {
        return response;
    };
    let config = state.config();
    let title = error.status().canonical_reason().unwrap_or("Error");
    let content = html! {
        section.card.narrow {
            p.eyebrow { (error.status().as_u16()) }
            h1 { (title) }
            p { (sentence(error.message())) }
            p { a.button href=(config.root()) { "To the traffic" } }
        }
    };
    Page::new(title, Nav::Outside(&config.prefix), content)
        .status(error.status())
        .into_response()
}

/// The API's messages begin small and end without a full stop.
pub(super) fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        for (message, expected) in [("it is gone", "It is gone."), ("ß", "SS."), ("", "")] {
            assert_eq!(sentence(message), expected);
        }
    }
}
