//! Fills an inspector over HTTP with generated exchanges, queries it and asks for its pages while more
//! are written, lets a partition go, and prints what that took beside what it should take.
//!
//! ```console
//! $ cargo run --release -p runscope-inspector --example bench -- --exchanges 1000000
//! ```
//!
//! The server is a process of its own, with its default settings and its files in a temporary
//! directory, so its memory and its processor time are its own. The client shares the machine with
//! it, as it does at a developer's. Every run makes the same exchanges, all but their times: about
//! 1,950 bytes of JSON each.
//!
//! How to read it: rates and times are of this machine and what else ran on it; run it on a machine
//! that has nothing else to do. The processor time per exchange hardly depends on that: two cores
//! can't take in more than 2,000,000 µs of it a second, the client's included.

#![allow(clippy::print_stdout)]

mod args;
mod client;
mod ingest;
mod queries;
mod retention;
mod server;
mod system;
mod traffic;

use args::Args;
use clap::Parser;
use client::Client;
use serde_json::{Value, json};
use server::Server;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    if let Some(directory) = &args.serve {
        return server::serve(directory, &args).await;
    }
    let temporary = tempfile::tempdir()?;
    let directory = args.directory.as_deref().unwrap_or(temporary.path());
    let is_filled = directory.join("catalogue.db").exists();
    let server = Server::start(directory, &args)?;
    let client = Client::new(&server);
    for number in 0..args.rules {
        client.make_rule(&rule(number)).await?;
    }
    println!("| what | figure | should be |\n|---|---|---|");
    if !is_filled {
        ingest::fill(&client, &server, directory, &args).await?;
    }
    queries::ask(&client, &args).await?;
    println!("\n| what | figure | should be |\n|---|---|---|");
    if args.directory.is_none() {
        retention::let_go(&client, directory, &args).await?;
    }
    let peak = system::peak_rss(server.id()) / 1024;
    println!("| peak memory of the server | {peak} MiB | ≤ 300 MiB |");
    Ok(())
}

fn rule(number: u32) -> Value {
    if number.is_multiple_of(2) {
        let filter = format!("method:DELETE status:5xx route:/never/{number}");
        json!({ "name": "about attributes", "filter": filter })
    } else {
        let condition = json!({ "kind": "ratio", "window": "5m", "above": "99%" });
        json!({ "name": "a share", "filter": "status:5xx", "group_by": "route", "condition": condition })
    }
}
