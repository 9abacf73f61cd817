//! The deployment that all targets have in common: processes, what they see, whom they wait for.

use crate::catalog::Catalog;
use crate::render::beside::Beside;
use crate::render::deploy::Deploy;
use crate::render::groups::{groups, stores};
use crate::render::places::{listen, papers};
use crate::render::variables::{self, Wired};
use crate::render::volumes::{Layout, Mount, is_divided, layouts};
use crate::stack::expand::Origin;
use crate::stack::model::{Body, Service};
use crate::stack::variables::Named;
use crate::stack::{Diagnostics, Stack};

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The stack file's name, for messages.
    pub file: &'a str,
    pub text: &'a str,
    /// Its name, if the image has it built in.
    pub builtin: Option<&'a str>,
    pub image: &'a str,
    /// Variables with values; they go before those of `deploy`.
    pub set: &'a [(String, String)],
    /// Services with how many of each run.
    pub scale: &'a [(String, u32)],
    pub deploy: &'a Deploy,
    pub catalog: &'a Catalog,
}

/// Why there is no deployment.
#[derive(Debug)]
pub enum Wrong {
    Stack(Diagnostics),
    /// What is wrong and what to do.
    Request(String),
}

/// Ready to be written down.
#[derive(Debug)]
pub struct Plan {
    pub(super) stack: String,
    pub(super) builtin: Option<String>,
    pub(super) text: String,
    pub(super) image: String,
    pub(super) workloads: Vec<Workload>,
    pub(super) beside: Vec<Beside>,
    pub(super) secrets: Vec<String>,
    pub(super) deploy: Deploy,
    /// What somebody must know or do, whatever the target.
    pub(super) notes: Vec<String>,
}

/// One process.
#[derive(Debug)]
pub(super) struct Workload {
    pub name: String,
    pub services: Vec<String>,
    pub ports: Vec<u16>,
    pub variables: Vec<Variable>,
    /// Read from the environment too, if somebody sets them.
    pub also: Vec<String>,
    pub mounts: Vec<Mount>,
    pub working_directory: Option<&'static str>,
    pub has_state: bool,
    /// It stands in front of the replicas of another, and finds them by that one's name.
    pub is_gate: bool,
    /// A gate stands in front of it, so nobody else has to reach it.
    pub is_behind: bool,
    pub needs: Vec<Need>,
    pub replicas: u32,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub name: String,
    pub value: String,
    /// Given by this deployment, and not the stack's default.
    pub is_fixed: bool,
}

/// Somebody that has to be there first.
#[derive(Debug)]
pub(super) struct Need {
    pub name: String,
    pub has_health: bool,
}

/// Decides what runs and how it hangs together.
pub fn plan(request: &Request) -> Result<Plan, Wrong> {
    let wired = variables::wire(request)?;
    let groups = groups(&wired.stack);
    check_scale(request, &groups)?;
    check_ports(&wired.stack, &request.deploy.beside)?;
    let layouts = layouts(&wired, &groups);
    let mut notes = notes(&wired, &groups, &layouts);
    let mut workloads = Vec::new();
    for (group, layout) in groups.iter().zip(layouts) {
        let mut workload = workload(request, &wired, group, layout);
        check_replicas(&mut workload, group, &mut notes)?;
        workloads.push(workload);
    }
    connect(&mut workloads, &wired.stack, &request.deploy.beside);
    Ok(Plan {
        stack: wired.stack.name.clone(),
        builtin: request.builtin.map(str::to_owned),
        text: request.text.to_owned(),
        image: request.image.to_owned(),
        workloads,
        beside: request.deploy.beside.clone(),
        secrets: wired.secrets,
        deploy: request.deploy.clone(),
        notes,
    })
}

fn check_scale(request: &Request, groups: &[Vec<&Service>]) -> Result<(), Wrong> {
    let names = || groups.iter().flatten().map(|service| service.name.as_str());
    for (name, _) in request.scale {
        if names().any(|known| known == name) {
            continue;
        }
        let help = match crate::core::words::nearest(name, names()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("the services: {}", names().collect::<Vec<_>>().join(", ")),
        };
        return Err(Wrong::Request(format!("--scale names `{name}`, which is no service; {help}")));
    }
    Ok(())
}

/// Two services on one port are a mistake of the stack file already; here are the ports that only containers have.
fn check_ports(stack: &Stack, beside: &[Beside]) -> Result<(), Wrong> {
    for service in &stack.services {
        let Some(listen) = listen(service) else { continue };
        let name = &service.name;
        if listen.port == 0 {
            return Err(Wrong::Request(format!(
                "`{name}` listens on any free port, so nobody could find it; give it one: `listen: 8080`"
            )));
        }
        if listen.address.is_some_and(|address| address.is_loopback()) {
            return Err(Wrong::Request(format!(
                "`{name}` listens on {} alone, which nobody outside of its container can reach; write \
                 `listen: {}`",
                listen.socket(listen.address.unwrap_or([127, 0, 0, 1].into())),
                listen.port
            )));
        }
        if let Some(other) = beside.iter().find(|other| other.name == *name) {
            return Err(Wrong::Request(format!(
                "`{}` is a service of the stack and an image beside it; rename one",
                other.name
            )));
        }
        if let Some(other) = beside.iter().find(|other| other.port == Some(listen.port)) {
            return Err(Wrong::Request(format!(
                "`{name}` and `{}` beside it both listen on port {}; give the service another port",
                other.name, listen.port
            )));
        }
    }
    Ok(())
}

fn check_replicas(
    workload: &mut Workload,
    group: &[&Service],
    notes: &mut Vec<String>,
) -> Result<(), Wrong> {
    let (name, count) = (&workload.name, workload.replicas);
    if count == 0 {
        notes.push(format!("{name} has no replica: it is deployed and does not run"));
    }
    if count < 2 || !workload.has_state {
        return Ok(());
    }
    if !group.iter().all(|service| is_divided(service)) {
        return Err(Wrong::Request(format!(
            "`{name}` keeps state in a volume that only one process may write, so there cannot be {count} of it; \
             leave it at 1, or keep its state in PostgreSQL"
        )));
    }
    notes.push(format!(
        "{name}: each of its {count} workers keeps its dead letters in memory, and they are gone with it; with one \
         worker they are on a volume"
    ));
    workload.mounts.retain(|mount| mount.path != variables::OWN);
    workload.has_state = false;
    Ok(())
}

fn notes(wired: &Wired, groups: &[Vec<&Service>], layouts: &[Layout]) -> Vec<String> {
    let mut notes = Vec::new();
    for (service, address) in variables::still_here(&wired.stack) {
        notes.push(format!(
            "{service} names {address}, which inside its container is the container itself; name the other \
             service instead, by a variable: `${{NAME:-http://{address}/}}` and `--set NAME=http://HOST:PORT/`"
        ));
    }
    for service in &wired.stack.services {
        for (option, path) in papers(service) {
            notes.push(format!(
                "{} reads {path} (`{option}`): bring it into the container, by a volume or a secret in deploy.yaml",
                service.name
            ));
        }
    }
    for group in groups.iter().filter(|group| group.len() > 1) {
        let names: Vec<&str> = group.iter().map(|service| service.name.as_str()).collect();
        notes.push(format!(
            "{} run in one container, because they share what only one process can share: memory, SQLite or a \
             flow's latest records",
            names.join(" and ")
        ));
    }
    for (group, layout) in groups.iter().zip(layouts) {
        let name = group.first().map_or("", |service| &service.name);
        for directory in &layout.foreign {
            notes.push(format!(
                "{name} uses {directory}, which the image does not have: a new volume there belongs to root, and \
                 the image's user 65532 cannot write it; choose a path below /data"
            ));
        }
    }
    for (name, value) in &wired.values {
        if value.split_once("://").is_some_and(|(_, rest)| rest.contains('@')) {
            notes.push(format!(
                "{name} holds a password and stands in the deployment as plain text; put it into a file and set \
                 {name}_FILE to its path"
            ));
        }
    }
    notes
}

fn workload(request: &Request, wired: &Wired, group: &[&Service], layout: Layout) -> Workload {
    let services: Vec<String> = group.iter().map(|service| service.name.clone()).collect();
    let replicas = request.scale.iter().find(|(name, _)| services.contains(name));
    let (variables, also) = environment(wired, group);
    Workload {
        name: services.first().cloned().unwrap_or_default(),
        ports: group.iter().filter_map(|service| Some(listen(service)?.port)).collect(),
        variables,
        also,
        mounts: layout.mounts,
        working_directory: layout.working_directory,
        has_state: layout.has_state,
        is_gate: group.iter().any(|service| matches!(service.body, Body::Gate(_))),
        is_behind: wired
            .stack
            .services
            .iter()
            .any(|gate| services.iter().any(|it| gate.leads_to(it))),
        needs: Vec::new(),
        replicas: replicas.map_or(1, |(_, count)| *count),
        services,
    }
}

/// The variables that the services of a process read: those with values, and those that are empty.
fn environment(wired: &Wired, group: &[&Service]) -> (Vec<Variable>, Vec<String>) {
    let is_read = |named: &Named| match named.path.as_slice() {
        [section, name, ..] if section == "services" => {
            group.iter().any(|service| service.name == *name)
        }
        [section, name, ..] if section == "resources" => {
            group.iter().any(|service| stores(service, name))
        }
        _ => true,
    };
    let (mut variables, mut also): (Vec<Variable>, Vec<String>) = (Vec::new(), Vec::new());
    for named in &wired.named {
        for used in &named.uses {
            let name = &used.name;
            let is_known = variables.iter().any(|known| known.name == *name);
            let is_wanted = is_read(named) || wired.required.contains(name);
            if is_known || !is_wanted || wired.secrets.contains(name) {
                continue;
            }
            let is_fixed = wired.values.iter().any(|(fixed, _)| fixed == name);
            let is_default = used.origin == Origin::Default { is_derived: false };
            if !used.value.is_empty() && (is_fixed || is_default) {
                let (name, value) = (name.clone(), used.value.clone());
                variables.push(Variable { name, value, is_fixed });
            } else if !also.contains(name) {
                also.push(name.clone());
            }
        }
    }
    also.retain(|name| !variables.iter().any(|known| known.name == *name));
    (variables, also)
}

/// Who waits for whom: by `needs`, and by the names that stand in addresses.
fn connect(workloads: &mut [Workload], stack: &Stack, beside: &[Beside]) {
    let of_stack: Vec<(String, Vec<String>)> =
        workloads.iter().map(|it| (it.name.clone(), it.services.clone())).collect();
    for workload in workloads {
        let is_own = |name: &String| workload.services.contains(name);
        let needed = |names: &[String]| {
            let mut services = stack.services.iter().filter(|service| is_own(&service.name));
            services.any(|service| {
                service.needs.iter().any(|need| names.contains(need))
                    || names.iter().any(|name| service.leads_to(name))
            })
        };
        let named = |host: &str| {
            workload.variables.iter().any(|variable| names_host(&variable.value, host))
                || literal(stack, &workload.services).iter().any(|text| names_host(text, host))
        };
        let mut needs = Vec::new();
        for (name, services) in &of_stack {
            if *name != workload.name && (needed(services) || named(name)) {
                needs.push(Need { name: name.clone(), has_health: true });
            }
        }
        for other in beside.iter().filter(|other| named(&other.name)) {
            needs.push(Need { name: other.name.clone(), has_health: !other.health.is_empty() });
        }
        workload.needs = needs;
    }
}

/// URLs that stand in the stack file without a variable.
fn literal(stack: &Stack, services: &[String]) -> Vec<String> {
    let own = stack.services.iter().filter(|service| services.contains(&service.name));
    let urls = own.filter_map(|service| match &service.body {
        Body::Server(_) | Body::Gate(_) => None,
        Body::View(view) => view.from.url(),
        Body::Flow(flow) => {
            let url = |options: &'_ crate::core::options::Options| {
                matches!(options.get("url"), Some(crate::core::options::Setting::Text(_)))
            };
            flow.ends().map(|(_, options)| options).find(|options| url(options))?.text_if("url")
        }
    });
    urls.map(str::to_owned).collect()
}

/// `http://HOST/`, `HOST:5432`, `user@HOST` or the bare name.
fn names_host(value: &str, host: &str) -> bool {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    rest.split(':').next() == Some(host)
}

impl Plan {
    /// Where a container finds the stack.
    pub(super) fn stack_argument(&self) -> &str {
        self.builtin.as_deref().unwrap_or("/headwater.yaml")
    }

    /// What a container runs.
    pub(super) fn command(&self, workload: &Workload) -> Vec<String> {
        let stack = self.stack_argument();
        let words = match workload.services.as_slice() {
            [one] => vec!["run", one, "--stack", stack],
            several => {
                let names = several.iter().map(String::as_str);
                ["up", stack, "--only"].into_iter().chain(names).collect()
            }
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// The files that a deployment needs beside its own: names and texts.
    pub fn files(&self) -> Vec<(String, String)> {
        match self.builtin {
            Some(_) => Vec::new(),
            None => vec![("headwater.yaml".to_owned(), self.text.clone())],
        }
    }

    /// Volumes that containers of several processes see, first use first.
    pub(super) fn volumes(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let own = self.workloads.iter().flat_map(|it| &it.mounts).map(|mount| &mount.volume);
        let theirs = self.beside.iter().flat_map(|it| &it.volumes).map(|(name, _)| name);
        for name in own.chain(theirs) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }
}

/// A secret's name where it is a file: `API_TOKEN` is `api_token`.
pub(super) fn file_of(secret: &str) -> String {
    secret.to_ascii_lowercase()
}
