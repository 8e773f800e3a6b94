//! Which exchange the running code belongs to.
//!
//! A thread-local that is set while the inner service is polled, as `tracing` does with its spans:
//! it costs no allocation, works in every framework, and is never another request's. What a handler
//! spawns runs outside of it and has to be given the handle.

use super::handle::ExchangeHandle;
use std::cell::Cell;
use std::mem::ManuallyDrop;

thread_local! {
    /// Every scope puts back what it found, so nothing is left when the thread ends: without a
    /// destructor, a look costs no more than a look at a variable.
    static CURRENT: Cell<ManuallyDrop<Option<ExchangeHandle>>> =
        const { Cell::new(ManuallyDrop::new(None)) };
    static DELIVERING: Cell<bool> = const { Cell::new(false) };
}

/// The exchange in whose service this code runs, if it is captured.
///
/// `None` where there is no layer, where the exchange is skipped or sampled out, and in tasks that
/// the handler spawned: take the handle before and move it in.
#[must_use]
pub fn current_exchange() -> Option<ExchangeHandle> {
    let handle = replace(None);
    let found = handle.clone();
    replace(handle);
    found
}

/// Makes `handle` the current exchange until the answer is dropped, in a panic too.
#[inline]
pub(super) fn enter(handle: ExchangeHandle) -> Entered {
    Entered(replace(Some(handle)))
}

/// Holds what was the current exchange before.
pub(super) struct Entered(Option<ExchangeHandle>);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        drop(replace(self.0.take()));
    }
}

#[inline]
fn replace(handle: Option<ExchangeHandle>) -> Option<ExchangeHandle> {
    CURRENT.with(|current| ManuallyDrop::into_inner(current.replace(ManuallyDrop::new(handle))))
}

/// Marks this thread as the one that delivers: nothing that runs on it is captured.
pub(crate) fn never_capture_on_this_thread() {
    DELIVERING.set(true);
}

pub(super) fn is_delivery_thread() -> bool {
    DELIVERING.get()
}
