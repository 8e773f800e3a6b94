//! Lifelike traffic to try the inspector with: a shop behind the real layer, its callers, and what
//! goes wrong there from time to time.

mod traffic;
mod weather;
mod shop;
mod calls;

pub use traffic::{Traffic, TrafficError};
