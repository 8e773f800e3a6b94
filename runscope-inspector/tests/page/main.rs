//! The web page, as a browser without scripts asks for it.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod signing_in;
mod list;
mod connect;
mod views;
mod charts;
mod addresses;
