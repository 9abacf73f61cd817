//! NATS with JetStream: one background thread owns a connection, and a flow's threads talk to it through bounded
//! queues.
//!
//! Reading order: [`Address`] says where and with which login; [`Claims`] is what the stack file says of a stream;
//! [`Reading`] gives blocks of messages and takes acknowledgements; [`Publishing`] sends messages and says when the
//! stream has them. The API of JetStream is asked in its JSON, so that every server from 2.9 on understands it.

mod address;
mod answer;
mod background;
mod bucket;
mod connection;
mod consumer;
mod look;
mod publishing;
mod pull;
mod reading;
mod seen;
mod session;
mod stream;
mod subject;
mod whole;

pub use address::{Address, LOGIN};
pub use bucket::Bucket;
pub use connection::Connection;
pub use consumer::{Plan, Start};
pub use publishing::{Limits, Outgoing, Publishing, Target};
pub use reading::{Block, Delivered, Payload, Reading};
pub use stream::{CLAIMS, Claims};
pub use subject::{filter_of, is_subject, matches, name_of};
pub use whole::Whole;
