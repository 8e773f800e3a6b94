//! Serving a router with bounds on what a connection may cost.

mod server;
mod patient;
mod peers;

pub use server::{Bounds, serve, serve_within};
