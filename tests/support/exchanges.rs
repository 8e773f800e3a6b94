//! Exchanges without any framework: what an adapter tells the core, told by hand.

use bytes::Bytes;
use runscope::{Exchange, Recorder, RequestHead, ResponseHead, Stats};
use std::time::{Duration, Instant};

/// Longer than any test takes on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Records a number of small exchanges, `GET /0` and so on, and gives back their identifiers.
pub fn record(recorder: &Recorder, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| record_one(recorder, &format!("/{at}")))
        .collect()
}

/// Records one small exchange and gives back its identifier.
pub fn record_one(recorder: &Recorder, path: &str) -> String {
    let exchange = begin(recorder, &RequestHead::new("GET", path));
    finish(exchange, b"")
}

/// Records one exchange with a response body of plain text.
pub fn record_body(recorder: &Recorder, path: &str, body: &[u8]) -> String {
    finish(begin(recorder, &RequestHead::new("GET", path)), body)
}

/// Begins an exchange that has to be captured.
pub fn begin(recorder: &Recorder, head: &RequestHead<'_>) -> Exchange {
    try_begin(recorder, head, &[]).expect("the exchange is captured")
}

/// Begins an exchange with headers, where it is captured.
pub fn try_begin(
    recorder: &Recorder,
    head: &RequestHead<'_>,
    headers: &[(&str, &[u8])],
) -> Option<Exchange> {
    recorder.begin(head, || headers.iter().copied())
}

/// Answers an exchange with a 200, and gives back its identifier.
pub fn finish(mut exchange: Exchange, body: &[u8]) -> String {
    let mut head = ResponseHead::new(200);
    head.body_is_empty = body.is_empty();
    let headers = [("content-type", &b"text/plain"[..])];
    exchange.respond(head, || headers.iter().copied());
    exchange.frame(&Bytes::copy_from_slice(body));
    exchange.end();
    exchange.handle().unique_identifier()
}

/// Waits until all is settled, and checks that the counters add up.
#[track_caller]
pub fn settled(recorder: &Recorder) -> Stats {
    recorder.flush_blocking(PATIENCE).expect("all is settled");
    let stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.queued, stats.panics), (0, 0), "{stats:?}");
    stats
}

/// The accounting identity, and what has to hold beside it.
#[track_caller]
pub fn assert_adds_up(stats: &Stats) {
    let sum =
        stats.delivered + stats.rejected + stats.dropped.total() + stats.queued + stats.spooled;
    assert_eq!(stats.captured, sum, "{stats:?}");
    assert!(stats.warned <= stats.delivered, "{stats:?}");
    assert!(stats.unconfirmed <= stats.delivered, "{stats:?}");
    assert!(stats.too_large <= stats.rejected, "{stats:?}");
    assert!(stats.retries <= stats.attempts, "{stats:?}");
}

/// Waits for counters that nothing else tells of. The wait between two looks is a flush, which ends
/// when the delivery comes on.
#[track_caller]
pub fn wait_until(recorder: &Recorder, done: impl Fn(&Stats) -> bool) -> Stats {
    let begun = Instant::now();
    loop {
        let stats = recorder.stats();
        if done(&stats) {
            return stats;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {stats:?}");
        let _ = recorder.flush_blocking(Duration::from_millis(5));
        std::thread::yield_now();
    }
}
