//! The web page: rendered here, made livelier by plain scripts, and of use without them.
//!
//! Everything that comes from traffic is hostile: markup is made by `maud`, which escapes, links are
//! made of our own paths only, and the content security policy allows no script or style but
//! those of [`assets`].

mod routes;
mod layout;
mod assets;
mod place;
mod error;
mod sign_in;
mod address;
mod form;
mod format;
mod filter;
mod found;
mod asked;
mod list;
mod call;
mod charts;
mod facets;
mod summary;
mod views;
mod connect;
mod buckets;
mod alerts;

use error::PageError;
pub(crate) use error::failures;
pub(crate) use routes::routes;
pub(crate) use sign_in::{SignIn, sign_in};
