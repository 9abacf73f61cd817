//! Which values the variables of a stack get in containers: addresses that named this machine name the other service,
//! directories become places that are kept, and what must not be read by others comes from files.

use crate::core::options::Setting;
use crate::core::words::nearest;
use crate::render::groups::groups;
use crate::render::places::{Place, clean, is_within, listen, places};
use crate::render::plan::{Request, Wrong};
use crate::resource::StoreConfig;
use crate::stack::expand::Origin;
use crate::stack::model::{Body, Service};
use crate::stack::variables::{Named, named};
use crate::stack::{Environment, Stack, load};

/// Where the image keeps what one service owns, and what several share; both belong to its user.
pub(super) const OWN: &str = "/data";
pub(super) const SHARED: &str = "/shared-data";

/// A chain of values that follow each other ends long before this.
const ROUNDS: usize = 64;

/// The stack as it will be inside the containers.
pub(super) struct Wired {
    pub stack: Stack,
    pub named: Vec<Named>,
    /// Values that are not the stack file's defaults.
    pub values: Vec<(String, String)>,
    /// Variables without a default: no process could read the stack without them.
    pub required: Vec<String>,
    /// Variables whose values come from files.
    pub secrets: Vec<String>,
    /// Directories as the stack file has them, with whether several processes use them.
    pub shared: Vec<(Place, bool)>,
}

pub(super) fn wire(request: &Request) -> Result<Wired, Wrong> {
    let mut values = request.deploy.variables.clone();
    values.retain(|(name, _)| !request.set.iter().any(|(set, _)| set == name));
    values.extend(request.set.iter().cloned());
    let secrets = secrets(request, &values);
    check_names(request, &values, &secrets)?;
    let required = missing(request);
    let mut shared: Option<Vec<(Place, bool)>> = None;
    let mut round = 0;
    loop {
        let environment = environment(&values, &secrets);
        let (stack, _) = load(request.file, request.text, request.catalog, &environment)
            .map_err(Wrong::Stack)?;
        let named = named(request.text, &environment);
        let shared = &*shared.get_or_insert_with(|| with_sharing(&stack));
        round += 1;
        let next = address(&stack, &named).or_else(|| directory(&stack, &named, shared));
        let Some(value) = next.filter(|_| round < ROUNDS) else {
            let shared = shared.clone();
            return Ok(Wired { stack, named, values, required, secrets, shared });
        };
        values.push(value);
    }
}

fn environment(values: &[(String, String)], secrets: &[String]) -> Environment {
    // What stands in the file later is not known here; anything makes the rest of the stack readable.
    let hidden = secrets.iter().map(|name| (name.clone(), "hidden".to_owned()));
    Environment::Given(values.iter().cloned().chain(hidden).collect())
}

/// A value for a variable that nothing reads is a misspelt one.
fn check_names(
    request: &Request,
    values: &[(String, String)],
    secrets: &[String],
) -> Result<(), Wrong> {
    let named = named(request.text, &environment(values, secrets));
    let known = || named.iter().flat_map(|named| &named.uses).map(|used| used.name.as_str());
    let Some((name, _)) = values.iter().find(|(name, _)| !known().any(|it| it == name)) else {
        return Ok(());
    };
    let help = match nearest(name, known()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "`headwater stacks show NAME` shows what a stack reads".to_owned(),
    };
    let who = if request.set.iter().any(|(set, _)| set == name) { "--set" } else { "deploy.yaml" };
    Err(Wrong::Request(format!(
        "{who} gives `{name}` a value, which the stack does not read; {help}"
    )))
}

fn missing(request: &Request) -> Vec<String> {
    let named = named(request.text, &Environment::Given(Vec::new()));
    let uses = named.into_iter().flat_map(|named| named.uses);
    uses.filter(|used| used.origin == Origin::Missing).map(|used| used.name).collect()
}

/// Tokens, and variables with a telling name that nobody gives a value.
fn secrets(request: &Request, values: &[(String, String)]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let environment = Environment::Given(values.to_vec());
    for used in named(request.text, &environment).iter().flat_map(|named| &named.uses) {
        let is_given = values.iter().any(|(name, _)| *name == used.name);
        let is_secret = match used.origin {
            Origin::Token => true,
            Origin::Missing => sounds_secret(&used.name),
            _ => false,
        };
        if is_secret && !is_given && !found.contains(&used.name) {
            found.push(used.name.clone());
        }
    }
    found
}

fn sounds_secret(name: &str) -> bool {
    let words = ["PASSWORD", "PASS", "TOKEN", "SECRET", "KEY", "CREDENTIALS"];
    let last = name.rsplit('_').next().unwrap_or(name);
    words.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// A default that names this machine and the port of another service.
fn address(stack: &Stack, named: &[Named]) -> Option<(String, String)> {
    let groups = groups(stack);
    let hosts: Vec<(u16, &str)> = groups
        .iter()
        .filter_map(|group| Some((group, group.first()?)))
        .flat_map(|(group, first)| group.iter().map(move |service| (service, &first.name)))
        .filter_map(|(service, host)| Some((listen(service)?.port, host.as_str())))
        .collect();
    named.iter().flat_map(|named| &named.uses).find_map(|used| {
        let is_own = used.origin == Origin::Default { is_derived: false };
        let moved = is_own.then(|| with_hosts(&used.value, &hosts)).flatten()?;
        Some((used.name.clone(), moved))
    })
}

fn with_hosts(value: &str, hosts: &[(u16, &str)]) -> Option<String> {
    let mut moved = value.to_owned();
    for (port, host) in hosts {
        for here in HERE {
            let (from, to) = (format!("//{here}:{port}"), format!("//{host}:{port}"));
            let at = moved.find(&from).filter(|at| {
                let behind = moved.get(at + from.len()..).unwrap_or_default();
                !behind.starts_with(|c: char| c.is_ascii_digit())
            });
            if at.is_some() {
                moved = moved.replacen(&from, &to, 1);
            }
        }
    }
    (moved != value).then_some(moved)
}

const HERE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Services and the addresses on this machine that they still name: inside a container that is the container itself.
pub(super) fn still_here(stack: &Stack) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for service in &stack.services {
        let mut told = |text: &str| {
            let host = text.split_once("//").map_or("", |(_, rest)| rest);
            let host = host.split(['/', '?']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            let is_here = HERE.iter().any(|here| host.strip_prefix(here).is_some_and(is_port));
            if is_here {
                found.push((service.name.clone(), host.to_owned()));
            }
        };
        texts(service).into_iter().for_each(&mut told);
        for resource in &stack.resources {
            if !service.uses(std::slice::from_ref(&resource.schema.name)) {
                continue;
            }
            if let StoreConfig::Postgres(url) = &resource.store {
                told(&url.0);
            }
            if let Some(url) = resource.cache.as_ref().and_then(|cache| cache.redis.as_ref()) {
                told(&url.0);
            }
        }
    }
    found.dedup();
    found
}

fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(':')
}

/// The texts among a service's settings that can be addresses.
fn texts(service: &Service) -> Vec<&str> {
    match &service.body {
        Body::Server(_) => Vec::new(),
        Body::View(view) => view.from.url().into_iter().collect(),
        Body::Gate(gate) => gate.options.iter().filter_map(text).collect(),
        Body::Flow(flow) => {
            flow.ends().flat_map(|(_, options)| options.iter()).filter_map(text).collect()
        }
    }
}

fn text<'a>((_, setting): (&'static str, &'a Setting)) -> Option<&'a str> {
    match setting {
        Setting::Text(text) => Some(text),
        _ => None,
    }
}

/// Which directories more than one process uses.
fn with_sharing(stack: &Stack) -> Vec<(Place, bool)> {
    let groups = groups(stack);
    let group_of = |name: &str| {
        groups.iter().position(|group| group.iter().any(|service| service.name == name))
    };
    let all = places(stack);
    let is_shared = |one: &Place| {
        all.iter().any(|other| {
            let overlaps = is_within(&one.directory, &other.directory)
                || is_within(&other.directory, &one.directory);
            overlaps && group_of(&one.service) != group_of(&other.service)
        })
    };
    all.iter().map(|place| (place.clone(), is_shared(place))).collect()
}

/// A default that begins a path which is not yet absolute.
fn directory(stack: &Stack, named: &[Named], shared: &[(Place, bool)]) -> Option<(String, String)> {
    places(stack).iter().filter(|place| !place.path.starts_with('/')).find_map(|place| {
        let is_shared = shared.iter().any(|(known, is_shared)| known == place && *is_shared);
        let texts = named
            .iter()
            .filter(|named| named.is_of("services", &place.service) && named.text == place.path);
        let begins = |value: &str| !value.is_empty() && is_within(&place.path, value);
        texts.flat_map(|named| &named.uses).find_map(|used| {
            let is_own = used.origin == Origin::Default { is_derived: false };
            (is_own && used.at == 0 && begins(used.value.trim_end_matches('/')))
                .then(|| (used.name.clone(), absolute(&used.value, is_shared)))
        })
    })
}

/// `data` becomes `/data`, and anything else a directory below it.
fn absolute(value: &str, is_shared: bool) -> String {
    let root = if is_shared { SHARED } else { OWN };
    let value = clean(value);
    match value.as_str() {
        "" => root.to_owned(),
        _ if is_within(&value, root.trim_start_matches('/')) => format!("/{value}"),
        _ => format!("{root}/{value}"),
    }
}
