//! What a rule would have done on the stored traffic: found by the store's indexes, then played through
//! the same windows and states as live, by the calls' own times.

use super::compiled::Compiled;
use super::machine::Change;
use super::notice::{Alert, Call};
use super::rule::{Condition, Rule};
use super::seen::Seen;
use super::shortage::Shortage;
use super::tracker::{Tracker, live_step};
use crate::exchange::Timestamp;
use crate::query::{Expr, Term, When};
use crate::store::{Bucket, Scan, Search, Store, StoreError};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Calls that are played, the newest ones; of more, the older are left out.
const MOST_CALLS: usize = 500_000;

/// Calls of one step of the search.
const STEP: usize = 1000;

/// Alerts that are listed, and bars of the plot.
const MOST_ALERTS: usize = 500;
const BARS: u32 = 120;

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Preview {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// The alerts in the order in which they would have fired; without `resolved` where they still
    /// would be firing.
    pub(crate) alerts: Vec<Alert>,
    /// How many there would have been, listed or not.
    pub(crate) fired: u64,
    /// The length of a bar.
    pub(crate) step: Duration,
    /// Every bar, the oldest first.
    pub(crate) bars: Vec<PreviewBar>,
    pub(crate) matches: u64,
    /// How many calls were looked at.
    pub(crate) examined: u64,
    /// Whether that is all of the time; else what is older was left out.
    pub(crate) complete: bool,
    /// Why it may only seem that the rule would not have fired.
    pub(crate) shortage: Option<Shortage>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PreviewBar {
    pub(crate) start: Timestamp,
    pub(crate) matches: u64,
    /// Matches and what they are compared with; the matches alone where the rule does not compare.
    pub(crate) traffic: u64,
}

struct Seem {
    time: Timestamp,
    matches: bool,
    duration: Option<Duration>,
    group: usize,
    bucket: usize,
    uuid: Uuid,
}

/// Plays a rule on the calls of the last so and so long.
pub(crate) fn preview(
    store: &dyn Store,
    rule: &Rule,
    span: Duration,
    deadline: Instant,
) -> Result<Preview, StoreError> {
    let now = Timestamp::now();
    let from = now.saturating_sub(span);
    let compiled = Compiled::new(rule.clone());
    let buckets: Vec<Bucket> = match &rule.bucket {
        Some(key) => store.bucket(key)?.into_iter().collect(),
        None => store.buckets()?,
    };
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let (mut seen, mut examined, mut complete) = (Vec::new(), 0_u64, true);
    for (at, bucket) in buckets.iter().enumerate() {
        let mut search = search(rule, bucket, from, now, deadline, compiled.needs_message());
        loop {
            let page = store.search(&search)?;
            examined = examined.saturating_add(page.examined.max(page.exchanges.len() as u64));
            for exchange in &page.exchanges {
                let call = Seen::new(&exchange.attributes, &exchange.message, now);
                let verdict = compiled.judge(&call);
                let compares = matches!(rule.condition, Condition::Ratio { .. });
                if verdict.matches || compares && verdict.traffic {
                    let next = groups.len();
                    let group = *groups
                        .entry(compiled.group(&call).into_owned())
                        .or_insert(next);
                    seen.push(Seem {
                        time: exchange.attributes.time,
                        matches: verdict.matches,
                        duration: exchange.attributes.duration,
                        group,
                        bucket: at,
                        uuid: exchange.uuid,
                    });
                }
            }
            complete &= !page.timed_out;
            search.cursor = page.next;
            if page.next.is_none() || page.timed_out {
                break;
            }
            if Instant::now() >= deadline || seen.len() >= MOST_CALLS {
                complete = false;
                break;
            }
        }
    }
    let covered = covered(store, &buckets, from, now, deadline)?;
    let mut names = vec![String::new(); groups.len()];
    for (name, at) in groups {
        if let Some(slot) = names.get_mut(at) {
            *slot = name;
        }
    }
    let mut preview = Preview {
        from,
        to: now,
        alerts: Vec::new(),
        fired: 0,
        step: (span / BARS).max(Duration::from_secs(1)),
        bars: Vec::new(),
        matches: 0,
        examined,
        complete,
        shortage: None,
    };
    seen.sort_by_key(|call| call.time);
    let busiest = busiest(&rule.condition, &seen);
    preview.play(rule, seen, &names, &buckets);
    if preview.fired == 0 && preview.complete {
        preview.shortage = Shortage::of(rule, busiest, covered);
    }
    Ok(preview)
}

/// How far back there are calls of any kind.
fn covered(
    store: &dyn Store,
    buckets: &[Bucket],
    from: Timestamp,
    now: Timestamp,
    deadline: Instant,
) -> Result<Duration, StoreError> {
    let mut first = now;
    for bucket in buckets {
        let scan = Scan {
            bucket: bucket.id,
            filter: Expr::Term(Term::Since(When::At(from))),
            now,
            deadline,
        };
        if let Some(extent) = store.extent(&scan)? {
            first = first.min(extent.first.max(from));
        }
    }
    let micros = now.as_micros().saturating_sub(first.as_micros());
    Ok(Duration::from_micros(micros.max(0).unsigned_abs()))
}

/// The most calls of one window that the condition's minimum counts, of one group. The calls are in the
/// order of their times.
fn busiest(condition: &Condition, seen: &[Seem]) -> u64 {
    let Some(window) = condition.window() else {
        return 0;
    };
    let mut windows: BTreeMap<usize, VecDeque<Timestamp>> = BTreeMap::new();
    let mut most = 0;
    let all = matches!(condition, Condition::Ratio { .. });
    for call in seen.iter().filter(|call| all || call.matches) {
        let times = windows.entry(call.group).or_default();
        times.push_back(call.time);
        let begin = call.time.saturating_sub(window);
        while times.front().is_some_and(|time| *time <= begin) {
            times.pop_front();
        }
        most = most.max(times.len());
    }
    most as u64
}

fn search(
    rule: &Rule,
    bucket: &Bucket,
    from: Timestamp,
    now: Timestamp,
    deadline: Instant,
    bodies: bool,
) -> Search {
    let among = match &rule.condition {
        Condition::Ratio { of_expr, .. } => of_expr.clone(),
        _ => rule.expr.clone(),
    };
    let since = Expr::Term(Term::Since(When::At(from)));
    Search {
        scan: Scan {
            bucket: bucket.id,
            filter: among.and(since),
            now,
            deadline,
        },
        cursor: None,
        limit: STEP,
        count_to: 0,
        bodies,
    }
}

impl Preview {
    /// Plays calls that are in the order of their times.
    fn play(&mut self, rule: &Rule, seen: Vec<Seem>, names: &[String], buckets: &[Bucket]) {
        let loud = Rule {
            silence_until: None,
            ..rule.clone()
        };
        let span = Duration::from_micros(
            (self.to.as_micros() - self.from.as_micros())
                .max(0)
                .unsigned_abs(),
        );
        let step = live_step(rule).max(span / 5000);
        let mut tracker = Tracker::new(loud, step);
        self.empty_bars();
        for call in seen {
            let Some(name) = names.get(call.group) else {
                continue;
            };
            tracker.advance(call.time);
            tracker.count(name, call.time, call.matches, call.duration, || Call {
                bucket: buckets
                    .get(call.bucket)
                    .map(|bucket| bucket.key.clone())
                    .unwrap_or_default(),
                uuid: call.uuid.to_string(),
                line: None,
                excerpt: None,
            });
            self.matches = self.matches.saturating_add(u64::from(call.matches));
            if let Some(bar) = self.bar(call.time) {
                bar.traffic = bar.traffic.saturating_add(1);
                bar.matches = bar.matches.saturating_add(u64::from(call.matches));
            }
            self.note(&mut tracker);
        }
        tracker.advance(self.to);
        self.note(&mut tracker);
    }

    fn note(&mut self, tracker: &mut Tracker) {
        for event in tracker.take_events() {
            match event.change {
                Change::Fired { .. } => {
                    self.fired = self.fired.saturating_add(1);
                    if self.alerts.len() < MOST_ALERTS {
                        self.alerts.push(event.alert);
                    }
                }
                Change::Resolved { .. } => {
                    let found = self
                        .alerts
                        .iter_mut()
                        .find(|alert| alert.id == event.alert.id);
                    found
                        .into_iter()
                        .for_each(|alert| *alert = event.alert.clone());
                }
                Change::GoesOn => {}
            }
        }
    }

    fn empty_bars(&mut self) {
        let step = i64::try_from(self.step.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let mut start = self.from.as_micros();
        while start < self.to.as_micros() {
            self.bars.push(PreviewBar {
                start: Timestamp::from_micros(start),
                ..PreviewBar::default()
            });
            start = start.saturating_add(step);
        }
    }

    fn bar(&mut self, time: Timestamp) -> Option<&mut PreviewBar> {
        let step = i64::try_from(self.step.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let at = time.as_micros().saturating_sub(self.from.as_micros()) / step;
        self.bars.get_mut(usize::try_from(at).ok()?)
    }
}
