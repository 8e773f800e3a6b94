//! The thread that shows every call to the rules, and keeps what comes of it.

use super::describe::describe;
use super::feed::Arrived;
use super::machine::Change;
use super::notice::{Event, Notice};
use super::rule::Rule;
use super::seen::Seen;
use super::shared::{RuleState, Shared};
use super::tracker::{Counted, Tracker, live_step};
use crate::exchange::{Attributes, Timestamp};
use crate::store::{AlertCommit, AlertDocument, BucketId, KeptAlert, NewNotice, StoreError};
use runscope_core::Message;
use runscope_core::redact::Redactor;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often it looks.
const TURN: Duration = Duration::from_millis(250);

/// How often it keeps what was counted, where nothing else has to be kept.
const KEEP: Duration = Duration::from_secs(5);

/// A half of a call waits so long for the other one, before it is shown to the rules alone.
const HALF: Duration = Duration::from_secs(10);
const MOST_HALVES: usize = 10_000;

/// Calls that are looked at after a restart; of more, the newest.
const MOST_BEHIND: i64 = 100_000;

/// Alerts of one turn whose calls are described, and how many calls of each.
const DESCRIBED: usize = 20;
const DESCRIBED_CALLS: usize = 3;

pub(super) struct Evaluator {
    shared: Arc<Shared>,
    redactor: Redactor,
    version: Option<u64>,
    trackers: BTreeMap<String, Tracker>,
    buckets: HashMap<BucketId, Arc<str>>,
    halves: VecDeque<(Instant, Arrived)>,
    /// All up to this place was shown to the rules.
    through: i64,
    /// What is still to be kept.
    pending: Pending,
    kept: Instant,
    grown: Instant,
}

#[derive(Default)]
struct Pending {
    alerts: Vec<KeptAlert>,
    notices: Vec<NewNotice>,
    removed: Vec<String>,
}

impl Evaluator {
    /// One that has everything up to a place behind it, or still before it.
    pub(super) fn new(shared: Arc<Shared>, newest: i64) -> Self {
        Self {
            shared,
            redactor: Redactor::default(),
            version: None,
            trackers: BTreeMap::new(),
            buckets: HashMap::new(),
            halves: VecDeque::new(),
            through: newest,
            pending: Pending::default(),
            kept: Instant::now(),
            grown: Instant::now(),
        }
    }

    /// Works until the feed is stopped.
    pub(super) fn run(mut self) {
        if let Err(error) = self.catch_up() {
            tracing::warn!(%error, "alerts begin without what was counted before");
        }
        loop {
            let go_on = self.shared.feed.wait(TURN);
            self.turn(Timestamp::now(), !go_on);
            if !go_on {
                return;
            }
        }
    }

    /// Takes up what was counted before a restart, and shows the rules what came after that.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let states = self.shared.store.alert_documents(AlertDocument::State)?;
        let states: HashMap<String, String> = states.into_iter().collect();
        let (version, rules) = self.shared.rules();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            let step = live_step(rule);
            let tracker = match states.get(&rule.id) {
                Some(kept) => Tracker::restored(rule.clone(), step, kept),
                None => Tracker::new(rule.clone(), step),
            };
            self.trackers.insert(rule.id.clone(), tracker);
        }
        self.version = Some(version);
        if self.trackers.is_empty() {
            return Ok(());
        }
        let Some(from) = self.shared.store.alerts_through()? else {
            return Ok(());
        };
        let newest = self.through;
        let mut behind = newest.saturating_sub(from);
        if behind > MOST_BEHIND {
            let over = u64::try_from(behind - MOST_BEHIND).unwrap_or(0);
            self.shared
                .feed
                .passed_over
                .fetch_add(over, Ordering::Relaxed);
            behind = MOST_BEHIND;
        }
        for bucket in self.shared.store.buckets()? {
            let mut at = newest.saturating_sub(behind);
            'bucket: while at < newest {
                let exchanges = self.shared.store.arrived_after(bucket.id, at, 500)?;
                if exchanges.is_empty() {
                    break;
                }
                for exchange in exchanges {
                    at = exchange.sequence;
                    if at > newest {
                        break 'bucket;
                    }
                    self.show(bucket.id, exchange.uuid, &exchange.message);
                }
            }
        }
        Ok(())
    }

    fn turn(&mut self, now: Timestamp, last: bool) {
        let refreshed = self.refresh(now);
        let (arrived, through) = self.shared.feed.take();
        for arrived in arrived {
            self.take(arrived);
        }
        while self.halves.front().is_some_and(|(since, _)| {
            last || since.elapsed() >= HALF || self.halves.len() > MOST_HALVES
        }) {
            if let Some((_, half)) = self.halves.pop_front()
                && let Some(message) = &half.message
            {
                self.show(half.bucket, half.uuid, message);
            }
        }
        self.through = self.through.max(through);
        let mut states = HashMap::new();
        let mut happened = Vec::new();
        for (id, tracker) in &mut self.trackers {
            tracker.advance(now);
            let (firing, pending) = (tracker.firing(), tracker.pending());
            states.insert(id.clone(), RuleState { firing, pending });
            let events = tracker.take_events();
            if !events.is_empty() {
                happened.push((tracker.rule().clone(), events, firing));
            }
        }
        *self.shared.states() = states;
        for (rule, events, firing) in happened {
            self.note(&rule, events, firing);
        }
        // With a changed rule the place is kept at once: what was before is not shown to it after a crash.
        let due = last || self.kept.elapsed() >= KEEP;
        if refreshed || !self.pending.is_empty() || due && !self.trackers.is_empty() {
            self.keep(last);
        }
    }

    /// Takes changed rules; whether there were any.
    fn refresh(&mut self, now: Timestamp) -> bool {
        let (version, rules) = self.shared.rules();
        if self.version == Some(version) {
            return false;
        }
        self.version = Some(version);
        self.buckets.clear();
        let enabled = |id: &str| rules.iter().find(|rule| rule.id == id && rule.enabled);
        let gone: Vec<String> = self
            .trackers
            .keys()
            .filter(|id| enabled(id).is_none())
            .cloned()
            .collect();
        for id in gone {
            if let Some(mut tracker) = self.trackers.remove(&id) {
                tracker.close(now);
                let (rule, events) = (tracker.rule().clone(), tracker.take_events());
                self.note(&rule, events, 0);
            }
            self.pending.removed.push(id);
        }
        for rule in rules.iter().filter(|rule| rule.enabled) {
            match self.trackers.get_mut(&rule.id) {
                Some(tracker) if tracker.rule() == rule => {}
                Some(tracker) => tracker.change(rule.clone(), now),
                None => {
                    let tracker = Tracker::new(rule.clone(), live_step(rule));
                    self.trackers.insert(rule.id.clone(), tracker);
                }
            }
        }
        true
    }

    /// Shows the rules a call, or keeps its half until the other one is there.
    fn take(&mut self, arrived: Arrived) {
        if arrived.joined {
            let Some(at) = self
                .halves
                .iter()
                .position(|(_, half)| half.uuid == arrived.uuid)
            else {
                return;
            };
            self.halves.remove(at);
        } else if arrived.message.as_ref().is_some_and(is_half) {
            self.halves.push_back((Instant::now(), arrived));
            return;
        }
        let Arrived {
            bucket,
            uuid,
            message,
            joined,
            ..
        } = arrived;
        match message.filter(|_| !joined) {
            Some(message) => self.show(bucket, uuid, &message),
            None => match self.shared.store.exchange(bucket, uuid) {
                Ok(Some(exchange)) => self.show(bucket, uuid, &exchange.message),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a call was not shown to the rules"),
            },
        }
    }

    fn show(&mut self, bucket: BucketId, uuid: Uuid, message: &Message) {
        let Some(key) = self.key(bucket) else { return };
        let arrived = arrival(uuid);
        let attributes = Attributes::of(message, arrived);
        let seen = Seen::new(&attributes, message, arrived);
        let mut late = false;
        for tracker in self.trackers.values_mut() {
            let watched = tracker.rule().bucket.as_deref();
            if watched.is_none_or(|watched| watched == key.as_ref()) {
                late |= tracker.see(&seen, arrived, &key, uuid) == Counted::Late;
            }
        }
        let numbers = &self.shared.numbers;
        numbers.evaluated.fetch_add(1, Ordering::Relaxed);
        numbers.late.fetch_add(u64::from(late), Ordering::Relaxed);
    }

    fn key(&mut self, bucket: BucketId) -> Option<Arc<str>> {
        if !self.buckets.contains_key(&bucket) {
            let buckets = self.shared.store.buckets().ok()?;
            self.buckets = buckets
                .into_iter()
                .map(|bucket| (bucket.id, Arc::from(bucket.key)))
                .collect();
        }
        self.buckets.get(&bucket).cloned()
    }

    /// Notes what happened to the alerts of a rule, and what its channels are told.
    fn note(&mut self, rule: &Rule, mut events: Vec<Event>, firing: u64) {
        let told =
            |event: &&mut Event| matches!(event.change, Change::Fired { .. } | Change::GoesOn);
        for event in events.iter_mut().filter(told).take(DESCRIBED) {
            let calls = event.alert.calls.iter_mut().take(DESCRIBED_CALLS);
            let mut first: Vec<_> = calls.map(|call| call.clone()).collect();
            describe(self.shared.store.as_ref(), &self.redactor, &mut first);
            for (call, described) in event.alert.calls.iter_mut().zip(first) {
                *call = described;
            }
            if let Some(tracker) = self.trackers.get_mut(&rule.id) {
                tracker.described(&event.alert);
            }
        }
        self.pending
            .alerts
            .extend(events.iter().map(|event| kept(&event.alert)));
        let all: Vec<&Event> = events.iter().collect();
        let Some(notice) = Notice::of(&all, firing) else {
            return;
        };
        let document = serde_json::to_string(&notice).unwrap_or_default();
        let settings = &self.shared.settings;
        self.pending
            .notices
            .extend(rule.channels.iter().map(|channel| NewNotice {
                id: Uuid::new_v4().simple().to_string(),
                channel: channel.clone(),
                rule: rule.id.clone(),
                created: Timestamp::now(),
                wait: settings.group_wait,
                interval: settings.group_interval,
                document: document.clone(),
            }));
    }

    /// Keeps everything in one transaction. What could not be kept is tried again at the next turn.
    fn keep(&mut self, last: bool) {
        if last || self.grown.elapsed() >= KEEP {
            self.grown = Instant::now();
            let grown = self.trackers.values_mut().flat_map(Tracker::grown);
            self.pending.alerts.extend(grown.map(|alert| kept(&alert)));
        }
        let mut states = Vec::new();
        for (id, tracker) in &mut self.trackers {
            if tracker.take_changed() {
                states.push((id.clone(), tracker.kept()));
            }
        }
        let commit = AlertCommit {
            through: self.through,
            states,
            alerts: std::mem::take(&mut self.pending.alerts),
            notices: std::mem::take(&mut self.pending.notices),
            removed: self.pending.removed.clone(),
            merge,
        };
        self.kept = Instant::now();
        match self.shared.store.commit_alerts(&commit) {
            Ok(()) => {
                self.pending.removed.clear();
                if !commit.notices.is_empty() {
                    self.shared.outgoing.notify_one();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "alerts could not be kept; this is tried again");
                let AlertCommit {
                    states,
                    alerts,
                    notices,
                    ..
                } = commit;
                for (id, _) in states {
                    self.trackers
                        .get_mut(&id)
                        .into_iter()
                        .for_each(Tracker::set_changed);
                }
                self.pending.alerts = alerts;
                self.pending.notices = notices;
            }
        }
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.notices.is_empty() && self.removed.is_empty()
    }
}

/// A commit that only says up to where calls were evaluated.
pub(super) fn nothing_up_to(through: i64) -> AlertCommit {
    AlertCommit {
        through,
        states: Vec::new(),
        removed: Vec::new(),
        alerts: Vec::new(),
        notices: Vec::new(),
        merge,
    }
}

fn kept(alert: &super::notice::Alert) -> KeptAlert {
    KeptAlert {
        id: alert.id.clone(),
        rule: alert.rule.clone(),
        fired: Timestamp::from_seconds(alert.fired).unwrap_or_default(),
        firing: alert.resolved.is_none(),
        document: serde_json::to_string(alert).unwrap_or_default(),
    }
}

/// Two notices in one; where one can't be read, the later.
fn merge(before: &str, later: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Notice>(text).ok();
    let merged = match (read(before), read(later)) {
        (Some(before), Some(later)) => serde_json::to_string(&before.merged(later)).ok(),
        _ => None,
    };
    merged.unwrap_or_else(|| later.to_owned())
}

/// Whether the other half of a call may still come: clients that post request and response apart give
/// both one identifier, and the library tells how a call ended.
fn is_half(message: &Message) -> bool {
    let one = message.request.is_none() || message.response.is_none();
    let ended = message
        .context
        .as_ref()
        .is_some_and(|context| context.outcome.is_some());
    one && message.unique_identifier.is_some() && !ended
}

/// When a call arrived, to the millisecond: its identifier says so.
fn arrival(uuid: Uuid) -> Timestamp {
    let millis = i64::try_from(uuid.as_u128() >> 80).unwrap_or(0);
    Timestamp::from_micros(millis.saturating_mul(1000))
}
