//! A gate of the stack file as one that runs.

use crate::app::service::FindAddresses;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::listen::Networks;
use crate::gate::{Found, GateConfig, RunningGate, system_names};
use crate::server::{Limits, ServerConfig};
use crate::stack::model::Gate;
use std::sync::Arc;

pub(super) fn start(
    gate: &Gate,
    context: &Context,
    addresses: &FindAddresses,
) -> Result<RunningGate, Fault> {
    let config = config(gate)?;
    let (to, find) = (config.to.clone(), Arc::clone(addresses));
    let guesses = gate.port.filter(|port| *port != 0).map(|port| {
        // A swarm's tasks one by one, a service of Compose, processes on this machine.
        let hosts = [format!("tasks.{to}"), to.clone(), "localhost".to_owned()];
        hosts.map(|host| format!("{host}:{port}")).to_vec()
    });
    let found = Found {
        here: Arc::new(move || find(&to)),
        at: gate.options.names("at").to_vec(),
        guesses: guesses.unwrap_or_default(),
        names: system_names(),
    };
    let server = ServerConfig {
        name: context.service.clone(),
        address: gate.listen.socket(context.bind),
        limits: Limits::default(),
    };
    RunningGate::start(config, found, server, &context.stack)
        .map_err(|error| Fault::stop(error.to_string()))
}

fn config(gate: &Gate) -> Result<GateConfig, Fault> {
    let options = &gate.options;
    Ok(GateConfig {
        to: gate.to().to_owned(),
        check: options.text_if("check").map(str::to_owned),
        every: options.duration("every"),
        down_after: options.whole("down_after") as u32,
        up_after: options.whole("up_after") as u32,
        slow_start: options.duration("slow_start"),
        in_flight: options.whole("in_flight") as u32,
        queue: options.whole("queue") as usize,
        wait: options.duration("wait"),
        answer: options.duration("answer"),
        retries: options.whole("retries") as u32,
        body_bytes: options.whole("body"),
        trust: Networks::parse(options.names("trust")).map_err(Fault::stop)?,
        names_replica: options.is_set("name_replica"),
    })
}
