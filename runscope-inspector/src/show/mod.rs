//! Captured bodies made readable: as data, which a page then draws.
//!
//! [`Shown::request`] and [`Shown::response`] say what is known of a body ([`Presence`]), undo its
//! content codings within a bound and read it by its type ([`View`]). Nothing here writes
//! HTML, and nothing that was captured is trusted: every reader is bounded in what it puts out.

mod shown;
mod presence;
mod coding;
mod media;
mod view;
mod paint;
mod json;
mod xml;
mod form;
mod multipart;
mod image;
mod text;
mod hex;

pub(crate) use coding::{Stop, undo_codings};
pub(crate) use hex::HexPage;
pub(crate) use image::Image;
pub(crate) use json::{Token, TokenKind, tokens};
pub(crate) use media::MediaType;
pub(crate) use multipart::Part;
pub(crate) use paint::Painted;
pub(crate) use presence::Presence;
pub(crate) use shown::{Shown, is_redacted};
pub(crate) use view::View;
