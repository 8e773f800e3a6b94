//! The soak: an axum app and an actix-web app under load, for as long as one likes, while the API
//! fails in every way it can and is killed and started again.
//!
//! `cargo run --release --example soak -- --minutes 30` prints what came of it, and fails where a
//! promise was broken: no request may be harmed, every exchange has to be accounted for, and memory,
//! threads and descriptors have to stay flat. Linux only: it reads `/proc`.
//!
//! The API and the clients are processes of their own, so that what is measured is the apps alone.

#[path = "../support/api.rs"]
#[allow(dead_code, unreachable_pub)]
mod fake;
mod api;
mod apps;
mod load;
mod child;
mod gauge;
mod report;

use api::Accepted;
use apps::App;
use child::Child;
use gauge::{Flatness, Sample};
use report::Report;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Of a hundred answers of the API.
const FAULTS: u32 = 30;

/// The API is killed at the end of each such time, and is away for a while.
const LIFE: Duration = Duration::from_secs(15);
const AWAY: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["api", port, faults, directory] => api::serve(
            port.parse().expect("a port"),
            faults.parse().expect("a number"),
            directory.as_ref(),
        ),
        ["load", addresses @ ..] => load::run(addresses),
        ["--minutes", minutes] => match minutes.parse() {
            Ok(minutes) if minutes > 0 => return soak(minutes),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: soak --minutes N");
    ExitCode::FAILURE
}

fn soak(minutes: u64) -> ExitCode {
    let directory = tempfile::tempdir().expect("a directory");
    let port = free_port();
    let start_api = |faults: u32| {
        let directory = directory.path().to_str().expect("a path");
        let api = Child::start(&["api", &port.to_string(), &faults.to_string(), directory]);
        api::wait_for(port);
        api
    };
    let mut api = Some(start_api(FAULTS));
    let url = format!("http://127.0.0.1:{port}");
    let apps = [App::on_axum(&url), App::on_actix(&url, directory.path())];
    let addresses = apps.each_ref().map(|app| app.address.to_string());
    let mut load = Child::start(&["load", &addresses[0], &addresses[1]]);

    let (begun, end) = (Instant::now(), Duration::from_secs(60 * minutes));
    let (mut samples, mut restarts) = (Vec::new(), 0);
    while begun.elapsed() < end {
        std::thread::sleep(Duration::from_millis(250));
        let elapsed = begun.elapsed();
        let in_life = Duration::from_millis((elapsed.as_millis() % LIFE.as_millis()) as u64);
        match &api {
            // Dropped, it is killed.
            Some(_) if in_life >= LIFE - AWAY => api = None,
            None if in_life < LIFE - AWAY => {
                api = Some(start_api(FAULTS));
                restarts += 1;
            }
            _ => {}
        }
        if let Some(exited) = load.exited() {
            println!("the clients gave up: {exited}");
            return ExitCode::FAILURE;
        }
        samples.push(Sample::take());
    }

    let tallies = load::read(&load.finish());
    drop(api.take());
    let _api = start_api(0);
    for app in &apps {
        app.settle(PATIENCE);
    }
    let accepted = apps
        .each_ref()
        .map(|app| Accepted::read(directory.path(), app.name));
    let report = Report {
        minutes,
        restarts,
        rows: apps.iter().zip(tallies).zip(accepted).collect(),
        flatness: Flatness::of(&samples),
    };
    println!("{report}");
    let broken = report.broken();
    for promise in &broken {
        println!("broken: {promise}");
    }
    for app in apps {
        // All is settled, or was told not to be.
        let _ = app.guard.shutdown_blocking(PATIENCE);
    }
    match broken.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A port that no connection is given by chance while the API is away.
fn free_port() -> u16 {
    (20_000..30_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
