//! Two pieces of work on one thread: the first of them, or both together.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// What ended first.
#[derive(Debug)]
pub enum Either<A, B> {
    First(A),
    Second(B),
}

/// Ends with whichever ends first; when both have ended, the first one counts.
pub async fn either<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Either<A, B> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(ended) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(ended));
        }
        second.as_mut().poll(context).map(Either::Second)
    })
    .await
}

/// Both, side by side: on one connection the second statement travels with the first.
pub async fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    poll_fn(|context| {
        if one.is_none()
            && let Poll::Ready(ended) = first.as_mut().poll(context)
        {
            one = Some(ended);
        }
        if other.is_none()
            && let Poll::Ready(ended) = second.as_mut().poll(context)
        {
            other = Some(ended);
        }
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (left, right) => {
                (one, other) = (left, right);
                Poll::Pending
            }
        }
    })
    .await
}
