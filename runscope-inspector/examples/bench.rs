//! Fills an inspector over HTTP with generated exchanges, queries it while more are written, and
//! prints what that took.
//!
//! Every run makes the same exchanges, all but their times. Client and server share the machine, as they do at a
//! developer's; the figures are of both.

#![allow(clippy::print_stdout)]

use clap::Parser;
use reqwest::Client;
use runscope_inspector::api::{AppState, Config, Token, app};
use runscope_inspector::exchange::Timestamp;
use runscope_inspector::serve::serve;
use runscope_inspector::store::{Durability, Settings, Sqlite};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Clone, Parser)]
struct Args {
    /// How many exchanges are written before the queries.
    #[arg(long, default_value_t = 1_000_000)]
    exchanges: u64,

    /// How many exchanges are in one POST.
    #[arg(long, default_value_t = 100)]
    batch: u64,

    /// Connections that post at one time.
    #[arg(long, default_value_t = 4)]
    senders: u64,

    /// How often each query is asked.
    #[arg(long, default_value_t = 200)]
    queries: usize,

    /// Exchanges written per second while queries are asked.
    #[arg(long, default_value_t = 1000)]
    background: u64,

    /// Commit without waiting for the disk.
    #[arg(long)]
    no_sync: bool,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let directory = tempfile::tempdir()?;
    let bench = Bench::start(&args, directory.path()).await?;
    let ingest = bench.ingest(&args).await?;
    println!("| what | figure |\n|---|---|");
    println!(
        "| exchanges, mean JSON | {}, {} B |",
        args.exchanges,
        ingest.bytes / args.exchanges.max(1)
    );
    println!(
        "| ingest over HTTP, arrays of {} | {:.0}/s |",
        args.batch,
        rate(args.exchanges, ingest.time)
    );
    println!(
        "| slowest POST | {:.0} ms |",
        ingest.slowest.as_secs_f64() * 1e3
    );
    println!(
        "| peak RSS, client and server | {} MiB |",
        peak_rss() / 1024
    );
    println!(
        "| disk, of raw JSON | {:.2} |",
        ratio(disk(directory.path())?, ingest.bytes)
    );
    bench.query_while_writing(&args).await?;
    println!("| peak RSS at the end | {} MiB |", peak_rss() / 1024);
    let begun = Instant::now();
    bench.clear().await?;
    println!(
        "| clear the bucket | {:.0} ms |",
        begun.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

#[derive(Clone)]
struct Bench {
    client: Client,
    url: String,
    token: String,
}

struct Ingest {
    time: Duration,
    bytes: u64,
    slowest: Duration,
}

impl Bench {
    async fn start(args: &Args, directory: &Path) -> Outcome<Self> {
        let mut settings = Settings::new(directory);
        if args.no_sync {
            settings.durability = Durability::Process;
        }
        let store = Arc::new(Sqlite::open(settings)?);
        let token = Token::random();
        let state = AppState::new(Config::new(token.clone()), store);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(serve(listener, app(state), std::future::pending()));
        Ok(Self {
            client: Client::new(),
            url,
            token: token.reveal().to_owned(),
        })
    }

    async fn ingest(&self, args: &Args) -> Outcome<Ingest> {
        let next = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        let senders: Vec<_> = (0..args.senders)
            .map(|_| {
                let (bench, next, args) = (self.clone(), Arc::clone(&next), args.clone());
                tokio::spawn(async move {
                    let (mut bytes, mut slowest) = (0, Duration::ZERO);
                    loop {
                        let first = next.fetch_add(args.batch, Ordering::Relaxed);
                        if first >= args.exchanges {
                            return Ok::<_, Box<dyn Error + Send + Sync>>((bytes, slowest));
                        }
                        let body = batch(first, args.batch.min(args.exchanges - first));
                        bytes += body.len() as u64;
                        let begun = Instant::now();
                        bench.post(body).await?;
                        slowest = slowest.max(begun.elapsed());
                    }
                })
            })
            .collect();
        let mut ingest = Ingest {
            time: Duration::ZERO,
            bytes: 0,
            slowest: Duration::ZERO,
        };
        for sender in senders {
            let (bytes, slowest) = sender.await??;
            ingest.bytes += bytes;
            ingest.slowest = ingest.slowest.max(slowest);
        }
        ingest.time = begun.elapsed();
        Ok(ingest)
    }

    async fn query_while_writing(&self, args: &Args) -> Outcome<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(self.clone().write_slowly(args.clone(), Arc::clone(&stop)));
        println!(
            "\n| query, {} written a second | p50 | p95 | worst |\n|---|---|---|---|",
            args.background
        );
        for (name, path) in [
            ("newest 50", "search?count_to=0"),
            ("common word, newest 50", "search?q=checkout"),
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
            ("histogram of all", "histogram"),
            ("histogram of status = 500", "histogram?q=status:500"),
            ("facets of status = 500", "facets?q=status:500"),
            ("summary of 5 minutes", "summary?q=since:5m"),
            ("regular expression, first page", "search?q=body:/decl.ned/"),
        ] {
            let mut times = Vec::with_capacity(args.queries);
            for round in 0..args.queries {
                let rare = identifier(splitmix(round as u64) % args.exchanges.max(1));
                let path = path.replace("RARE", &rare);
                let begun = Instant::now();
                self.get(&path).await?;
                times.push(begun.elapsed());
            }
            times.sort_unstable();
            let at = |share: usize| {
                times
                    .get((times.len() * share / 100).min(times.len() - 1))
                    .copied()
                    .unwrap_or_default()
            };
            let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
            println!(
                "| {name} | {} | {} | {} |",
                millis(at(50)),
                millis(at(95)),
                millis(at(100))
            );
        }
        stop.store(true, Ordering::Relaxed);
        let written = writer.await??;
        println!("\nwritten meanwhile: {written:.0}/s");
        Ok(())
    }

    /// Posts at the asked rate, in batches, until told to stop; the rate that was reached.
    async fn write_slowly(self, args: Args, stop: Arc<AtomicBool>) -> Outcome<f64> {
        let begun = Instant::now();
        let mut written = 0;
        let pause = Duration::from_secs_f64(args.batch as f64 / args.background.max(1) as f64);
        let mut ticks = tokio::time::interval(pause);
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            self.post(batch(args.exchanges + written, args.batch))
                .await?;
            written += args.batch;
        }
        Ok(rate(written, begun.elapsed()))
    }

    async fn post(&self, body: String) -> Outcome<()> {
        let url = format!("{}/buckets/default/messages", self.url);
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .body(body)
            .send()
            .await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        match answer["meta"]["error_count"].as_u64() {
            Some(0) => Ok(()),
            _ => Err(format!("messages were refused: {answer}").into()),
        }
    }

    async fn get(&self, path: &str) -> Outcome<()> {
        let url = format!("{}/api/v1/buckets/default/{path}", self.url);
        let answer = self.client.get(url).bearer_auth(&self.token).send().await?;
        answer.error_for_status()?.bytes().await?;
        Ok(())
    }

    async fn clear(&self) -> Outcome<()> {
        let url = format!("{}/buckets/default/messages", self.url);
        self.client
            .delete(url)
            .bearer_auth(&self.token)
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }
}

/// An array of exchanges, from a number on.
fn batch(first: u64, count: u64) -> String {
    let messages: Vec<_> = (first..first + count).map(exchange).collect();
    Value::from(messages).to_string()
}

/// One exchange, lifelike in its sizes (about 1,950 bytes of JSON) and in how often things occur.
fn exchange(number: u64) -> Value {
    let mut random = splitmix(number);
    let mut pick = |from: u64| {
        random = splitmix(random);
        random % from
    };
    const ROUTES: [&str; 6] = ["checkout", "items", "users", "carts", "search", "sessions"];
    let route = ROUTES[pick(6) as usize];
    let method = ["GET", "GET", "GET", "POST", "PUT"][pick(5) as usize];
    let status = match pick(1000) {
        0..=9 => 500,
        10..=59 => 404,
        60..=89 => 402,
        _ => 200,
    };
    let millis = if pick(500) == 0 {
        2000 + pick(3000)
    } else {
        5 + pick(200)
    };
    let item = pick(100_000);
    let words = |mut seed: u64, count: usize| {
        const WORDS: [&str; 24] = [
            "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo",
            "juniper", "kelp", "lark", "maple", "north", "onyx", "pine", "quartz", "river",
            "stone", "tern", "umber", "vale", "willow", "yarrow",
        ];
        let mut words = Vec::with_capacity(count);
        for _ in 0..count {
            seed = splitmix(seed);
            words.push(WORDS[(seed % 24) as usize]);
        }
        words.join(" ")
    };
    let time = Timestamp::now().as_seconds();
    let answer = match status {
        402 => {
            json!({ "error": { "code": 402, "type": "card_declined", "message": words(number, 40) } })
        }
        500 => {
            json!({ "error": { "code": 500, "type": "internal", "message": words(number, 40) } })
        }
        _ => {
            json!({ "id": item, "name": words(number ^ 1, 4), "description": words(number ^ 2, 60), "stock": pick(50) })
        }
    };
    json!({
        "unique_identifier": identifier(number),
        "request": {
            "method": method,
            "url": format!("https://api{}.example/{route}/{item}?page={}&session={:x}", pick(20), pick(9), pick(1 << 40)),
            "headers": {
                "accept": "application/json, text/plain, */*",
                "accept-encoding": "gzip, deflate, br",
                "content-type": "application/json",
                "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
                "x-request-id": identifier(number),
                "traceparent": format!("00-{:032x}-{:016x}-01", u128::from(splitmix(number)) << 32, splitmix(number + 7)),
            },
            "body": json!({ "item": item, "note": words(number ^ 3, 30), "quantity": pick(9) }).to_string(),
            "timestamp": time,
        },
        "response": {
            "status": status,
            "headers": {
                "content-type": "application/json; charset=utf-8",
                "cache-control": "no-store",
                "server": "shop/2.1",
                "etag": format!("W/\"{:x}\"", splitmix(item)),
            },
            "body": answer.to_string(),
            "response_time": millis as f64 / 1000.0,
            "timestamp": time + millis as f64 / 1000.0,
        },
        "context": {
            "route": format!("/{route}/{{id}}"),
            "service": "shop",
            "consumer": format!("customer-{}", pick(500)),
            "outcome": "complete",
            "protocol": "HTTP/1.1",
        },
    })
}

/// The identifier of an exchange: the number in the form of a UUIDv7.
fn identifier(number: u64) -> String {
    let random = splitmix(number ^ 0xabcd);
    let time = 1_795_000_000_000 + number;
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        time >> 16,
        time & 0xffff,
        random >> 52,
        0x8000 | (random >> 36 & 0x3fff),
        random & 0xffff_ffff_ffff
    )
}

/// A well-mixed number for each number (Steele, Lea and Flood's SplitMix64).
fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn disk(directory: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// The largest memory of this process in KiB, where the system tells (Linux).
fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}
