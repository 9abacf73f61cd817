//! One address in front of the replicas of a service: finds them, checks them, spreads requests by load, tries
//! another one where that is safe. The server in front is `server/`; towards the replicas it is hyper's client.

mod answer;
mod budget;
mod config;
mod connections;
mod finding;
mod group;
mod headers;
mod health;
mod limits;
mod member;
mod outgoing;
mod passing;
mod proxy;
mod roster;
mod running;
mod upload;

pub use config::GateConfig;
pub use finding::{Found, Names, system_names};
pub use member::{MemberStatus, Standing};
pub use running::{GateStatus, RunningGate};

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
