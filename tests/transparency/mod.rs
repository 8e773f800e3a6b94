//! The app twice, the scenes that are played with both, and what is compared.

mod bodies;
mod pair;
mod axum_app;
mod actix_app;
mod answers;
mod connections;
mod handlers_view;
mod upgrades;
mod frames;
mod http2;
mod client;
mod sizes;
mod backpressure;
mod service;
mod random;
mod own_calls;
