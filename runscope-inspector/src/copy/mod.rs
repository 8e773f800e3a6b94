//! A captured request as something that can be sent again: by [`curl`], by [`httpie`], as a [`raw`]
//! message, or by the inspector's own replay.

mod outgoing;
mod shell;
mod curl;
mod httpie;
mod raw;
#[cfg(test)]
mod tests;

pub(crate) use curl::curl;
pub(crate) use httpie::httpie;
pub(crate) use outgoing::{Outgoing, Unsendable};
pub(crate) use raw::raw;
