//! Queries and pages, asked one after the other while exchanges are written at a pace.

use crate::Outcome;
use crate::args::Args;
use crate::client::Client;
use crate::ingest::Background;
use crate::traffic::{identifier, splitmix};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const QUERIES: &[(&str, &str)] = &[
    ("newest 50", "search?count_to=0"),
    ("common word, newest 50", "search?q=checkout"),
    ("word of every exchange, newest 50", "search?q=shop"),
    ("rare word (a UUID)", "search?q=RARE"),
    ("word + status", "search?q=checkout%20status:500"),
    ("status = 500, newest 50", "search?q=status:500"),
    ("slower than 2 s, newest 50", "search?q=time:%3E2s"),
    (
        "host + method + 4xx",
        "search?q=host:api7.example%20method:POST%20status:4xx",
    ),
    (
        "words of a response body",
        "search?q=response.body:%22card%20declined%22",
    ),
    ("a header's value", "search?q=header.x-request-id:RARE"),
    (
        "last 5 minutes of a route",
        "search?q=since:5m%20route:%22/checkout/%7Bid%7D%22",
    ),
    ("JSON path in bodies", "search?q=body.$.error.code:%3E=499"),
    ("regular expression, newest 50", "search?q=body:/decl.ned/"),
    ("histogram of all", "histogram"),
    ("facets of all", "facets"),
    ("summary of all", "summary"),
];

const ONE_BY_ONE: &[(&str, &str)] = &[
    ("histogram of status = 500", "histogram?q=status:500"),
    ("facets of status = 500", "facets?q=status:500"),
    ("summary of status = 500", "summary?q=status:500"),
    ("summary of 5 minutes", "summary?q=since:5m"),
    ("facets of a host", "facets?q=host:api7.example"),
];

const PAGES: &[(&str, &str)] = &[
    ("list", "/b/default"),
    ("list's charts", "/b/default/timeline"),
    ("list's facets", "/b/default/facets"),
    ("summary", "/b/default/summary"),
];

pub(crate) async fn ask(client: &Client, args: &Args) -> Outcome<()> {
    let background = Background::start(client, args, unused(args));
    println!(
        "\n| while {} a second are written | p50 | p95 | worst | should be |\n|---|---|---|---|---|",
        args.background
    );
    let api = |path: &str| format!("/api/v1/buckets/default/{path}");
    for (name, path) in QUERIES {
        measure(client, args, name, &api(path), "≤ 5 ms, ≤ 50 ms").await?;
    }
    for (name, path) in ONE_BY_ONE {
        measure(client, args, name, &api(path), "").await?;
    }
    let mut interactive = Duration::ZERO;
    for (name, path) in PAGES {
        let p95 = measure(client, args, &format!("page: {name}"), path, "").await?;
        if *name != "summary" {
            interactive += p95;
        }
    }
    println!(
        "| page: list with charts and facets, all p95 | | {} | | ≤ 1 s |",
        millis(interactive)
    );
    scan(client).await?;
    let written = background.stop().await?;
    println!(
        "| written meanwhile | {:.0}/s | | {} | |",
        written.per_second,
        millis(written.slowest)
    );
    Ok(())
}

/// Asks for a path again and again; the time within which 95 of 100 were answered.
async fn measure(
    client: &Client,
    args: &Args,
    name: &str,
    path: &str,
    should_be: &str,
) -> Outcome<Duration> {
    if !name.contains(&args.only) {
        return Ok(Duration::ZERO);
    }
    let mut times = Vec::with_capacity(args.queries);
    for round in 0..args.queries.max(1) {
        let rare = identifier(splitmix(round as u64) % args.exchanges.max(1));
        let path = path.replace("RARE", &rare);
        let begun = Instant::now();
        client.get(&path).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let (p50, p95, worst) = (millis(at(50)), millis(at(95)), millis(at(100)));
    println!("| {name} | {p50} | {p95} | {worst} | {should_be} |");
    Ok(at(95))
}

/// How many exchanges a second are looked through where no index can help.
async fn scan(client: &Client) -> Outcome<()> {
    let path = "/api/v1/buckets/default/search?q=body:/no.such.text/&deadline=3";
    let begun = Instant::now();
    let answer: Value = serde_json::from_slice(&client.get(path).await?)?;
    let examined = answer["meta"]["examined"].as_f64().unwrap_or(0.0);
    println!(
        "| regular expression that nothing matches | {:.0}/s looked through | | | |",
        examined / begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// A number that no run before has written an exchange of.
fn unused(args: &Args) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    args.exchanges + now.map_or(0, |now| now.as_secs() % 100_000_000 * 1_000_000)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
