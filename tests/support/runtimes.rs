//! The runtimes on which the library has to work, and none at all.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Where a future is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// On a bare thread that parks between the polls.
    None,
    CurrentThread,
    MultiThread,
    Actix,
}

impl Runtime {
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::CurrentThread,
        Self::MultiThread,
        Self::Actix,
    ];

    /// Runs a future to its end.
    pub fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        match self {
            Self::None => park_on(future),
            Self::CurrentThread => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(future),
            Self::MultiThread => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(future),
            Self::Actix => actix_web::rt::System::new().block_on(future),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn park_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
