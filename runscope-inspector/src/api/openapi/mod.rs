//! The API's own description, in OpenAPI 3.1: kept beside the code, with the code's own bounds, and
//! held to the routes by a test.
//!
//! To describe a route, add an [`Operation`](operation::Operation) to the list of its topic, and
//! what it answers with to `schemas`.

mod document;
mod operation;
mod documented;
mod beyond;
mod alerts;
mod service;
mod schemas;

pub(super) use document::{parameters, serve};
