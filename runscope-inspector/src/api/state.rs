use super::access::Access;
use super::access_log::Refusals;
use super::auth::{Caller, Token};
use super::error::ApiError;
use super::metrics::Metrics;
use super::room::{Room, Taken, Who};
use crate::alerts::{self, Alerts, AlertsError};
use crate::replay;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How a server is reached, and by whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The token that allows everything.
    pub owner: Token,
    /// A token that reads `/metrics` and nothing else, for Prometheus to have. Default: none, so only
    /// the owner's does.
    pub metrics: Option<Token>,
    /// The names, without port, by which browsers and clients may call the server, besides
    /// `localhost` and the loopback addresses. Anything else in `Host` is refused: a page elsewhere
    /// could have its own name point here.
    pub hosts: Vec<String>,
    /// Where the server is reached, its prefix included, without a slash at the end; links begin with it. Default: empty,
    /// so links are paths.
    pub base_url: String,
    /// The path below which [`app`](super::app) is nested in another app, such as `/inspector`, without a
    /// slash at the end: the page's links, forms and cookie begin with it. Default: empty.
    pub prefix: String,
    /// What is refused for its size.
    pub limits: Limits,
    /// Where captured requests may be sent again. Default: nowhere.
    pub replay: replay::Settings,
    /// How alerts are told.
    pub alerts: alerts::Settings,
}

impl Config {
    /// The defaults, with an owner.
    #[must_use]
    pub fn new(owner: Token) -> Self {
        Self {
            owner,
            metrics: None,
            hosts: Vec::new(),
            base_url: String::new(),
            prefix: String::new(),
            limits: Limits::default(),
            replay: replay::Settings::default(),
            alerts: alerts::Settings::default(),
        }
    }

    /// The path of the first page.
    pub(crate) fn root(&self) -> &str {
        root(&self.prefix)
    }

    /// What a link that is given away begins with.
    pub(crate) fn link_base(&self) -> &str {
        if self.base_url.is_empty() {
            &self.prefix
        } else {
            &self.base_url
        }
    }
}

/// The path of the first page below a prefix.
pub(crate) fn root(prefix: &str) -> &str {
    if prefix.is_empty() { "/" } else { prefix }
}

/// What is refused for its size, and how long is waited.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// The bytes of a request's body, as sent and as decoded. Default: 16 MiB.
    pub body: usize,
    /// The bytes of bodies that are held at one time, as sent and as decoded, of which one token gets
    /// half; further senders wait. At least four times `body`. Default: 256 MiB.
    pub bodies: usize,
    /// How long a sender waits for room or for its turn, before it is told to come again. Default: 5 s.
    pub wait: Duration,
    /// The messages of one array. Default: 1,000.
    pub messages: usize,
    /// The header lines of a message's request, and of its response. Default: 256.
    pub headers: usize,
    /// How long a body may take to arrive. Default: 30 s.
    pub body_time: Duration,
    /// How long a query looks if it is not told; it can ask for up to 30 s. Default: 2 s.
    pub deadline: Duration,
    /// Live tails at one time, of which one token gets half. Default: 64.
    pub tails: usize,
    /// Downloads of buckets at one time, of which one token gets half. Default: 8.
    pub exports: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            bodies: 256 << 20,
            wait: Duration::from_secs(5),
            messages: 1000,
            headers: 256,
            body_time: Duration::from_secs(30),
            deadline: Duration::from_secs(2),
            tails: 64,
            exports: 8,
        }
    }
}

/// What every handler has at hand. Clones share it.
#[derive(Debug, Clone)]
pub struct AppState {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    store: Arc<dyn Store>,
    alerts: Arc<Alerts>,
    /// In steps of a body.
    bodies: Room,
    ingests: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    tails: Room,
    exports: Room,
    metrics: Arc<Metrics>,
    refusals: Refusals,
    access: Access,
    closing: watch::Sender<bool>,
}

/// The bytes of a body that room is taken for at once.
pub(super) const BODY_STEP: usize = 64 << 10;

/// Bodies that are decoded, read and stored at one time: enough to share a commit, few enough to be
/// held in memory as messages.
const INGESTS: usize = 16;

/// Queries that run at one time: more would only wait for the disk and the processor.
const READS: usize = 8;

impl AppState {
    /// A server over a store.
    #[must_use]
    pub fn new(config: Config, store: Arc<dyn Store>) -> Self {
        let limits = config.limits;
        let sessions = store.sessions(&config.owner.digest());
        let sessions = sessions.unwrap_or_else(|error| {
            tracing::warn!(%error, "the sessions that were open could not be read");
            Vec::new()
        });
        let alerts = Alerts::new(
            Arc::clone(&store),
            config.alerts.clone(),
            config.link_base(),
        );
        let inner = Inner {
            store,
            alerts: Arc::new(alerts),
            bodies: Room::new(body_steps(limits.bodies.max(limits.body.saturating_mul(4)))),
            ingests: Arc::new(Semaphore::new(INGESTS)),
            reads: Arc::new(Semaphore::new(READS)),
            tails: Room::new(limits.tails),
            exports: Room::new(limits.exports),
            metrics: Arc::default(),
            refusals: Refusals::default(),
            access: Access::new(sessions),
            closing: watch::Sender::new(false),
            config,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Ends the live tails, which would keep a graceful shutdown waiting.
    pub fn close(&self) {
        self.inner.closing.send_replace(true);
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.config.limits
    }

    /// The store that it serves.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    pub(crate) fn alerts(&self) -> &Arc<Alerts> {
        &self.inner.alerts
    }

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.inner.metrics
    }

    pub(super) fn refusals(&self) -> &Refusals {
        &self.inner.refusals
    }

    pub(super) fn access(&self) -> &Access {
        &self.inner.access
    }

    /// How many live tails there are.
    pub(super) fn open_tails(&self) -> usize {
        self.inner.tails.taken()
    }

    /// Turns true when the server is about to end.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.inner.closing.subscribe()
    }

    /// Runs something that may block, on a thread for that.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = Arc::clone(self.store());
        let done = tokio::task::spawn_blocking(move || work(store.as_ref())).await;
        Ok(done.map_err(ApiError::internal)??)
    }

    /// Does something with the alerts, on a thread that may block.
    pub(crate) async fn alerting<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Alerts) -> Result<T, AlertsError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let alerts = Arc::clone(self.alerts());
        let done = tokio::task::spawn_blocking(move || work(&alerts)).await;
        Ok(done.map_err(ApiError::internal)??)
    }

    /// The same for a query that can take long; a few run at one time.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let begun = Instant::now();
        let permit = Arc::clone(&self.inner.reads)
            .acquire_owned()
            .await
            .map_err(ApiError::internal)?;
        let metrics = Arc::clone(self.metrics());
        // The permit goes with the work: a caller that leaves does not end what runs.
        self.blocking(move |store| {
            let _permit = permit;
            let done = work(store);
            metrics.query(begun.elapsed());
            done
        })
        .await
    }

    /// Room for so many steps of a body.
    pub(super) async fn body_room(&self, who: Who, steps: usize) -> Result<Taken, ApiError> {
        let taken = self.inner.bodies.take(who, steps);
        let taken = tokio::time::timeout(self.limits().wait, taken).await;
        taken.ok().flatten().ok_or_else(ApiError::busy)
    }

    /// The turn of one body to be decoded, read and stored.
    pub(super) async fn ingest_turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let turn = Arc::clone(&self.inner.ingests).acquire_owned();
        let turn = tokio::time::timeout(self.limits().wait, turn).await;
        turn.map_err(|_| ApiError::busy())?
            .map_err(ApiError::internal)
    }

    /// Room for a live tail, if there is any.
    pub(super) fn tail_room(&self, caller: Caller) -> Option<Taken> {
        self.inner.tails.try_take(caller.into())
    }

    /// Room for a download of a bucket, if there is any.
    pub(super) fn export_room(&self, caller: Caller) -> Option<Taken> {
        self.inner.exports.try_take(caller.into())
    }
}

/// How many steps bytes of a body take.
pub(super) fn body_steps(bytes: usize) -> usize {
    bytes.div_ceil(BODY_STEP).max(1)
}
