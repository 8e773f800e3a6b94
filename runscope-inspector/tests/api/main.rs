//! The documented API, and what the inspector adds to it, over real sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod messages;
mod buckets;
mod refusals;
mod search;
mod transfers;
mod metrics;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::io::Write;

fn ids(answer: &Value) -> Vec<&str> {
    let messages = answer["data"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["unique_identifier"].as_str().unwrap())
        .collect()
}

fn nothing(response: &Response) {
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
