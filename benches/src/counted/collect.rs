use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::task::Poll;

/// What valgrind is told to count: this function and what it calls. It must not be the last thing
/// that it does, or the compiler would jump out of it.
#[inline(never)]
pub fn collected(run: &mut dyn FnMut()) {
    run();
    black_box(());
}

/// Its name in the program.
pub const COLLECTED: &str = "runscope_benches::counted::collect::collected";

/// Runs a future, each poll of it in [`collected`] where it is to be counted.
pub async fn collect<T>(is_counted: bool, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let mut polled = Poll::Pending;
        let mut poll = || polled = future.as_mut().poll(cx);
        match is_counted {
            true => collected(&mut poll),
            false => poll(),
        }
        polled
    })
    .await
}
