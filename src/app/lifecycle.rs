//! Starting, changing and stopping the services of a stack, in order.

use crate::app::map::{self, Keeper, Looking, Place};
use crate::app::resources::Resources;
use crate::app::service::{
    self, Around, FindAddresses, FindCaches, FindFlows, OnEnd, Running, with_port,
};
use crate::app::status::{self, Detail, ServiceStatus, Snapshot};
use crate::app::{admin, seed};
use crate::core::context::{Context, Pauses, Seed};
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::core::limits::COMMIT_BYTES;
use crate::engine::{FlowMeter, State};
use crate::map::picture::Scaling;
use crate::server::RunningServer;
use crate::stack::model::{Body, Service};
use crate::stack::{Stack, scale};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the command line decides.
#[derive(Clone)]
pub struct Options {
    pub bind: IpAddr,
    pub data: PathBuf,
    /// `None`: 127.0.0.1:7070, or the next free port.
    pub admin: Option<SocketAddr>,
    /// What the admin listener wants to see, and what peers are shown.
    pub admin_token: Option<String>,
    /// Only these services; empty: all.
    pub only: Vec<String>,
    pub ports: Vec<(String, u16)>,
    pub replicas: Vec<(String, u32)>,
    /// This process is one of the workers, as a container is.
    pub is_one: bool,
    /// Nothing of the stack runs here: this process shows the map, and what it decides about the others.
    pub is_onlooker: bool,
    /// Admin listeners of other processes of the stack, for one map of all.
    pub peers: Vec<String>,
    /// Called whenever a flow has come to its end.
    pub on_end: OnEnd,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Options").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Options {
    /// Do the services that the command line names exist, and can they do what it says?
    pub fn check(&self, stack: &Stack) -> Result<(), String> {
        self.choose(stack).map(|_| ())
    }

    /// The stack as the map shall know it: URLs lead to the ports that the command line names. One of 0 is not known
    /// yet.
    fn with_ports(&self, stack: &Stack) -> Stack {
        let mut stack = stack.clone();
        for (name, port) in self.ports.iter().filter(|(_, port)| *port != 0) {
            let service = stack.services.iter_mut().find(|service| service.name == *name);
            // Whether a port can be given is checked where the service is started.
            service.map_or(Ok(()), |service| with_port(service, *port)).unwrap_or_default();
        }
        stack
    }

    /// The services that shall run, with the ports and replicas of the command line.
    fn choose(&self, stack: &Stack) -> Result<Vec<Service>, String> {
        let named = self.only.iter().chain(self.ports.iter().map(|(name, _)| name));
        for name in named.chain(self.replicas.iter().map(|(name, _)| name)) {
            if stack.service(name).is_none() {
                return Err(stack.lacks(name));
            }
        }
        let mut chosen = Vec::new();
        if self.is_onlooker {
            return Ok(chosen);
        }
        for service in &stack.services {
            if !self.only.is_empty() && !self.only.contains(&service.name) {
                continue;
            }
            let mut service = service.clone();
            if let Some((_, port)) = self.ports.iter().find(|(name, _)| *name == service.name) {
                with_port(&mut service, *port)?;
            }
            let replicas = self.replicas.iter().find(|(name, _)| *name == service.name);
            let of_file = if let Body::Flow(flow) = &service.body { flow.scale } else { 1 };
            // A process that runs one service is one worker: what starts it starts as many as there shall be.
            let usual = if self.is_one { 1 } else { of_file };
            let count = replicas.map_or(usual, |(_, count)| *count);
            let is_gated = stack.services.iter().any(|it| it.leads_to(&service.name));
            chosen.extend(replicate(&service, count, is_gated)?);
        }
        Ok(chosen)
    }
}

/// A running stack.
#[derive(Debug)]
pub struct App {
    disk: Arc<dyn Disk>,
    options: Options,
    seed: Seed,
    stack: String,
    services: Arc<Mutex<Vec<Entry>>>,
    resources: Resources,
    keeper: Keeper,
    looking: Mutex<Option<Looking>>,
    admin: Option<RunningServer>,
}

/// A service as the stack has it, with what runs of it.
#[derive(Debug)]
struct Entry {
    service: Service,
    running: Result<Running, String>,
}

impl Entry {
    /// Is it the service of that name, or `NAME-2`?
    fn is_replica_of(&self, wanted: &str) -> bool {
        let name = &self.service.name;
        let replica = name.rsplit_once('-').filter(|(_, number)| number.parse::<u32>().is_ok());
        name == wanted || replica.is_some_and(|(base, _)| base == wanted)
    }

    /// A server on the same port, with other routes.
    fn serves_like(&self, service: &Service) -> bool {
        match (&self.running, &self.service.body, &service.body) {
            (Ok(Running::Server(_)), Body::Server(old), Body::Server(new)) => {
                old.listen == new.listen
            }
            _ => false,
        }
    }
}

impl App {
    /// Starts the services in the order of their needs. One that cannot start (a port in use) is an
    /// error here; the caller decides that nothing of the stack shall run then.
    pub fn start(stack: &Stack, disk: Arc<dyn Disk>, options: Options) -> Result<Self, Fault> {
        let data = options.data.join(&stack.name);
        let seed = seed::of(stack.seed, &disk, &data)?;
        let resources = Resources::new(&stack.name, data.clone(), &stack.resources);
        let (stack_name, services) = (stack.name.clone(), Arc::default());
        let place = Place { disk: Arc::clone(&disk), directory: data };
        let view = view(stack_name.clone(), Arc::clone(&services), resources.clone());
        let keeper = Keeper::new(&options.with_ports(stack), Arc::clone(&view), place);
        let mut app = Self {
            disk,
            options,
            seed,
            stack: stack_name,
            services,
            resources,
            keeper,
            looking: Mutex::default(),
            admin: None,
        };
        let token = app.options.admin_token.as_deref();
        app.admin = Some(admin::start(app.options.admin, token, &view, &app.keeper)?);
        for service in app.options.choose(stack).map_err(Fault::stop)? {
            let running = app.start_one(&service);
            if let Err(fault) = running {
                app.stop();
                return Err(fault);
            }
            app.lock().push(Entry { service, running: running.map_err(|fault| fault.to_string()) });
        }
        let token = app.options.admin_token.as_deref();
        app.looking = Mutex::new(Some(app.keeper.look(&app.options.peers, token)?));
        Ok(app)
    }

    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(RunningServer::address)
    }

    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.stack, &self.services, &self.resources)
    }

    /// Puts a decision on the map.
    pub fn show_scaling(&self, scaling: Scaling) {
        self.keeper.scale(scaling);
    }

    /// What a flow delivered last, as it may be shown.
    pub fn last_record(&self, meter: &FlowMeter) -> Option<String> {
        let seen = meter.last_records.seen();
        seen.last().map(|seen| map::record(seen, &self.keeper.secrets()).text)
    }

    /// Nothing runs any more: all flows came to the end of their sources, and no server is there.
    pub fn has_ended(&self) -> bool {
        self.lock().iter().all(|entry| match &entry.running {
            Ok(Running::Flow(flow)) => flow.has_ended(),
            Ok(Running::Server(_) | Running::View(_) | Running::Gate(_)) => false,
            Err(_) => true,
        })
    }

    /// The reasons of services that cannot go on.
    pub fn failures(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        let failed = snapshot.services.iter().filter_map(|service| match &service.state {
            State::Failed(reason) => Some(format!("{}: {reason}", service.name)),
            _ => None,
        });
        failed.collect()
    }

    /// Applies a changed stack: what did not change goes on running, untouched. Answers what was done.
    pub fn apply(&self, stack: &Stack) -> Result<Vec<String>, String> {
        if stack.name != self.stack {
            let names = (&self.stack, &stack.name);
            return Err(format!(
                "the stack's name changed from {} to {}: start it anew",
                names.0, names.1
            ));
        }
        let wanted = self.options.choose(stack)?;
        self.keeper.change(&self.options.with_ports(stack));
        let changed = self.resources.change(&stack.resources);
        let (kept, mut leaving): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut *self.lock()).into_iter().partition(|entry| {
                entry.running.is_ok()
                    && wanted.contains(&entry.service)
                    && !entry.service.uses(&changed)
            });
        // What goes on is back in place before anything is waited for.
        *self.lock() = kept;
        let mut done = Vec::new();
        let mut starting = Vec::new();
        for service in wanted {
            if self.lock().iter().any(|entry| entry.service.name == service.name) {
                continue;
            }
            let old = leaving.iter().position(|entry| entry.service.name == service.name);
            done.push(format!(
                "{} {}",
                service.name,
                if old.is_some() { "changed" } else { "added" }
            ));
            match old.map(|at| leaving.swap_remove(at)) {
                Some(old) if old.serves_like(&service) => self.put(self.change(old, service)),
                Some(old) => {
                    stop_all(vec![old]);
                    starting.push(service);
                }
                None => starting.push(service),
            }
        }
        done.extend(leaving.iter().map(|entry| format!("{} removed", entry.service.name)));
        stop_all(leaving);
        for service in starting {
            let running = self.start_one(&service);
            self.put((service, running));
        }
        Ok(done)
    }

    fn put(&self, (service, running): (Service, Result<Running, Fault>)) {
        let running = running.map_err(|fault| fault.to_string());
        if let Err(reason) = &running {
            tracing::error!(service = %service.name, "{reason}");
        }
        self.lock().push(Entry { service, running });
    }

    /// Gives a running server its new routes.
    fn change(&self, old: Entry, service: Service) -> (Service, Result<Running, Fault>) {
        let running = match (old.running, &service.body) {
            (Ok(Running::Server(serving)), Body::Server(server)) => serving
                .change(server, &self.context(&service), &self.resources)
                .map(Running::Server),
            _ => self.start_one(&service),
        };
        (service, running)
    }

    /// Sources first, then what is under way, then servers.
    pub fn stop(&self) {
        let looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(looking) = looking {
            looking.stop();
        }
        stop_all(std::mem::take(&mut *self.lock()));
        self.resources.close();
    }

    /// Ends the admin listener; the last thing.
    pub fn close(self) {
        if let Some(admin) = self.admin {
            admin.stop_and_wait(Duration::from_secs(1));
        }
    }

    fn start_one(&self, service: &Service) -> Result<Running, Fault> {
        let on_end = Arc::clone(&self.options.on_end);
        let around = Around {
            resources: self.resources.clone(),
            flows: self.flows(),
            caches: self.caches(),
            addresses: self.addresses(),
        };
        service::start(service, self.context(service), &around, on_end)
    }

    fn context(&self, service: &Service) -> Context {
        Context {
            stack: self.stack.clone(),
            service: service.name.clone(),
            data: self.options.data.join(&self.stack).join(&service.name),
            disk: Arc::clone(&self.disk),
            seed: self.seed,
            bind: self.options.bind,
            pauses: Pauses::default(),
            resources: Arc::new(self.resources.clone()),
            commit_bytes: COMMIT_BYTES,
            takes_in: false,
            tenure: None,
        }
    }

    /// For views; a flow that is started anew has another meter.
    fn flows(&self) -> FindFlows {
        let services = Arc::clone(&self.services);
        Arc::new(move |wanted| {
            let services = services.lock().unwrap_or_else(PoisonError::into_inner);
            let is_it = |entry: &&Entry| entry.is_replica_of(wanted);
            let flow = |entry: &Entry| match &entry.running {
                Ok(Running::Flow(flow)) => Some(Arc::clone(&flow.meter)),
                _ => None,
            };
            services.iter().filter(is_it).filter_map(flow).collect()
        })
    }

    fn caches(&self) -> FindCaches {
        let (resources, keeper) = (self.resources.clone(), self.keeper.clone());
        Arc::new(move |name| {
            let mut all = resources.counts(name);
            if let Some(elsewhere) = keeper.cache_elsewhere(name) {
                all.get_or_insert_default().add(&elsewhere);
            }
            all
        })
    }

    /// For gates; a replica that stops is no longer among the services.
    fn addresses(&self) -> FindAddresses {
        let services = Arc::clone(&self.services);
        Arc::new(move |wanted| {
            let services = services.lock().unwrap_or_else(PoisonError::into_inner);
            let all = services.iter().filter(|entry| entry.is_replica_of(wanted));
            all.filter_map(|entry| entry.running.as_ref().ok()?.socket()).collect()
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn view(
    stack: String,
    services: Arc<Mutex<Vec<Entry>>>,
    resources: Resources,
) -> Arc<dyn Fn() -> Snapshot + Send + Sync> {
    Arc::new(move || snapshot(&stack, &services, &resources))
}

fn snapshot(stack: &str, services: &Mutex<Vec<Entry>>, resources: &Resources) -> Snapshot {
    let services = services.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |entry: &Entry| match &entry.running {
        Ok(running) => status::of(&entry.service.name, running),
        Err(reason) => ServiceStatus {
            name: entry.service.name.clone(),
            state: State::Failed(reason.clone()),
            addresses: Vec::new(),
            detail: Detail::Nothing,
        },
    };
    let (stack, services) = (stack.to_owned(), services.iter().map(of).collect());
    Snapshot { stack, services, resources: resources.status() }
}

fn stop_all(entries: Vec<Entry>) {
    let (flows, servers): (Vec<Running>, Vec<Running>) = entries
        .into_iter()
        .filter_map(|entry| entry.running.ok())
        .partition(|running| matches!(running, Running::Flow(_)));
    // Views too: what they follow may be a server of this stack.
    flows.iter().chain(&servers).for_each(Running::stop);
    flows.into_iter().for_each(Running::join);
    // What stands in front ends first, or it would ask those that are gone.
    let (gates, servers): (Vec<Running>, Vec<Running>) =
        servers.into_iter().partition(|running| matches!(running, Running::Gate(_)));
    gates.into_iter().for_each(Running::join);
    servers.into_iter().for_each(Running::join);
}

/// Several of one service in this process: each with a name, a stream and a checkpoint of its own. Of a server behind a
/// gate, the first keeps the port and the others take free ones: the gate finds them.
fn replicate(service: &Service, count: u32, is_gated: bool) -> Result<Vec<Service>, String> {
    let numbered = |number| {
        let mut one = service.clone();
        match &mut one.body {
            Body::Flow(flow) if count == 1 => *flow = scale::numbered(flow, number),
            Body::Flow(flow) => *flow = scale::one_of_several(flow, number),
            Body::Server(server) if number > 1 => server.listen.port = 0,
            Body::Server(_) | Body::View(_) | Body::Gate(_) => {}
        }
        one
    };
    if count == 1 {
        return Ok(vec![numbered(1)]);
    }
    let name = &service.name;
    let why_not = match &service.body {
        Body::Server(_) if is_gated => None,
        Body::Server(_) => Some(format!(
            "a server's port can be had only once; put a gate in front of it: \
             `listen: PORT` and `gate: {name}`"
        )),
        Body::View(_) | Body::Gate(_) => Some("its port can be had only once".to_owned()),
        Body::Flow(flow) => {
            scale::why_not(flow).map(|(reason, remedy)| format!("{reason}; {remedy}"))
        }
    };
    if let Some(why_not) = why_not {
        return Err(format!("`{name}` cannot run {count} times in one process: {why_not}"));
    }
    Ok((1..=count)
        .map(|number| Service { name: format!("{name}-{number}"), ..numbered(number) })
        .collect())
}
