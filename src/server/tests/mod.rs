//! Tests of the server as a client sees it: raw bytes over real sockets.

mod bodies;
mod framing_attacks;
mod lifecycle;
mod limit_tests;
mod properties;
mod protocol;
mod routing;
mod streams;
mod support;
