use super::auth::Token;
use super::error::ApiError;
use super::metrics::Metrics;
use super::sessions::Sessions;
use crate::replay;
use crate::store::{Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// The bytes of bodies that are received at one time; further senders wait. Default: 256 MiB.
    pub bodies: usize,
    /// The messages of one array. Default: 1,000.
    pub messages: usize,
    /// The header lines of a message's request, and of its response. Default: 256.
    pub headers: usize,
    /// How long a body may take to arrive. Default: 30 s.
    pub body_time: Duration,
    /// How long a query looks if it is not told; it can ask for up to 30 s. Default: 2 s.
    pub deadline: Duration,
    /// Live tails at one time. Default: 64.
    pub tails: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            bodies: 256 << 20,
            messages: 1000,
            headers: 256,
            body_time: Duration::from_secs(30),
            deadline: Duration::from_secs(2),
            tails: 64,
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
    /// One permit for each KiB of a body.
    bodies: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    tails: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    sessions: Sessions,
    /// One at a time brings the sessions to the store, so that the newest state is the last.
    keeping: Mutex<()>,
    closing: watch::Sender<bool>,
}

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
        let inner = Inner {
            store,
            bodies: Arc::new(Semaphore::new(kib(limits.bodies.max(limits.body)))),
            reads: Arc::new(Semaphore::new(READS)),
            tails: Arc::new(Semaphore::new(limits.tails)),
            metrics: Arc::default(),
            sessions: sessions.into_iter().collect(),
            keeping: Mutex::default(),
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

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.inner.metrics
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    /// Brings the sessions to the store, so that a restart does not end them. Where that fails, one may
    /// have to sign in again.
    pub(super) async fn keep_sessions(&self) {
        let state = self.clone();
        let kept = self.blocking(move |store| {
            let keeping = &state.inner.keeping;
            let _turn = keeping.lock().unwrap_or_else(PoisonError::into_inner);
            store.keep_sessions(&state.config().owner.digest(), &state.sessions().all())
        });
        if let Err(error) = kept.await {
            tracing::warn!(error = error.message(), "the sessions could not be kept");
        }
    }

    /// How many live tails there are.
    pub(super) fn open_tails(&self) -> usize {
        let room = self.inner.tails.available_permits();
        self.limits().tails.saturating_sub(room)
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

    /// Room for a body of so many bytes.
    pub(crate) async fn body_room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let permits = u32::try_from(kib(bytes)).unwrap_or(u32::MAX);
        Arc::clone(&self.inner.bodies)
            .acquire_many_owned(permits)
            .await
            .map_err(ApiError::internal)
    }

    /// Room for a live tail, if there is any.
    pub(crate) fn tail_room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.inner.tails).try_acquire_owned().ok()
    }
}

fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024).max(1)
}
