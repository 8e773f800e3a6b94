//! What an operator is told: each thing once when it begins and once when it ends, never once a
//! message.

use super::stats::{Counters, Dropped};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// The state of one lane, as far as it was told.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    bucket: String,
    trouble: Option<Trouble>,
    failures: Allowance,
    pauses: Allowance,
    rejected: Throttle,
    /// The latest reason.
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trouble {
    kind: TroubleKind,
    since: Instant,
    /// Whether anybody was told, and is to hear of its end.
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TroubleKind {
    Failing,
    Paused,
}

impl Reporter {
    pub(super) fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            ..Self::default()
        }
    }

    /// A recorder has started: where its exchanges go.
    pub(super) fn started(&self, to: &str) {
        info!(target: "runscope", bucket = self.bucket, to, "captured exchanges are delivered");
    }

    /// A send got no usable answer and is going to be made again.
    pub(super) fn failing(&mut self, problem: &str) {
        if self.begins(TroubleKind::Failing) {
            let bucket = &self.bucket;
            warn!(target: "runscope", bucket, problem, "delivery fails and is retried");
        }
    }

    /// The API takes nothing until somebody changes something.
    pub(super) fn paused(&mut self, problem: &str) {
        if self.begins(TroubleKind::Paused) {
            let bucket = &self.bucket;
            error!(
                target: "runscope", bucket, problem,
                "delivery is paused: check access_token, bucket_key and api_endpoint; what is captured is kept"
            );
        }
    }

    /// A send was answered, for good or ill, for every message in it.
    pub(super) fn working(&mut self) {
        if let Some(trouble) = self.trouble.take().filter(|trouble| trouble.is_told) {
            let after = trouble.since.elapsed();
            info!(target: "runscope", bucket = self.bucket, ?after, "delivery works again");
        }
    }

    /// The API refused a message for good. It is told with the others of its batch.
    pub(super) fn rejected(&mut self, reason: &str) {
        self.rejected.add(1);
        reason.clone_into(&mut self.reason);
    }

    /// Tells of rejected messages, where it is time to.
    pub(super) fn rejections(&mut self, time: Time) {
        if let Some(count) = self.rejected.take(time) {
            let (bucket, reason) = (&self.bucket, &self.reason);
            warn!(target: "runscope", bucket, count, reason, "the API rejected captured messages");
        }
    }

    /// Whether there is something to tell later.
    pub(super) fn owes(&self) -> bool {
        self.rejected.pending > 0
    }

    /// The endpoint does not take arrays.
    pub(super) fn single_messages(&self) {
        info!(
            target: "runscope", bucket = self.bucket,
            "the endpoint refuses arrays of messages; they are sent one by one"
        );
    }

    /// The endpoint does not take what it says that it takes.
    pub(super) fn uncompressed(&self) {
        info!(
            target: "runscope", bucket = self.bucket,
            "the endpoint refuses compressed messages; they are sent as they are"
        );
    }

    /// A panic was caught on the delivery thread.
    pub(super) fn panicked(&self, lost: u64) {
        error!(target: "runscope", bucket = self.bucket, lost, "delivery panicked and is restarted");
    }

    /// A pause is told even while a failure is known: it is the one that needs somebody.
    fn begins(&mut self, kind: TroubleKind) -> bool {
        let known = self.trouble.map(|trouble| trouble.kind);
        if known == Some(kind) || known == Some(TroubleKind::Paused) {
            return false;
        }
        let is_news = match kind {
            TroubleKind::Failing => self.failures.take(),
            TroubleKind::Paused => self.pauses.take(),
        };
        let (since, was_told) = self.trouble.map_or_else(
            || (Instant::now(), false),
            |trouble| (trouble.since, trouble.is_told),
        );
        self.trouble = Some(Trouble {
            kind,
            since,
            is_told: is_news || was_told,
        });
        is_news
    }
}

/// Tells of the spool, once for all lanes.
#[cfg(feature = "spool")]
#[derive(Debug, Default)]
pub(super) struct SpoolReporter {
    failing: Episode,
    full: Episode,
}

#[cfg(feature = "spool")]
impl SpoolReporter {
    /// The disk says no. Everything stays in memory until it says yes.
    pub(super) fn failing(&mut self, problem: &str) {
        if self.failing.begins() {
            warn!(
                target: "runscope", problem,
                "the spool can't be used: check spool_dir; what it was to keep stays in memory"
            );
        }
    }

    /// There is no room for all of it.
    pub(super) fn full(&mut self) {
        if self.full.begins() {
            warn!(target: "runscope", "the spool is full: what comes stays in memory");
        }
    }

    /// Everything was taken.
    pub(super) fn working(&mut self) {
        let (failed, was_full) = (self.failing.ends(), self.full.ends());
        if failed || was_full {
            info!(target: "runscope", "the spool can be used again");
        }
    }

    /// What a former process left.
    pub(super) fn recovered(&self, recovered: &runscope_spool::Recovered) {
        let (records, missing) = (recovered.records, recovered.missing);
        let (damaged, foreign, newer) = (recovered.damaged, recovered.foreign, recovered.newer);
        let unreadable = recovered.unreadable;
        if damaged + foreign + newer + unreadable > 0 {
            warn!(
                target: "runscope", records, missing, damaged, foreign, newer, unreadable,
                "files of the spool could not be used; what is whole is delivered"
            );
        } else if records > 0 {
            info!(target: "runscope", records, "exchanges in the spool are delivered");
        }
    }

    /// No lane delivers to a bucket that the spool has something for.
    pub(super) fn nobodys(&self, bucket: &str) {
        warn!(
            target: "runscope", bucket,
            "the spool holds exchanges for a bucket that is not configured; they are kept until they are too old"
        );
    }
}

/// Tells of the file of dead letters.
#[derive(Debug, Default)]
pub(super) struct DeadLetterReporter {
    failing: Episode,
}

impl DeadLetterReporter {
    /// A line was not written.
    pub(super) fn failing(&mut self, problem: &str) {
        if self.failing.begins() {
            warn!(
                target: "runscope", problem,
                "dead letters can't be written: check dead_letter_file; they are counted only"
            );
        }
    }

    /// A line was written.
    pub(super) fn working(&mut self) {
        if self.failing.ends() {
            info!(target: "runscope", "dead letters can be written again");
        }
    }
}

/// One kind of trouble, told when it begins and when it ends, a bounded number of times.
#[derive(Debug, Default)]
struct Episode {
    goes_on: bool,
    is_told: bool,
    allowance: Allowance,
}

impl Episode {
    /// Whether its beginning is to be told.
    fn begins(&mut self) -> bool {
        if !std::mem::replace(&mut self.goes_on, true) {
            self.is_told = self.allowance.take();
            return self.is_told;
        }
        false
    }

    /// Whether its end is to be told.
    fn ends(&mut self) -> bool {
        self.goes_on = false;
        std::mem::take(&mut self.is_told)
    }
}

/// Tells of dropped exchanges, once for all lanes: the counters are those of the recorder.
#[derive(Debug, Default)]
pub(super) struct DropReporter(Mutex<Drops>);

#[derive(Debug, Default)]
struct Drops {
    known: u64,
    new: Throttle,
}

impl DropReporter {
    /// Looks whether exchanges were dropped since the last look, and tells of them now and then.
    pub(super) fn report(&self, counters: &Counters, time: Time) {
        let dropped = counters.snapshot().dropped;
        // The lock is not held while the app's subscriber runs.
        if let Some(count) = self.count_new(dropped.total(), time) {
            let Dropped {
                queue_full,
                over_budget,
                retries_exhausted,
                shutdown,
                panic,
                spool_full,
                spool_expired,
                spool_damaged,
            } = dropped;
            warn!(
                target: "runscope", count, queue_full, over_budget, retries_exhausted, shutdown, panic,
                spool_full, spool_expired, spool_damaged,
                "captured exchanges were dropped"
            );
        }
    }

    /// How many to tell of, if it is time to.
    fn count_new(&self, total: u64, time: Time) -> Option<u64> {
        let mut drops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = total.saturating_sub(drops.known);
        drops.known = drops.known.max(total);
        drops.new.add(new);
        drops.new.take(time)
    }
}

/// Whether more is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Running,
    Last,
}

/// The same thing is told again after this, if it goes on.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// What comes and goes is told so often in an interval, and then no more until the next one.
const MOST_EPISODES: u32 = 10;

/// Bounds the tellings of what comes and goes, such as an API that fails every other time.
#[derive(Debug, Default)]
struct Allowance {
    since: Option<Instant>,
    taken: u32,
}

impl Allowance {
    fn take(&mut self) -> bool {
        let is_over = |since: Instant| since.elapsed() >= REPORT_INTERVAL;
        if self.since.is_none_or(is_over) {
            self.since = Some(Instant::now());
            self.taken = 0;
        }
        self.taken = self.taken.saturating_add(1);
        self.taken <= MOST_EPISODES
    }
}

/// Lets one event through an interval, with the count of all since the last one.
#[derive(Debug, Default)]
struct Throttle {
    last: Option<Instant>,
    pending: u64,
}

impl Throttle {
    fn add(&mut self, count: u64) {
        self.pending += count;
    }

    fn take(&mut self, time: Time) -> Option<u64> {
        let is_early = self
            .last
            .is_some_and(|last| last.elapsed() < REPORT_INTERVAL);
        if self.pending == 0 || (is_early && time == Time::Running) {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.pending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_tells_of_all_since_the_last_one_and_the_last_of_the_rest() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.take(Time::Running), None);
        throttle.add(3);
        assert_eq!(throttle.take(Time::Running), Some(3));
        throttle.add(2);
        throttle.add(2);
        assert_eq!(throttle.take(Time::Running), None, "a minute is not over");
        assert_eq!(throttle.take(Time::Last), Some(4));
        assert_eq!(throttle.take(Time::Last), None);
    }

    #[test]
    fn a_trouble_is_news_once_and_a_pause_outranks_a_failure() {
        use TroubleKind::{Failing, Paused};
        let mut reporter = Reporter::new("b");
        for (kind, is_news) in [
            (Failing, true),
            (Failing, false),
            (Paused, true),
            (Failing, false),
            (Paused, false),
        ] {
            assert_eq!(reporter.begins(kind), is_news, "{kind:?}");
        }
        reporter.working();
        assert!(reporter.begins(Failing), "a new trouble is news");
    }

    #[test]
    fn what_comes_and_goes_is_told_a_bounded_number_of_times() {
        let mut reporter = Reporter::new("b");
        let mut told = 0;
        for _ in 0..1000 {
            told += u32::from(reporter.begins(TroubleKind::Failing));
            assert!(!reporter.begins(TroubleKind::Failing));
            reporter.working();
        }
        assert_eq!(told, MOST_EPISODES);
        assert!(reporter.begins(TroubleKind::Paused), "this needs somebody");

        let mut episode = Episode::default();
        let (mut beginnings, mut ends) = (0, 0);
        for _ in 0..1000 {
            beginnings += u32::from(episode.begins());
            ends += u32::from(episode.ends());
            assert!(!episode.ends(), "the end is told once");
        }
        assert_eq!((beginnings, ends), (MOST_EPISODES, MOST_EPISODES));
    }

    #[cfg(feature = "spool")]
    #[test]
    fn a_spool_that_is_full_and_failing_by_turns_is_told_once_for_each() {
        let mut reporter = SpoolReporter::default();
        for round in 0..5 {
            assert_eq!(reporter.failing.begins(), round == 0);
            assert_eq!(reporter.full.begins(), round == 0);
        }
        reporter.working();
        assert!(reporter.full.begins() && reporter.failing.begins());
    }

    #[test]
    fn drops_are_counted_once_however_many_ask() {
        let drops = DropReporter::default();
        assert_eq!(drops.count_new(0, Time::Last), None);
        assert_eq!(drops.count_new(5, Time::Last), Some(5));
        assert_eq!(drops.count_new(4, Time::Last), None, "an older reading");
        assert_eq!(drops.count_new(7, Time::Last), Some(2));
    }
}
