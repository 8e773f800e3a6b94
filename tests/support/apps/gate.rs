//! How a test and a handler wait for each other.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longer than any test takes on the slowest machine: it ends what would hang for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A handler enters and waits; the test sees it enter and lets it go on. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    enter: Sender<()>,
    entered: Arc<Mutex<Receiver<()>>>,
    released: Arc<Semaphore>,
}

impl Gate {
    pub fn new() -> Self {
        let (enter, entered) = channel();
        let released = Arc::new(Semaphore::new(0));
        Self {
            enter,
            entered: Arc::new(Mutex::new(entered)),
            released,
        }
    }

    /// The handler's side: says that it has come this far.
    pub fn enter(&self) {
        // Nobody listens any more where the test has ended.
        let _ = self.enter.send(());
    }

    /// The handler's side: waits until the test lets it go on.
    pub async fn pass(&self) {
        if let Ok(permit) = self.released.acquire().await {
            permit.forget();
        }
    }

    /// The test's side: waits until a handler has entered.
    pub fn wait(&self) {
        let entered = self.entered.lock().unwrap_or_else(PoisonError::into_inner);
        entered
            .recv_timeout(PATIENCE)
            .expect("a handler that enters");
    }

    /// The test's side: lets one handler pass.
    pub fn open(&self) {
        self.released.add_permits(1);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
