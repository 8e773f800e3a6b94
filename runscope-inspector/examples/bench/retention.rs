//! Letting a partition go: what retention does, at once and for all there is.

use crate::Outcome;
use crate::args::Args;
use crate::client::Client;
use crate::ingest::Background;
use std::path::Path;
use std::time::{Duration, Instant};

/// Clears the bucket while more is written. The partition that has all exchanges is unlinked whole,
/// as retention unlinks those that are too old.
pub(crate) async fn let_go(client: &Client, directory: &Path, args: &Args) -> Outcome<()> {
    let partition = directory.join("exchanges-0000000000000000001.db");
    let background = Background::start(client, args, args.exchanges * 2);
    let begun = Instant::now();
    client.clear().await?;
    let cleared = begun.elapsed();
    while partition.exists() && begun.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let unlinked = begun.elapsed();
    let slowest = background.stop().await?.slowest;
    let millis = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    println!("| bucket cleared | {} | |", millis(cleared));
    println!(
        "| its partition off the disk | {} | ≤ 1 s |",
        millis(unlinked)
    );
    println!("| slowest POST meanwhile | {} | |", millis(slowest));
    Ok(())
}
