//! A traffic inspector that speaks the Runscope messages API: it keeps the HTTP exchanges that are
//! posted to it in an embedded database and finds them again.
//!
//! The binary of this crate is a thin shell over [`app`](api::app), which can also be mounted in
//! another axum app or run by a test on a port of its own:
//!
//! ```no_run
//! use runscope_inspector::api::{AppState, Config, Token, app};
//! use runscope_inspector::serve::serve;
//! use runscope_inspector::store::{Settings, Sqlite};
//! use std::sync::Arc;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Sqlite::open(Settings::new("traffic"))?;
//! let state = AppState::new(Config::new(Token::random()), Arc::new(store));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! serve(listener, app(state), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! Below a path of another axum app, with that path as prefix:
//!
//! ```no_run
//! # use axum::{Router, routing::get};
//! # use runscope_inspector::api::{AppState, Config, Token, app};
//! # use runscope_inspector::store::{Settings, Sqlite};
//! # use std::sync::Arc;
//! # fn mount() -> Result<Router, Box<dyn std::error::Error>> {
//! let store = Sqlite::open(Settings::new("traffic"))?;
//! let mut config = Config::new(Token::random());
//! config.prefix = "/inspector".to_owned();
//! config.hosts = vec!["app.example".to_owned()];
//! let inspector = app(AppState::new(config, Arc::new(store)));
//! let app = Router::new()
//!     .route("/", get(async || "the app's own page"))
//!     .nest("/inspector", inspector);
//! # Ok(app)
//! # }
//! ```

pub mod exchange;
pub mod query;
pub mod store;
mod show;
mod copy;
mod compare;
mod addresses;
mod nearest;
pub mod replay;
pub mod alerts;
pub mod api;
mod page;
pub mod serve;
#[cfg(feature = "demo")]
pub mod demo;
pub mod cli;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
