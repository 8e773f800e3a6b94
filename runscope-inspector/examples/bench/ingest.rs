//! Writing: as fast as it goes, and at a pace.

use crate::Outcome;
use crate::args::Args;
use crate::client::Client;
use crate::server::Server;
use crate::system;
use crate::traffic;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Posts all exchanges as fast as they are taken.
pub(crate) async fn fill(
    client: &Client,
    server: &Server,
    directory: &Path,
    args: &Args,
) -> Outcome<()> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let senders: Vec<_> = (0..args.senders)
        .map(|_| tokio::spawn(post_all(client.clone(), Arc::clone(&next), args.clone())))
        .collect();
    let (mut bytes, mut slowest) = (0, Duration::ZERO);
    for sender in senders {
        let sent = sender.await??;
        bytes += sent.0;
        slowest = slowest.max(sent.1);
    }
    let time = begun.elapsed();
    let all = args.exchanges.max(1);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / all as f64;
    println!("| exchanges | {all}, {} B of JSON each | |", bytes / all);
    println!(
        "| ingest over HTTP, arrays of {} | {:.0}/s | ≥ 8,000/s on 2 cores |",
        args.batch,
        all as f64 / time.as_secs_f64()
    );
    println!(
        "| processor time of an exchange: server, client | {:.0} µs, {:.0} µs | |",
        each(system::processor_time(server.id())),
        each(system::processor_time(std::process::id()))
    );
    println!("| slowest POST | {:.0} ms | |", slowest.as_secs_f64() * 1e3);
    println!(
        "| disk, of the raw JSON | {:.2} | ≤ 1.0 |",
        system::bytes(directory) as f64 / bytes.max(1) as f64
    );
    Ok(())
}

/// The bytes that were posted, and the longest time that a POST took.
async fn post_all(client: Client, next: Arc<AtomicU64>, args: Args) -> Outcome<(u64, Duration)> {
    let (mut bytes, mut slowest) = (0, Duration::ZERO);
    loop {
        let first = next.fetch_add(args.batch, Ordering::Relaxed);
        if first >= args.exchanges {
            return Ok((bytes, slowest));
        }
        let body = traffic::array(first, args.batch.min(args.exchanges - first));
        bytes += body.len() as u64;
        let begun = Instant::now();
        client.post(body).await?;
        slowest = slowest.max(begun.elapsed());
    }
}

/// Exchanges that are posted at a pace, beside what is measured.
pub(crate) struct Background {
    stop: Arc<AtomicBool>,
    writer: JoinHandle<Outcome<Written>>,
}

/// What was posted at a pace.
pub(crate) struct Written {
    pub(crate) per_second: f64,
    pub(crate) slowest: Duration,
}

impl Background {
    pub(crate) fn start(client: &Client, args: &Args, from: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = post_at_a_pace(client.clone(), args.clone(), from, Arc::clone(&stop));
        Self {
            stop,
            writer: tokio::spawn(writer),
        }
    }

    pub(crate) async fn stop(self) -> Outcome<Written> {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.await?
    }
}

async fn post_at_a_pace(
    client: Client,
    args: Args,
    from: u64,
    stop: Arc<AtomicBool>,
) -> Outcome<Written> {
    let (begun, mut written, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    let pause = Duration::from_secs_f64(args.batch as f64 / args.background.max(1) as f64);
    let mut ticks = tokio::time::interval(pause);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let body = traffic::array(from + written, args.batch);
        let begun = Instant::now();
        client.post(body).await?;
        slowest = slowest.max(begun.elapsed());
        written += args.batch;
    }
    Ok(Written {
        per_second: written as f64 / begun.elapsed().as_secs_f64(),
        slowest,
    })
}
