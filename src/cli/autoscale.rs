//! `autoscale`: replicas by need, with a line in the log for every decision, and the last one on the map.

use crate::app::{App, Options};
use crate::autoscale::{Asked, Decider, Gauge, Kind, Scaler, Settings, Told, find};
use crate::cli::arguments::{Arguments, Autoscale};
use crate::cli::{doctor, exit, files, out, token};
use crate::clients::disk::RealDisk;
use crate::clients::docker::Engine;
use crate::core::thread::spawn;
use crate::core::time::rfc3339_now;
use crate::core::wait::Wait;
use crate::map::picture::Scaling;
use crate::stack::Stack;
use crate::stack::model::Body;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::time::Duration;

/// An engine that is asked more often has more to do with us than with its containers.
const OFTEN: Duration = Duration::from_millis(100);

pub(super) fn autoscale(arguments: &Arguments, wanted: &Autoscale) -> exit::Code {
    let stack = match files::find(wanted.stack.as_deref()).and_then(|source| files::load(&source)) {
        Ok(stack) => stack,
        Err(code) => return code,
    };
    let asked = match checked(&stack, wanted) {
        Ok(asked) => asked,
        Err(wrong) => {
            out::error(&wrong);
            return exit::USAGE;
        }
    };
    let token = match token::admin(arguments) {
        Ok(token) => token,
        Err(code) => return code,
    };
    match run(arguments, wanted, &stack, Asked { token, ..asked }) {
        Ok(()) => exit::OK,
        Err(reason) => {
            out::error(&reason);
            exit::FAILURE
        }
    }
}

/// Is the service one that can have replicas, and does it have what shall be measured?
fn checked(stack: &Stack, wanted: &Autoscale) -> Result<Asked, String> {
    let (name, kind) = (&wanted.service, wanted.target.kind);
    let Some(service) = stack.service(name) else {
        return Err(stack.lacks(name));
    };
    if wanted.min > wanted.max {
        return Err(format!("--min {} is more than --max {}", wanted.min, wanted.max));
    }
    if wanted.every < OFTEN {
        return Err("--every is at least 100ms".to_owned());
    }
    let is_flow = matches!(service.body, Body::Flow(_));
    match (kind, is_flow) {
        (Kind::Lag, false) => {
            return Err(format!("{name} is no flow, and has no lag; measure its rate or latency"));
        }
        (Kind::Latency, true) => {
            return Err(format!("{name} is a flow, and answers nobody; measure its lag or rate"));
        }
        _ => {}
    }
    let gate = stack.services.iter().find(|it| it.leads_to(name));
    let seen = gate.unwrap_or(service).name.clone();
    Ok(Asked { kind, service: seen, is_flow, from: wanted.from.clone(), token: None })
}

fn run(
    arguments: &Arguments,
    wanted: &Autoscale,
    stack: &Stack,
    mut asked: Asked,
) -> Result<(), String> {
    let engine = Engine::new(&wanted.engine.clone().unwrap_or_else(doctor::usual_engine));
    let project = wanted.project.as_deref().unwrap_or(&stack.name);
    let fleet = find(&engine, &wanted.service, project)?;
    if asked.from.is_empty() {
        asked.from.push(fleet.host(&asked.service));
    }
    let app = App::start(stack, Arc::new(RealDisk), options(arguments, &asked))
        .map_err(|fault| fault.reason().to_owned())?;
    greet(&app, wanted, fleet.name(), &asked);
    let settings = Settings {
        target: wanted.target,
        min: wanted.min,
        max: wanted.max,
        up_after: wanted.up_after,
        down_after: wanted.down_after,
        tolerance: wanted.tolerance,
    };
    let mut scaler = Scaler {
        fleet,
        gauge: Gauge::new(asked, &engine),
        decider: Decider::new(settings),
        every: wanted.every,
        is_dry: wanted.dry_run,
    };
    let wait = Wait::new();
    stop_on_signals(&wait).map_err(|error| format!("signals cannot be handled: {error}"))?;
    scaler.run(&wait, &mut |told| tell(&app, wanted, told));
    app.stop();
    app.close();
    Ok(())
}

/// The map of the whole stack stands here too: those who are asked for numbers are asked for their maps.
fn options(arguments: &Arguments, asked: &Asked) -> Options {
    Options {
        bind: arguments.bind,
        data: arguments.data.clone(),
        admin: arguments.admin,
        admin_token: asked.token.clone(),
        only: Vec::new(),
        ports: Vec::new(),
        replicas: Vec::new(),
        is_one: false,
        is_onlooker: true,
        peers: asked.from.clone(),
        on_end: Arc::new(|| ()),
    }
}

fn greet(app: &App, wanted: &Autoscale, name: &str, asked: &Asked) {
    let admin = app.admin_address().map_or_else(String::new, |it| format!("; map at http://{it}/"));
    let (kind, target) = (asked.kind.word(), wanted.target.show());
    let (min, max) = (wanted.min, wanted.max);
    let from = if asked.kind == Kind::Cpu {
        "the engine".to_owned()
    } else {
        format!("{} at {}", asked.service, asked.from.join(", "))
    };
    let dry = if wanted.dry_run { ", and changes nothing" } else { "" };
    let service = &wanted.service;
    tracing::info!(
        service = %service,
        "keeps {name} at {kind} {target} with {min} to {max} replicas, as {from} says{dry}{admin}"
    );
}

fn tell(app: &App, wanted: &Autoscale, told: &Told) {
    if told.is_news {
        let (service, text) = (&wanted.service, &told.text);
        if told.is_bad {
            tracing::warn!(service = %service, "{text}");
        } else {
            tracing::info!(service = %service, "{text}");
        }
        app.show_scaling(Scaling {
            service: service.clone(),
            replicas: told.replicas,
            min: wanted.min,
            max: wanted.max,
            decision: text.clone(),
            at: rfc3339_now(),
        });
    }
}

/// The first one ends it when what is under way is done, a second one at once.
fn stop_on_signals(wait: &Wait) -> std::io::Result<()> {
    let is_second = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&is_second))?;
        signal_hook::flag::register(signal, Arc::clone(&is_second))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    let wait = wait.clone();
    spawn("signals", move || {
        if signals.forever().next().is_some() {
            wait.stop();
        }
    })?;
    Ok(())
}
