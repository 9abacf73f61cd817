//! One look at everything, in order, never longer than a bound.

use crate::clients::docker::Engine;
use crate::core::disk::Disk;
use crate::core::thread::spawn;
use crate::doctor::clock::clock;
use crate::doctor::finding::Finding;
use crate::doctor::machine::Machine;
use crate::doctor::{kernel, nodes, ports, storage};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// For all checks together; a disk that hangs, or an engine that never ends an answer, must not hold this up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Patient {
    /// What stands for `/`.
    pub root: PathBuf,
    /// The socket of a Docker engine.
    pub engine: PathBuf,
    pub data: PathBuf,
    pub image: String,
    /// Services with what they listen on.
    pub ports: Vec<(String, SocketAddr)>,
    /// Is the deployment meant for a Swarm, whatever this machine is in now?
    pub for_swarm: bool,
    /// Milliseconds of the clock.
    pub now: i64,
}

/// Everything that was found, in a fixed order.
pub fn visit(patient: &Patient, disk: Arc<dyn Disk>) -> Vec<Finding> {
    let (sender, findings) = sync_channel(1024);
    let looked = patient.clone();
    let tell = move |finding| {
        // Nobody listens any more when the time is over.
        sender.send(finding).unwrap_or_default();
    };
    if let Err(error) = spawn("doctor", move || look(&looked, &*disk, &tell)) {
        return vec![Finding::fails("doctor", format!("no thread can be started: {error}"))];
    }
    let mut found = Vec::new();
    let end = crate::core::time::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(crate::core::time::now());
        match findings.recv_timeout(left) {
            Ok(finding) => found.push(finding),
            Err(RecvTimeoutError::Disconnected) => return found,
            Err(RecvTimeoutError::Timeout) => {
                let seconds = PATIENCE.as_secs();
                let what = format!("what comes next did not answer within {seconds} s");
                let cure = "a disk or a network file system that hangs, mostly: `df`, `mount`";
                found.push(Finding::fails("doctor", what).cure(cure));
                return found;
            }
        }
    }
}

fn look(patient: &Patient, disk: &dyn Disk, tell: &dyn Fn(Finding)) {
    let machine = Machine::new(&patient.root);
    let learnt = nodes::ask(&Engine::new(&patient.engine), &patient.image, patient.now);
    let in_swarm = learnt.in_swarm || patient.for_swarm;
    tell(kernel::vxlan(&machine, in_swarm));
    tell(kernel::ipvs(&machine, in_swarm));
    tell(kernel::memory(&machine));
    tell(kernel::page_size(&machine));
    tell(kernel::inotify(&machine));
    tell(clock(patient.now));
    tell(storage::data(disk, &patient.data));
    tell(storage::room(disk, &patient.data));
    for (name, address) in &patient.ports {
        tell(ports::service(&machine, name, *address));
    }
    if patient.for_swarm && !learnt.in_swarm {
        ports::swarm().into_iter().for_each(tell);
    }
    learnt.findings.into_iter().for_each(tell);
}
