use super::channel::{Channel, Links, MOST_CHANNELS};
use super::delivery;
use super::describe::describe;
use super::evaluator::{self, Evaluator};
use super::feed::Ticket;
use super::mistake::Mistake;
use super::notice::{Alert, Call, Notice};
use super::rule::{MOST_RULES, Rule};
use super::settings::Settings;
use super::shared::{RuleState, Shared};
use crate::exchange::Timestamp;
use crate::store::{
    AlertDocument, AlertsWanted, BucketId, KeptNotice, NoticesWanted, Store, StoreError,
};
use runscope_core::redact::Redactor;
use serde_json::Value;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use uuid::Uuid;

/// Alerts of one server: rules, channels, what fires and what is told. Dropping it keeps what was
/// counted and ends its threads.
///
/// All but [`begin`](Self::begin), [`numbers`](Self::numbers) and [`test`](Self::test) may block on the
/// database.
#[derive(Debug)]
pub(crate) struct Alerts {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum AlertsError {
    /// It is wrong, and where.
    Mistake(Mistake),
    /// There is nothing of this id.
    Missing,
    Store(StoreError),
}

/// What an operator watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) evaluated: u64,
    pub(crate) late: u64,
    pub(crate) passed_over: u64,
    pub(crate) waiting: u64,
    pub(crate) sent: u64,
    pub(crate) retried: u64,
    pub(crate) failed: u64,
    pub(crate) firing: u64,
}

/// What came of trying a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    pub(crate) sent: bool,
    /// What the channel answered, or why it did not.
    pub(crate) answer: String,
}

impl Alerts {
    /// Takes up the rules of a store. Its threads begin with the first rule that is enabled.
    pub(crate) fn new(store: Arc<dyn Store>, settings: Settings, base_url: &str) -> Self {
        let rules = store
            .alert_documents(AlertDocument::Rule)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the rules of alerts could not be read");
                Vec::new()
            });
        let rules: Vec<Rule> = rules
            .iter()
            .filter_map(|(id, document)| read_kept(id, document))
            .collect();
        let shared = Shared::new(store, settings, Links::new(base_url), rules);
        let alerts = Self {
            shared: Arc::new(shared),
            threads: Mutex::default(),
        };
        if let Err(error) = alerts.shared.watch() {
            tracing::warn!(%error, "the buckets of rules could not be read");
        }
        let outgoing = alerts.shared.store.next_notice();
        let enabled = alerts.rules().iter().any(|rule| rule.enabled);
        if enabled || outgoing.is_ok_and(|next| next.is_some()) {
            alerts.start(false);
        }
        alerts
    }

    /// Opens a ticket for an append to a bucket; `None` where nobody watches it.
    pub(crate) fn begin(&self, bucket: BucketId) -> Option<Ticket<'_>> {
        self.shared.feed.begin(bucket)
    }

    /// Every rule, by id.
    pub(crate) fn rules(&self) -> Arc<Vec<Rule>> {
        self.shared.rules().1
    }

    pub(crate) fn rule(&self, id: &str) -> Option<Rule> {
        self.rules().iter().find(|rule| rule.id == id).cloned()
    }

    /// How a rule stands; one that is not enabled stands still.
    pub(crate) fn state(&self, rule: &str) -> RuleState {
        self.shared.states().get(rule).copied().unwrap_or_default()
    }

    /// Adds a rule, whose id must be new.
    pub(crate) fn add_rule(&self, rule: Rule) -> Result<Rule, AlertsError> {
        self.change(vec![rule.clone()], |rules, new| {
            if rules.iter().any(|other| other.id == rule.id) {
                let fix = "choose another, or change that rule";
                return Err(Mistake::new("/id", "another rule has it", fix).into());
            }
            rules.extend(new);
            Ok(())
        })?;
        Ok(rule)
    }

    /// Puts a rule in the place of the one with its id.
    pub(crate) fn change_rule(&self, rule: Rule) -> Result<Rule, AlertsError> {
        self.change(vec![rule.clone()], |rules, _| {
            let found = rules.iter_mut().find(|other| other.id == rule.id);
            *found.ok_or(AlertsError::Missing)? = rule.clone();
            Ok(())
        })?;
        Ok(rule)
    }

    /// Removes a rule; its alerts end.
    pub(crate) fn remove_rule(&self, id: &str) -> Result<(), AlertsError> {
        self.change(Vec::new(), |rules, _| {
            let before = rules.len();
            rules.retain(|rule| rule.id != id);
            if rules.len() == before {
                Err(AlertsError::Missing)
            } else {
                Ok(())
            }
        })
    }

    /// Takes the rules of a file: each in the place of the one with its id, and, if they are to replace
    /// all, nothing else. All or none.
    pub(crate) fn import(&self, rules: Vec<Rule>, replace: bool) -> Result<(), AlertsError> {
        self.change(rules, |all, new| {
            all.retain(|rule| !replace && new.iter().all(|other| other.id != rule.id));
            all.extend(new);
            Ok(())
        })
    }

    /// Has a rule tell nobody until a moment, or from now on again.
    pub(crate) fn silence(&self, id: &str, until: Option<Timestamp>) -> Result<Rule, AlertsError> {
        let rule = self.rule(id).ok_or(AlertsError::Missing)?;
        self.change_rule(Rule {
            silence_until: until,
            ..rule
        })
    }

    pub(crate) fn channels(&self) -> Result<Vec<Channel>, AlertsError> {
        Ok(self.shared.channels()?)
    }

    pub(crate) fn channel(&self, id: &str) -> Result<Channel, AlertsError> {
        let found = self
            .channels()?
            .into_iter()
            .find(|channel| channel.id == id);
        found.ok_or(AlertsError::Missing)
    }

    /// Adds a channel, whose id must be new.
    pub(crate) fn add_channel(&self, value: &Value) -> Result<Channel, AlertsError> {
        let channel = Channel::read(value, None, &self.shared.settings.private_hosts)?;
        let channels = self.channels()?;
        if channels.iter().any(|other| other.id == channel.id) {
            let fix = "choose another, or change that channel";
            return Err(Mistake::new("/id", "another channel has it", fix).into());
        }
        if channels.len() >= MOST_CHANNELS {
            let fix = format!("keep to {MOST_CHANNELS}");
            return Err(Mistake::new("", "there are too many channels", fix).into());
        }
        self.keep_channel(&channel)?;
        Ok(channel)
    }

    /// Changes a channel. Secrets that are left out stay as they are.
    pub(crate) fn change_channel(&self, id: &str, value: &Value) -> Result<Channel, AlertsError> {
        let before = self.channel(id)?;
        let mut value = value.clone();
        if let Some(members) = value.as_object_mut() {
            members.insert("id".to_owned(), Value::from(id));
        }
        let channel = Channel::read(&value, Some(&before), &self.shared.settings.private_hosts)?;
        self.keep_channel(&channel)?;
        Ok(channel)
    }

    /// Removes a channel that no rule sends to.
    pub(crate) fn remove_channel(&self, id: &str) -> Result<(), AlertsError> {
        self.channel(id)?;
        let rules = self.rules();
        if let Some(rule) = rules
            .iter()
            .find(|rule| rule.channels.iter().any(|other| other == id))
        {
            let reason = format!("the rule `{}` sends to it", rule.name);
            return Err(Mistake::new("", reason, "take it out of the rule first").into());
        }
        let removed = [id.to_owned()];
        let store = &self.shared.store;
        Ok(store.change_alert_documents(AlertDocument::Channel, &[], &removed)?)
    }

    /// Sends a notice that needs no action to a channel, at once and once.
    pub(crate) async fn test(&self, channel: &Channel) -> Trial {
        let notice = Notice::trial(Timestamp::now());
        let id = Uuid::new_v4().simple().to_string();
        let answer = delivery::send(&self.shared, channel, &id, &notice).await;
        Trial {
            sent: answer
                .as_ref()
                .is_ok_and(|answer| (200..300).contains(&answer.status)),
            answer: delivery::words(&answer),
        }
    }

    /// Alerts, those that fired last first.
    pub(crate) fn alerts(&self, wanted: &AlertsWanted) -> Result<Vec<Alert>, AlertsError> {
        let documents = self.shared.store.alerts(wanted)?;
        let read = |document: &String| serde_json::from_str(document).ok();
        Ok(documents.iter().filter_map(read).collect())
    }

    /// The calls of an alert, described as they are kept now, and whether they still are.
    pub(crate) fn look_up(&self, alert: &Alert) -> Vec<(Call, bool)> {
        let redactor = Redactor::default();
        let look_up = |known: &Call| {
            let mut found = [Call {
                line: None,
                excerpt: None,
                ..known.clone()
            }];
            describe(self.shared.store.as_ref(), &redactor, &mut found);
            match found {
                [call] if call.line.is_some() => (call, true),
                _ => (known.clone(), false),
            }
        };
        alert.calls.iter().map(look_up).collect()
    }

    /// Notices with what became of them, the newest first.
    pub(crate) fn notices(
        &self,
        wanted: &NoticesWanted,
    ) -> Result<Vec<(KeptNotice, Option<Notice>)>, AlertsError> {
        let notices = self.shared.store.notices(wanted)?;
        let read = |kept: KeptNotice| {
            let notice = serde_json::from_str(&kept.document).ok();
            (kept, notice)
        };
        Ok(notices.into_iter().map(read).collect())
    }

    pub(crate) fn numbers(&self) -> Numbers {
        let numbers = &self.shared.numbers;
        Numbers {
            evaluated: numbers.evaluated.load(Ordering::Relaxed),
            late: numbers.late.load(Ordering::Relaxed),
            passed_over: self.shared.feed.passed_over.load(Ordering::Relaxed),
            waiting: u64::try_from(self.shared.feed.len()).unwrap_or(u64::MAX),
            sent: numbers.sent.load(Ordering::Relaxed),
            retried: numbers.retried.load(Ordering::Relaxed),
            failed: numbers.failed.load(Ordering::Relaxed),
            firing: self
                .shared
                .states()
                .values()
                .map(|state| state.firing)
                .sum(),
        }
    }

    /// Whether its threads still work, if they have begun.
    pub(crate) fn is_alive(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        !threads.iter().any(JoinHandle::is_finished)
    }

    /// Changes the rules and has the evaluator take them. New ones are held to the buckets and channels
    /// that there are.
    fn change(
        &self,
        new: Vec<Rule>,
        change: impl FnOnce(&mut Vec<Rule>, Vec<Rule>) -> Result<(), AlertsError>,
    ) -> Result<(), AlertsError> {
        if !new.is_empty() {
            let channels = self.channels()?;
            let many = new.len() > 1;
            for (at, rule) in new.iter().enumerate() {
                let place = if many {
                    format!("/{at}")
                } else {
                    String::new()
                };
                self.check(rule, &channels).map_err(|error| match error {
                    AlertsError::Mistake(mistake) => mistake.within(&place).into(),
                    error => error,
                })?;
            }
        }
        self.shared.change_rules(|rules| {
            change(rules, new)?;
            if rules.len() > MOST_RULES {
                let fix = format!("keep to {MOST_RULES}");
                return Err(AlertsError::from(Mistake::new(
                    "",
                    "there are too many rules",
                    fix,
                )));
            }
            Ok(())
        })?;
        if self.rules().iter().any(|rule| rule.enabled) {
            self.start(true);
        }
        self.shared.feed.wake();
        Ok(())
    }

    fn check(&self, rule: &Rule, channels: &[Channel]) -> Result<(), AlertsError> {
        if let Some(key) = &rule.bucket
            && self.shared.store.bucket(key)?.is_none()
        {
            let fix = "write the key of a bucket, or leave it out to watch all of them";
            return Err(Mistake::new("/bucket", "there is no bucket with this key", fix).into());
        }
        for (at, id) in rule.channels.iter().enumerate() {
            if channels.iter().all(|channel| channel.id != *id) {
                let known: Vec<_> = channels.iter().map(|channel| channel.id.as_str()).collect();
                let fix = match known.as_slice() {
                    [] => "make the channel first".to_owned(),
                    known => format!("there are {}", known.join(", ")),
                };
                let place = format!("/channels/{at}");
                return Err(Mistake::new(place, format!("there is no channel `{id}`"), fix).into());
            }
        }
        Ok(())
    }

    fn keep_channel(&self, channel: &Channel) -> Result<(), AlertsError> {
        let kept = [(channel.id.clone(), channel.to_kept().to_string())];
        self.shared
            .store
            .change_alert_documents(AlertDocument::Channel, &kept, &[])?;
        Ok(())
    }

    /// Begins its threads, once; `afresh` where what arrived before is not to be shown to the rules.
    fn start(&self, afresh: bool) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if !threads.is_empty() {
            return;
        }
        let newest = *self.shared.store.changes().newest.borrow();
        if let Err(error) = self.begin_at(newest, afresh) {
            tracing::warn!(%error, "alerts may miss calls if the server ends in the next moments");
        }
        let evaluator = Evaluator::new(Arc::clone(&self.shared), newest);
        let shared = Arc::clone(&self.shared);
        let begun = [
            spawn("inspector-alerts", move || evaluator.run()),
            spawn("inspector-notices", move || deliver(shared)),
        ];
        for thread in begun {
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => tracing::error!(%error, "alerts can't begin"),
            }
        }
    }
}

impl Alerts {
    /// Keeps the place from which on calls are shown to the rules, unless one is kept from before.
    fn begin_at(&self, newest: i64, afresh: bool) -> Result<(), StoreError> {
        if !afresh && self.shared.store.alerts_through()?.is_some() {
            return Ok(());
        }
        self.shared
            .store
            .commit_alerts(&evaluator::nothing_up_to(newest))
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        self.shared.feed.stop();
        self.shared.stop.notify_one();
        let threads = self
            .threads
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
    }
}

impl From<Mistake> for AlertsError {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

impl From<StoreError> for AlertsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for AlertsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistake(mistake) => mistake.fmt(f),
            Self::Missing => f.write_str("there is nothing of this id"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

fn read_kept(id: &str, document: &str) -> Option<Rule> {
    let value = serde_json::from_str(document).ok()?;
    match Rule::read(&value) {
        Ok(rule) => Some(rule),
        Err(error) => {
            tracing::warn!(rule = %id, %error, "a rule can't be read");
            None
        }
    }
}

/// Sends notices on a runtime of its own, so that the server's is not needed and not held up.
fn deliver(shared: Arc<Shared>) {
    match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(delivery::run(shared)),
        Err(error) => tracing::error!(%error, "notices can't be sent"),
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}
