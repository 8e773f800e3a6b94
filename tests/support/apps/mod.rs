//! One app, written for axum and for actix-web, each served on a port of its own.

mod setup;
mod gate;
mod replies;
mod on_axum;
mod on_actix;

pub use gate::Gate;
pub use replies::gzip;
pub use setup::{Framework, Placement, SERVICE, Server, Setup};
