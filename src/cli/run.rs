//! `up` and `run`: starts services, shows what flows, applies changes, stops in order.

use crate::app::{App, Options};
use crate::cli::arguments::{Arguments, LogForm, One, Up};
use crate::cli::files::{self, Source};
use crate::cli::live::{self, Live};
use crate::cli::ports::Moved;
use crate::cli::{exit, out, token};
use crate::clients::disk::RealDisk;
use crate::core::kind::About;
use crate::core::options::{Options as ComponentOptions, Setting};
use crate::core::text::append;
use crate::core::thread::spawn;
use crate::core::time::now;
use crate::stack::model::{Body, Service};
use crate::stack::{Stack, builtin};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

/// How often a watched file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What the main thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Stop,
    Reload,
    FlowEnded,
}

pub(super) fn up(arguments: &Arguments, up: &Up) -> exit::Code {
    let mut only = up.only.clone();
    let mut stack = up.stack.clone();
    // In `up --only api users` the last word is the stack, not another service.
    let names_stack = |word: &String| builtin::find(word).is_some() || Path::new(word).is_file();
    if stack.is_none() && only.len() > 1 && only.last().is_some_and(names_stack) {
        stack = only.pop();
    }
    let chosen = Chosen {
        only,
        ports: up.port.clone(),
        replicas: up.scale.clone(),
        is_one: false,
        watch: up.watch,
        peers: up.peers.clone(),
    };
    start(arguments, stack.as_deref(), chosen)
}

pub(super) fn one(arguments: &Arguments, one: &One) -> exit::Code {
    let chosen = Chosen {
        only: vec![one.service.clone()],
        ports: one.port.iter().map(|port| port.of(&one.service)).collect(),
        replicas: Vec::new(),
        is_one: true,
        watch: false,
        peers: one.peers.clone(),
    };
    start(arguments, one.stack.as_deref(), chosen)
}

struct Chosen {
    only: Vec<String>,
    ports: Vec<(String, u16)>,
    replicas: Vec<(String, u32)>,
    is_one: bool,
    watch: bool,
    peers: Vec<String>,
}

/// Named on the command line, or else by the variable that containers set.
fn peers(given: Vec<String>) -> Vec<String> {
    if !given.is_empty() {
        return given;
    }
    #[expect(clippy::disallowed_methods, reason = "it is for the process, not for its stack")]
    let variable = std::env::var("HEADWATER_PEERS").unwrap_or_default();
    let named = variable.split(',').map(str::trim).filter(|peer| !peer.is_empty());
    named.map(str::to_owned).collect()
}

/// Runs a stack whose text is not in a file.
pub(super) fn given(arguments: &Arguments, source: Source) -> exit::Code {
    let (only, ports, replicas, peers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let chosen = Chosen { only, ports, replicas, is_one: false, watch: false, peers };
    start_source(arguments, Ok(source), chosen)
}

fn start(arguments: &Arguments, stack: Option<&str>, chosen: Chosen) -> exit::Code {
    start_source(arguments, files::find(stack), chosen)
}

fn start_source(
    arguments: &Arguments,
    source: Result<Source, exit::Code>,
    chosen: Chosen,
) -> exit::Code {
    // Before anything else: a SIGHUP that nobody handles yet would end the process.
    let (events, inbox) = sync_channel(64);
    if let Err(error) = listen_to_signals(&events) {
        out::error(&format!("signals cannot be handled: {error}"));
        return exit::FAILURE;
    }
    // Of the text that is started: a change while it starts is seen.
    let changed = source.as_ref().ok().and_then(modified);
    let found = source.and_then(|source| {
        let (stack, moved) = files::load_with_ports(&source, &chosen.ports)?;
        Ok((stack, moved, source))
    });
    let (stack, moved, source) = match found {
        Ok(found) => found,
        Err(code) => return code,
    };
    let admin_token = match token::admin(arguments) {
        Ok(token) => token,
        Err(code) => return code,
    };
    let (watch, ports) = (chosen.watch, chosen.ports.clone());
    let options = Options {
        bind: arguments.bind,
        data: arguments.data.clone(),
        admin: arguments.admin,
        admin_token,
        only: chosen.only,
        ports: chosen.ports,
        replicas: chosen.replicas,
        is_one: chosen.is_one,
        is_onlooker: false,
        peers: peers(chosen.peers),
        on_end: Arc::new(move || {
            // A full queue wakes the session anyway.
            events.try_send(Event::FlowEnded).unwrap_or_default();
        }),
    };
    if let Err(wrong) = options.check(&stack) {
        let is_elsewhere =
            options.is_one && options.only.iter().any(|it| stack.service(it).is_none());
        let help = if is_elsewhere { "; name another stack with --stack" } else { "" };
        out::error(&format!("{wrong}{help}"));
        return exit::USAGE;
    }
    let app = match App::start(&stack, Arc::new(RealDisk), options) {
        Ok(app) => app,
        Err(fault) => {
            out::error(fault.reason());
            return exit::FAILURE;
        }
    };
    greet(&app, &stack, arguments);
    tell_moved(&moved, arguments);
    Session { app, stack, source, watch, ports, changed }.run(&inbox)
}

fn modified(source: &Source) -> Option<SystemTime> {
    std::fs::metadata(source.path.as_ref()?).ok()?.modified().ok()
}

/// The first SIGINT or SIGTERM stops in order, a second one at once: everything acknowledged is on disk.
fn listen_to_signals(events: &SyncSender<Event>) -> std::io::Result<()> {
    let is_second = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&is_second))?;
        signal_hook::flag::register(signal, Arc::clone(&is_second))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let events = events.clone();
    spawn("signals", move || {
        for signal in signals.forever() {
            let event = if signal == SIGHUP { Event::Reload } else { Event::Stop };
            if events.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// What runs, and where: lines for a person, or events for a log that a machine reads.
fn greet(app: &App, stack: &Stack, arguments: &Arguments) {
    let lan = if arguments.bind.is_unspecified() { lan_address() } else { None };
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut tell = |service: &str, addresses: Vec<String>, flow: Option<String>| {
        let addresses = addresses.join("  ");
        let flow = flow.unwrap_or_default();
        if arguments.log == LogForm::Json {
            tracing::info!(service, addresses, flow, "started");
        }
        let gap = if addresses.is_empty() || flow.is_empty() { "" } else { "  " };
        rows.push((service.to_owned(), format!("{addresses}{gap}{flow}")));
    };
    if let Some(admin) = app.admin_address() {
        tell("admin", vec![format!("http://{admin}/")], Some("live map, metrics, health".into()));
    }
    for service in app.snapshot().services {
        let mut shown = Vec::new();
        for address in &service.addresses {
            let here = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
            shown.push(here);
            if let Some(lan) = lan {
                shown.push(address.replace("//0.0.0.0:", &format!("//{lan}:")));
            }
        }
        shown.dedup();
        tell(&service.name, shown, named(stack, &service.name).and_then(route_of));
    }
    if arguments.log == LogForm::Text {
        out::tell(&greeting(&stack.name, &rows));
    }
}

/// The names stand in one column, however long they are.
fn greeting(stack: &str, rows: &[(String, String)]) -> String {
    let mut text = format!("headwater {} runs {stack}\n", env!("CARGO_PKG_VERSION"));
    let longest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let width = (longest + 2).max(24);
    for (name, what) in rows {
        append(&mut text, format_args!("  {name:<width$}{what}\n"));
    }
    text
}

/// Which URLs are others than those in the stack file.
fn tell_moved(moved: &[Moved], arguments: &Arguments) {
    for Moved { from, to } in moved {
        if arguments.log == LogForm::Json {
            tracing::info!(from, to, "URLs of the stack to localhost follow the port");
        } else {
            out::tell(&format!(
                "  URLs of the stack to localhost:{from} go to localhost:{to}, where no variable says otherwise\n"
            ));
        }
    }
}

/// The service of that name; a replica `consumer-2` is one of `consumer`.
fn named<'a>(stack: &'a Stack, name: &str) -> Option<&'a Service> {
    stack.service(name).or_else(|| stack.service(name.rsplit_once('-')?.0))
}

/// `http_poll http://localhost:5000/ -> append_file data/numbers.ndjson`
fn route_of(service: &Service) -> Option<String> {
    let flow = match &service.body {
        Body::Flow(flow) => flow,
        Body::View(view) => return Some(format!("view of {}", view.from)),
        Body::Gate(gate) => return Some(format!("gate to {}", gate.to())),
        Body::Server(_) => return None,
    };
    let named = |about: &About, options: &ComponentOptions| {
        let main = about.main.and_then(|main| options.get(main));
        match main {
            Some(Setting::Text(text)) => format!("{} {text}", about.name),
            _ => about.name.to_owned(),
        }
    };
    let sources = flow.sources().map(|source| named(&source.kind.about, &source.options));
    let mut parts = vec![sources.collect::<Vec<_>>().join(", then ")];
    parts.extend(flow.steps.iter().map(|step| step.kind.about.name.to_owned()));
    parts.push(named(&flow.sink.kind.about, &flow.sink.options));
    Some(parts.join(" -> "))
}

/// The address that other machines reach this one by. Connecting a UDP socket sends nothing; it only
/// asks the system which way it would take.
fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A stack that runs until told otherwise.
struct Session {
    app: App,
    stack: Stack,
    source: Source,
    watch: bool,
    /// Of the command line, for a file that is read again.
    ports: Vec<(String, u16)>,
    changed: Option<SystemTime>,
}

impl Session {
    fn run(mut self, events: &Receiver<Event>) -> exit::Code {
        let mut live = Live::new(self.prints());
        loop {
            let mut wake = live.next();
            if self.watch {
                wake = wake.min(now() + LOOK);
            }
            match events.recv_timeout(wake.saturating_duration_since(now())) {
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Event::Reload) => self.reload(),
                Ok(Event::FlowEnded) if self.app.has_ended() => break,
                Ok(Event::FlowEnded) => {}
                Err(RecvTimeoutError::Timeout) => {
                    if self.watch && modified(&self.source) != self.changed {
                        self.changed = modified(&self.source);
                        self.reload();
                    }
                    if now() >= live.next() {
                        live.show(&self.app);
                    }
                }
            }
        }
        live.show(&self.app);
        live::clear();
        let failures = self.app.failures();
        self.app.stop();
        self.app.close();
        for failure in &failures {
            out::error(failure);
        }
        if failures.is_empty() { exit::OK } else { exit::FAILURE }
    }

    fn prints(&self) -> bool {
        self.stack.services.iter().any(|service| match &service.body {
            Body::Flow(flow) => flow.sink.kind.about.name == "print",
            Body::Server(_) | Body::View(_) | Body::Gate(_) => false,
        })
    }

    /// Reads and checks the stack file again; a bad one never touches what runs.
    fn reload(&mut self) {
        live::clear();
        let Some(path) = self.source.path.clone() else {
            tracing::info!("a built-in stack does not change; `headwater init` copies it out");
            return;
        };
        let loaded = files::read(&path).and_then(|source| {
            let (stack, _) = files::load_with_ports(&source, &self.ports)?;
            Ok((stack, source))
        });
        let Ok((stack, source)) = loaded else {
            tracing::error!("the changed stack file is not applied; what runs goes on as it was");
            return;
        };
        match self.app.apply(&stack) {
            Ok(done) if done.is_empty() => tracing::info!("the stack file says nothing new"),
            Ok(done) => tracing::info!("the changed stack file is applied: {}", done.join(", ")),
            Err(reason) => {
                tracing::error!("not applied: {reason}");
                return;
            }
        }
        self.stack = stack;
        self.source = source;
    }
}
