use super::layout::{Nav, Page};
use super::sign_in::SignIn;
use crate::api::ApiError;
use axum::response::{IntoResponse, Response};
use maud::html;

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
        let error = match self {
            Self::SignIn(sign_in) => return sign_in.into_response(),
            Self::Failed(error) => error,
        };
        let title = error.status().canonical_reason().unwrap_or("Error");
        let content = html! {
            section.card.narrow {
                p.eyebrow { (error.status().as_u16()) }
                h1 { (title) }
                p { (sentence(error.message())) }
                p { a.button href="/" { "To the traffic" } }
            }
        };
        Page::new(title, Nav::Outside, content)
            .status(error.status())
            .into_response()
    }
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
