//! The SQLite store, through the seam that the server uses.

#![allow(clippy::unwrap_used, clippy::panic)]

mod exchanges;
mod search;
mod counts;
mod buckets;
mod files;

use runscope_core::{Message, Request, Response};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::query::parse;
use runscope_inspector::store::{Bucket, Page, Scan, Search, Settings, Sqlite, Store};
use std::path::Path;
use std::time::{Duration, Instant};

fn open(directory: &Path) -> Sqlite {
    Sqlite::open(Settings::new(directory)).unwrap()
}

/// A store whose partitions are closed after each append.
fn open_partitioned(directory: &Path) -> Sqlite {
    let mut settings = Settings::new(directory);
    settings.partition_span = Duration::from_micros(1);
    Sqlite::open(settings).unwrap()
}

fn default_bucket(store: &Sqlite) -> Bucket {
    store.bucket("default").unwrap().unwrap()
}

fn scan(bucket: &Bucket, filter: &str) -> Scan {
    let deadline = Instant::now() + Duration::from_secs(60);
    Scan {
        bucket: bucket.id,
        filter: parse(filter).unwrap(),
        now: Timestamp::now(),
        deadline,
    }
}

fn search(bucket: &Bucket, filter: &str) -> Search {
    Search {
        scan: scan(bucket, filter),
        cursor: None,
        limit: 100,
        count_to: 1000,
        bodies: false,
    }
}

fn ids(page: &Page) -> Vec<&str> {
    page.exchanges
        .iter()
        .map(|exchange| exchange.message.unique_identifier.as_deref().unwrap())
        .collect()
}

fn message(id: &str) -> Message {
    request(id).response(
        Response::new(200)
            .response_time(0.1)
            .body(r#"{"colour":"green"}"#),
    )
}

fn request(id: &str) -> Message {
    Message::new().unique_identifier(id).request(
        Request::new("POST", "https://shop.example/items")
            .timestamp(1_795_341_600.0)
            .body("a request"),
    )
}

fn response(id: &str, status: u16) -> Message {
    Message::new()
        .unique_identifier(id)
        .response(Response::new(status).response_time(0.5).body("an answer"))
}
