//! Tests of the server as a client sees it: raw bytes over real sockets.

#![expect(
    clippy::disallowed_methods,
    reason = "the clients of a test have threads and clocks of their own"
)]

mod bodies;
mod framing_attacks;
mod gates;
mod lifecycle;
mod limit_tests;
mod properties;
mod protocol;
mod routing;
mod streams;
pub(crate) mod support;
