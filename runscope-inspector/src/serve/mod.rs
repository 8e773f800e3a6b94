//! Serving a router with bounds on what a connection may cost.

mod server;
mod patient;
mod peer;
mod peers;

pub(crate) use peer::Peer;
pub use server::{Bounds, serve, serve_within};
