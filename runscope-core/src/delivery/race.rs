//! Waiting for the first of two.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Which of the two was ready; the first where both were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the first of two, and drops the other.
pub(super) async fn race<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> First<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if let Poll::Ready(value) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(value));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn the_first_that_is_ready_wins() {
        assert_eq!(race(ready(1), ready(2)).await, First::One(1));
        assert_eq!(race(pending::<()>(), ready(2)).await, First::Other(2));
        assert_eq!(race(ready(1), pending::<()>()).await, First::One(1));
    }
}
