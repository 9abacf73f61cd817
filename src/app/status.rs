//! What every service is doing right now: read by the live line, `/metrics`, `/health` and `/ready`.

use crate::app::resources::ResourceStatus;
use crate::app::service::Running;
use crate::engine::{FlowMeter, State};
use crate::gate::GateStatus;
use crate::resource::Health;
use crate::server::MeterSnapshot;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// One service.
#[derive(Debug, Clone)]
pub struct ServiceStatus {
    pub name: String,
    pub state: State,
    pub addresses: Vec<String>,
    pub detail: Detail,
}

#[derive(Debug, Clone)]
pub enum Detail {
    Flow {
        meter: Arc<FlowMeter>,
        stored: u64,
        rejected: u64,
        refused: u64,
        faults: u64,
        lag: Duration,
    },
    Server(Box<MeterSnapshot>),
    Gate(Box<GateStatus>),
    /// It did not start; the state says why.
    Nothing,
}

/// All services at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub stack: String,
    pub services: Vec<ServiceStatus>,
    pub resources: Vec<ResourceStatus>,
}

impl Snapshot {
    /// Nothing needs a person.
    pub fn is_healthy(&self) -> bool {
        !self.services.iter().any(|service| matches!(service.state, State::Failed(_)))
    }

    /// Everything has started and every store answers.
    pub fn is_ready(&self) -> bool {
        let is_starting = |service: &ServiceStatus| service.state == State::Starting;
        let is_down = |resource: &ResourceStatus| resource.health != Health::Ready;
        self.is_healthy()
            && !self.services.iter().any(is_starting)
            && !self.resources.iter().any(is_down)
    }
}

pub(super) fn of(name: &str, running: &Running) -> ServiceStatus {
    match running {
        Running::Flow(flow) => {
            let meter = Arc::clone(&flow.meter);
            ServiceStatus {
                name: name.to_owned(),
                state: meter.state(),
                addresses: running.addresses(),
                detail: Detail::Flow {
                    stored: meter.stored_records.load(Relaxed),
                    rejected: meter.rejected.load(Relaxed),
                    refused: meter.refused.load(Relaxed),
                    faults: meter.source_faults.load(Relaxed) + meter.sink_faults.load(Relaxed),
                    lag: meter.oldest_age(),
                    meter,
                },
            }
        }
        Running::View(view) => ServiceStatus {
            name: name.to_owned(),
            state: view.state(),
            addresses: running.addresses(),
            detail: Detail::Server(Box::new(view.snapshot())),
        },
        Running::Gate(gate) => {
            let status = gate.status();
            let nobody = || State::Waiting(format!("no replica of {} is ready", status.to));
            let state = if gate.is_ready() { State::Running } else { nobody() };
            let (name, addresses) = (name.to_owned(), running.addresses());
            ServiceStatus { name, state, addresses, detail: Detail::Gate(Box::new(status)) }
        }
        Running::Server(serving) => ServiceStatus {
            name: name.to_owned(),
            state: State::Running,
            addresses: running.addresses(),
            detail: Detail::Server(Box::new(serving.server.snapshot())),
        },
    }
}
