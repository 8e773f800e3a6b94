//! See the HTTP traffic of your own services.
//!
//! One layer in an axum or tower app, one `wrap` in an actix-web app, or a client to call: every
//! exchange is captured in-process, cleaned of secrets, and shipped to a bucket of the Runscope
//! messages API, with no effect on the app.
//!
//! This crate is the facade: [`runscope_core`] with the adapters that its features name.

pub use runscope_core::*;

#[cfg(feature = "tower")]
pub use runscope_tower as tower;
#[cfg(feature = "tower")]
pub use runscope_tower::RunscopeLayer;

#[cfg(feature = "actix")]
pub use runscope_actix as actix;
#[cfg(feature = "actix")]
pub use runscope_actix::Runscope;

/// The README's code is compiled and run with the tests.
#[cfg(all(doctest, feature = "axum", feature = "actix"))]
#[doc = include_str!("../README.md")]
struct Readme;
