//! Which exchange the running code belongs to.
//!
//! A thread-local that is set while the inner service is polled, as `tracing` does with its spans:
//! it costs no allocation, works in every framework, and is never another request's. What a handler
//! spawns runs outside of it and has to be given the handle.

use super::handle::ExchangeHandle;
use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<Option<ExchangeHandle>> = const { Cell::new(None) };
    static DELIVERING: Cell<bool> = const { Cell::new(false) };
}

/// The exchange in whose service this code runs, if it is captured.
///
/// `None` where there is no layer, where the exchange is skipped or sampled out, and in tasks that
/// the handler spawned: take the handle before and move it in.
#[must_use]
pub fn current_exchange() -> Option<ExchangeHandle> {
    CURRENT
        .try_with(|current| {
            let handle = current.take();
            current.set(handle.clone());
            handle
        })
        .ok()
        .flatten()
}

/// Makes `handle` the current exchange while `run` runs, also when it panics.
pub(super) fn with_current<R>(handle: ExchangeHandle, run: impl FnOnce() -> R) -> R {
    let _restore = Restore(replace(Some(handle)));
    run()
}

struct Restore(Option<ExchangeHandle>);

impl Drop for Restore {
    fn drop(&mut self) {
        drop(replace(self.0.take()));
    }
}

/// `try_with` because a service may be polled while its thread is torn down.
fn replace(handle: Option<ExchangeHandle>) -> Option<ExchangeHandle> {
    CURRENT
        .try_with(|current| current.replace(handle))
        .ok()
        .flatten()
}

/// Marks this thread as the one that delivers: nothing that runs on it is captured.
pub(crate) fn never_capture_on_this_thread() {
    DELIVERING.with(|delivering| delivering.set(true));
}

pub(super) fn is_delivery_thread() -> bool {
    DELIVERING.try_with(Cell::get).unwrap_or(false)
}
