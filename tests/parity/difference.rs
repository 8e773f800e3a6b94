//! What axum and actix-web truly differ in, as far as a message shows it.

/// A difference that a case shows. The docs of `runscope-actix` list them all, by their titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    ClientLeaves,
    BodyIsReset,
    InnerError,
    ServersHeaders,
    Placement,
    HeaderOrder,
}

impl Difference {
    /// In the order of the docs.
    pub const ALL: [Self; 6] = [
        Self::ClientLeaves,
        Self::BodyIsReset,
        Self::InnerError,
        Self::ServersHeaders,
        Self::Placement,
        Self::HeaderOrder,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::ClientLeaves => "The client leaves early.",
            Self::BodyIsReset => "The connection is reset while the request's body comes in.",
            Self::InnerError => "An inner layer or middleware fails.",
            Self::ServersHeaders => "Headers of a WebSocket's handshake.",
            Self::Placement => "Round the whole app.",
            Self::HeaderOrder => "The order of headers.",
        }
    }

    /// The titles in the docs, in their order: what stands in bold at the start of a point.
    pub fn documented() -> Vec<&'static str> {
        let docs = include_str!("../../runscope-actix/src/lib.rs");
        let (_, section) = docs
            .split_once("//! # Where the frameworks differ\n")
            .expect("the section in the docs");
        section
            .lines()
            .take_while(|line| line.starts_with("//!") && !line.starts_with("//! #"))
            .filter_map(|line| line.strip_prefix("//! - **")?.split_once("**"))
            .map(|(title, _)| title)
            .collect()
    }
}
