//! From a checked stack to the files of a deployment. [`plan()`] decides what stands for every target: which services
//! share a process, what is kept where, which variables are set, who waits for whom; [`compose()`], [`swarm()`] and
//! [`kubernetes()`] write it down. Pure: text in, text out.

mod beside;
mod compose;
mod deploy;
mod document;
mod groups;
mod kubernetes;
mod places;
mod plan;
mod pods;
mod swarm;
mod variables;
mod volumes;

pub use compose::compose;
pub use deploy::Deploy;
pub use kubernetes::kubernetes;
pub use places::listen as listens;
pub use plan::{Plan, Request, Wrong, plan};
pub use swarm::swarm;
