use super::channel::{Channel, Links};
use super::feed::Feed;
use super::rule::Rule;
use super::settings::Settings;
use super::told::Told;
use crate::store::{AlertDocument, BucketId, Store, StoreError};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What the handle, the evaluator and the delivery have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) settings: Settings,
    pub(super) links: Links,
    pub(super) feed: Feed,
    pub(super) numbers: Numbers,
    pub(super) told: Told,
    /// There may be notices to send.
    pub(super) outgoing: Notify,
    pub(super) stop: Notify,
    rules: Mutex<Rules>,
    states: Mutex<HashMap<String, RuleState>>,
}

/// The rules, and how often they were changed.
#[derive(Debug, Default)]
struct Rules {
    version: u64,
    rules: Arc<Vec<Rule>>,
}

/// How a rule stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RuleState {
    pub(crate) firing: u64,
    pub(crate) pending: u64,
}

/// What is counted for an operator.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) evaluated: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        store: Arc<dyn Store>,
        settings: Settings,
        links: Links,
        rules: Vec<Rule>,
    ) -> Self {
        Self {
            feed: Feed::new(store.changes().newest),
            store,
            settings,
            links,
            numbers: Numbers::default(),
            told: Told::default(),
            outgoing: Notify::new(),
            stop: Notify::new(),
            rules: Mutex::new(Rules {
                version: 0,
                rules: Arc::new(rules),
            }),
            states: Mutex::default(),
        }
    }

    /// The rules with the number of their version.
    pub(super) fn rules(&self) -> (u64, Arc<Vec<Rule>>) {
        let rules = lock(&self.rules);
        (rules.version, Arc::clone(&rules.rules))
    }

    /// Changes the rules in the database and here, one change after the other.
    pub(super) fn change_rules<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Vec<Rule>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut rules = lock(&self.rules);
        let mut changed = rules.rules.as_ref().clone();
        let done = change(&mut changed)?;
        let kept: Vec<_> = changed
            .iter()
            .filter(|rule| !rules.rules.contains(rule))
            .map(|rule| (rule.id.clone(), rule.to_json().to_string()))
            .collect();
        let removed: Vec<_> = rules
            .rules
            .iter()
            .filter(|rule| changed.iter().all(|other| other.id != rule.id))
            .map(|rule| rule.id.clone())
            .collect();
        self.store
            .change_alert_documents(AlertDocument::Rule, &kept, &removed)?;
        changed.sort_by(|a, b| a.id.cmp(&b.id));
        *rules = Rules {
            version: rules.version.wrapping_add(1),
            rules: Arc::new(changed),
        };
        drop(rules);
        self.watch()?;
        Ok(done)
    }

    /// Has the feed take what any rule watches.
    pub(super) fn watch(&self) -> Result<(), StoreError> {
        let (_, rules) = self.rules();
        let enabled = || rules.iter().filter(|rule| rule.enabled);
        if enabled().any(|rule| rule.bucket.is_none()) {
            self.feed.watch(None);
            return Ok(());
        }
        let mut watched: BTreeSet<BucketId> = BTreeSet::new();
        for key in enabled().filter_map(|rule| rule.bucket.as_deref()) {
            watched.extend(self.store.bucket(key)?.map(|bucket| bucket.id));
        }
        self.feed.watch(Some(watched));
        Ok(())
    }

    pub(super) fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        let documents = self.store.alert_documents(AlertDocument::Channel)?;
        let channels = documents.iter().filter_map(|(id, document)| {
            let value = serde_json::from_str(document).ok()?;
            // What was allowed when it was saved is judged again when it is sent to.
            match Channel::kept(&value) {
                Ok(channel) => Some(channel),
                Err(error) => {
                    tracing::warn!(channel = %id, %error, "a channel can't be read");
                    None
                }
            }
        });
        Ok(channels.collect())
    }

    pub(super) fn states(&self) -> MutexGuard<'_, HashMap<String, RuleState>> {
        lock(&self.states)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
