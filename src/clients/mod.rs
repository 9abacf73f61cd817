//! One file per outside system: connect, time out, sort errors into faults.

pub mod backoff;
pub mod dataset;
pub mod disk;
pub mod docker;
pub mod generations;
pub mod hosts;
pub mod http;
pub mod leases;
pub mod ledger;
pub mod mqtt;
pub mod nats;
pub mod parts;
pub mod pieces;
pub mod postgres;
pub mod race;
pub mod results;
pub mod retention;
pub mod roots;
pub mod watch;
