//! The delivery without a server round it: what it takes for an exchange, and what a push takes while
//! nobody answers.

use crate::apps::{Discard, Ours};
use crate::exchange::{ANSWERED, Exchange};
use crate::process::{Api, Manners};
use runscope::{Config, ConfigBuilder, Recorder, RequestHead, ResponseHead};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Processor time of the delivery thread for each exchange, its answers read.
pub fn run() -> ExitCode {
    println!(
        "| delivery alone | processor time an exchange, µs | exchanges a second and core | bytes posted |\n\
         |---|--:|--:|--:|"
    );
    let api = Api::start(Manners::Accepts);
    let (get, post) = (Exchange::Get, Exchange::Post);
    let large = "batches of 200 or 1 MiB, 10 + 10 KiB";
    let plain = || to(api.0);
    row(
        &api,
        "one a POST, no bodies",
        get,
        8_000,
        plain().max_batch_size(1),
    );
    row(&api, "batches of 200, no bodies", get, 100_000, plain());
    let one = plain().log_body(true).max_batch_size(1);
    row(&api, "one a POST, 10 + 10 KiB", post, 4_000, one);
    row(&api, large, post, 20_000, plain().log_body(true));
    #[cfg(feature = "peers")]
    {
        let api = Api::start(Manners::TakesGzip);
        let gzip = || to(api.0).compress(true);
        row(
            &api,
            "batches of 200, no bodies, gzipped",
            get,
            100_000,
            gzip(),
        );
        let title = format!("{large}, gzipped");
        row(&api, &title, post, 20_000, gzip().log_body(true));
    }
    println!();
    sleeps(api.0);
    ExitCode::SUCCESS
}

/// How often the delivery thread goes to sleep for each batch, and so has to be woken: by a push, by its
/// timer, or by the socket that it waits for.
fn sleeps(api: SocketAddr) {
    println!(
        "| the delivery thread, 20,000 exchanges a second for 10 s | batches | sleeps a batch |\n\
         |---|--:|--:|"
    );
    for (title, config) in [
        ("into a sink", Config::builder().sink(Discard)),
        ("to an API over loopback", to(api)),
    ] {
        let ours = Ours::of(config);
        let before = ours.delivery_sleeps();
        at_a_pace(&ours.recorder, |_| {});
        ours.settle();
        let sleeps = ours.delivery_sleeps() - before;
        let batches = ours.delivered().attempts;
        println!(
            "| {title} | {batches} | {:.2} |",
            sleeps as f64 / batches as f64
        );
        ours.end();
    }
}

/// Exchanges a second.
const PACE: u32 = 20_000;
const SECONDS: u32 = 10;

/// Captures exchanges that nobody made, and shows how long each push took.
fn at_a_pace(recorder: &Recorder, mut pushed: impl FnMut(Duration)) {
    let began = Instant::now();
    for number in 0..PACE * SECONDS {
        let due = began + Duration::from_secs(1) / PACE * number;
        while Instant::now() < due {
            thread::yield_now();
        }
        pushed(capture(recorder, Exchange::Get));
    }
}

fn row(api: &Api, title: &str, exchange: Exchange, count: usize, config: ConfigBuilder) {
    let ours = Ours::of(config);
    // The connection is made, and what is allocated once is there.
    deliver(&ours, exchange, 500);
    let received = api.received();
    let least = (0..5)
        .map(|_| deliver(&ours, exchange, count / 5).as_secs_f64() * 1e6)
        .fold(f64::INFINITY, f64::min);
    let each = least / (count / 5) as f64;
    let bytes = (api.received() - received) / count as u64;
    println!("| {title} | {each:.2} | {:.0} | {bytes} |", 1e6 / each);
    ours.delivered();
    ours.end();
}

/// What the delivery thread takes for so many exchanges.
fn deliver(ours: &Ours, exchange: Exchange, count: usize) -> Duration {
    let before = ours.delivery_time();
    for number in 1..=count {
        capture(&ours.recorder, exchange);
        // No more than fits into the queue.
        if number % 1000 == 0 {
            ours.settle();
        }
    }
    ours.settle();
    ours.delivery_time() - before
}

fn to(api: SocketAddr) -> ConfigBuilder {
    Config::builder()
        .access_token("token")
        .bucket_key("bucket")
        .api_endpoint(format!("http://{api}"))
        .allow_plain_http(true)
}

/// Captures an exchange that nobody made, and says how long its end took: that is the push.
fn capture(recorder: &Recorder, of: Exchange) -> Duration {
    let head = RequestHead::new(of.method(), of.target());
    let headers = || {
        of.request_headers()
            .map(|(name, value)| (name, value.as_bytes()))
    };
    let Some(mut exchange) = recorder.begin(&head, headers) else {
        return Duration::ZERO;
    };
    if let (Some(tap), Some(body)) = (exchange.request_tap(), of.request_body()) {
        tap.frame(&body);
        tap.end();
    }
    exchange.respond(ResponseHead::new(200), || {
        ANSWERED
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
    });
    exchange.frame(&of.answer());
    let began = Instant::now();
    exchange.end();
    began.elapsed()
}

/// How long a push takes: while the API answers, and while it hangs.
pub fn hang() -> ExitCode {
    println!(
        "| a push, 20,000 a second for 10 s | median, µs | p99 | p99.9 | p99.99 | longest |\n\
         |---|--:|--:|--:|--:|--:|"
    );
    for (title, manners) in [
        ("the API answers", Manners::Accepts),
        ("the API hangs", Manners::Hangs),
    ] {
        let ours = Ours::of(to(Api::start(manners).0).shutdown_timeout(Duration::ZERO));
        let mut pushes = Vec::with_capacity((PACE * SECONDS) as usize);
        at_a_pace(&ours.recorder, |push| pushes.push(push));
        pushes.sort_unstable();
        let at = |share: f64| {
            let place = ((pushes.len() - 1) as f64 * share).round() as usize;
            pushes
                .get(place)
                .map_or(0.0, |push| push.as_secs_f64() * 1e6)
        };
        let stats = ours.recorder.stats();
        println!(
            "| {title}; {} delivered, {} dropped | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            stats.delivered,
            stats.dropped.total(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(0.9999),
            at(1.0)
        );
    }
    ExitCode::SUCCESS
}
