//! A service under Compose: containers with its labels. Another one is made as the first was, and the last go first.

use crate::autoscale::fleet::{Crew, Fleet, choose, good, labelled, text};
use crate::clients::docker::Engine;
use serde_json::{Map, Value, json};

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const NUMBER: &str = "com.docker.compose.container-number";
const ONE_OFF: &str = "com.docker.compose.oneoff";

#[derive(Debug)]
pub(super) struct Compose {
    engine: Engine,
    project: String,
    service: String,
    name: String,
}

/// One container of it.
#[derive(Debug)]
struct Member {
    id: String,
    number: u32,
    state: String,
    /// `Up 3 minutes (healthy)`
    status: String,
}

impl Member {
    fn of(container: &Value) -> Option<Self> {
        let label = |name: &str| container.get("Labels")?.get(name)?.as_str();
        // What `docker-compose run` started is nobody's replica.
        if label(ONE_OFF).is_some_and(|it| it.eq_ignore_ascii_case("true")) {
            return None;
        }
        Some(Self {
            id: text(container, "/Id").to_owned(),
            number: label(NUMBER)?.parse().ok()?,
            state: text(container, "/State").to_owned(),
            status: text(container, "/Status").to_owned(),
        })
    }

    /// It was stopped, or has ended for good.
    fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "exited" | "dead" | "removing")
    }

    fn is_ready(&self) -> bool {
        let is_checked = self.status.contains("starting)") || self.status.contains("(unhealthy");
        self.state == "running" && !is_checked
    }
}

impl Compose {
    /// The service, or the names of those that there are.
    pub(super) fn find(
        engine: &Engine,
        service: &str,
        project: &str,
    ) -> Result<Result<Self, Vec<String>>, String> {
        let containers = labelled(engine, "/containers/json?all=true", &[SERVICE.to_owned()])?;
        let mut pairs: Vec<(String, String)> = containers
            .iter()
            .filter_map(|it| {
                let label = |name: &str| Some(it.get("Labels")?.get(name)?.as_str()?.to_owned());
                Some((label(PROJECT)?, label(SERVICE)?))
            })
            .collect();
        pairs.sort();
        pairs.dedup();
        let names: Vec<String> = pairs.iter().map(|(a, b)| format!("{a}_{b}")).collect();
        let Some(at) = choose(&names, service, project)? else { return Ok(Err(names)) };
        let (Some((project, service)), Some(name)) =
            (pairs.get(at).cloned(), names.get(at).cloned())
        else {
            return Ok(Err(names));
        };
        let compose = Self { engine: engine.clone(), project, service, name };
        if let Some(first) = compose.members()?.first() {
            compose.can_be_many(&compose.inspect(&first.id)?)?;
        }
        Ok(Ok(compose))
    }

    /// Its containers, the lowest number first.
    fn members(&self) -> Result<Vec<Member>, String> {
        let labels = [format!("{PROJECT}={}", self.project), format!("{SERVICE}={}", self.service)];
        let found = labelled(&self.engine, "/containers/json?all=true", &labels)?;
        let mut members: Vec<Member> = found.iter().filter_map(Member::of).collect();
        members.sort_by_key(|member| member.number);
        Ok(members)
    }

    fn inspect(&self, id: &str) -> Result<Value, String> {
        good(self.engine.get(&format!("/containers/{id}/json"))?)
    }

    /// What can be had only once cannot be had by a second container.
    fn can_be_many(&self, container: &Value) -> Result<(), String> {
        let name = &self.name;
        let ports = container.pointer("/HostConfig/PortBindings").and_then(Value::as_object);
        let mut bound =
            ports.into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten();
        let is_fixed = |it: &Value| !matches!(text(it, "/HostPort"), "" | "0");
        if let Some(port) = bound.find(|it| is_fixed(it)) {
            return Err(format!(
                "{name} publishes the host's port {}, which can be had once; \
                 publish the port of a gate in front of it instead",
                text(port, "/HostPort")
            ));
        }
        if self.named(container, 2).is_none() {
            return Err(format!(
                "{name} has a `container_name`, which can be had once; remove it from the Compose file"
            ));
        }
        Ok(())
    }

    /// `numbers_producer_2` or `numbers-producer-2`, as its Compose writes it.
    fn named(&self, container: &Value, number: u32) -> Option<String> {
        let known = text(container, "/Name").trim_start_matches('/');
        let own = container.pointer("/Config/Labels")?.get(NUMBER)?.as_str()?;
        let stem = known.strip_suffix(own)?;
        let is_ours = ['_', '-']
            .into_iter()
            .any(|sign| stem == format!("{}{sign}{}{sign}", self.project, self.service));
        is_ours.then(|| format!("{stem}{number}"))
    }

    fn add(&self, first: &Value, number: u32) -> Result<(), String> {
        let name = self.named(first, number).unwrap_or_default();
        let networks = networks(first, &name);
        let body = copy(first, number, networks.first());
        let made = self.change("POST", &format!("/containers/create?name={name}"), &body)?;
        let id = text(&made, "/Id").to_owned();
        let started = networks.iter().skip(1).try_for_each(|(network, endpoint)| {
            let body = json!({ "Container": id, "EndpointConfig": endpoint });
            self.change("POST", &format!("/networks/{network}/connect"), &body).map(|_| ())
        });
        let started = started.and_then(|()| self.start(&id));
        if let Err(reason) = started {
            // One that cannot start would be in the way of the next try.
            drop(self.change(
                "DELETE",
                &format!("/containers/{id}?force=true&v=true"),
                &Value::Null,
            ));
            return Err(format!("{name} does not start: {reason}"));
        }
        Ok(())
    }

    fn start(&self, id: &str) -> Result<(), String> {
        self.change("POST", &format!("/containers/{id}/start"), &Value::Null).map(|_| ())
    }

    fn change(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let answer = self.engine.change(method, path, body)?;
        // It is so already.
        if answer.status == 304 { Ok(Value::Null) } else { good(answer) }
    }
}

impl Fleet for Compose {
    fn name(&self) -> &str {
        &self.name
    }

    fn host(&self, service: &str) -> String {
        service.to_owned()
    }

    fn crew(&self) -> Result<Crew, String> {
        let members = self.members()?;
        let there: Vec<&Member> = members.iter().filter(|it| !it.is_over()).collect();
        let running = there.iter().filter(|it| it.is_ready()).count();
        let waits = there.iter().find(|it| !it.is_ready());
        Ok(Crew {
            wanted: u32::try_from(there.len()).unwrap_or(u32::MAX),
            running: u32::try_from(running).unwrap_or(u32::MAX),
            note: waits.map_or_else(String::new, |it| it.status.clone()),
        })
    }

    fn scale(&self, to: u32) -> Result<(), String> {
        let members = self.members()?;
        let (over, there): (Vec<&Member>, Vec<&Member>) =
            members.iter().partition(|it| it.is_over());
        let (to, count) = (to as usize, there.len());
        for member in there.iter().skip(to) {
            self.change("POST", &format!("/containers/{}/stop", member.id), &Value::Null)?;
            self.change("DELETE", &format!("/containers/{}?v=true", member.id), &Value::Null)?;
        }
        let missing = to.saturating_sub(count);
        for member in over.iter().take(missing) {
            self.start(&member.id)?;
        }
        let missing = missing.saturating_sub(over.len());
        if missing == 0 {
            return Ok(());
        }
        let first = there.first().or(over.first());
        let first = first.ok_or_else(|| format!("no container of {} is left", self.name))?;
        let first = self.inspect(&first.id)?;
        let free = (1..).filter(|number| members.iter().all(|it| it.number != *number));
        free.take(missing).try_for_each(|number| self.add(&first, number))
    }

    fn containers(&self) -> Result<Vec<String>, String> {
        let running = self.members()?.into_iter().filter(|it| it.state == "running");
        Ok(running.map(|it| it.id).collect())
    }
}

/// The networks that the first one is on, with the names under which others find it there.
fn networks(first: &Value, name: &str) -> Vec<(String, Value)> {
    let id = text(first, "/Id");
    let own = text(first, "/Name").trim_start_matches('/');
    let networks = first.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    let of = |(network, endpoint): (&String, &Value)| {
        let aliases = endpoint.get("Aliases").and_then(Value::as_array);
        let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
        let shared =
            aliases.filter(|it| !id.starts_with(it)).map(|it| if it == own { name } else { it });
        (network.clone(), json!({ "Aliases": shared.collect::<Vec<_>>() }))
    };
    networks.into_iter().flatten().map(of).collect()
}

/// What makes another one like the first: all but what is its own.
fn copy(first: &Value, number: u32, network: Option<&(String, Value)>) -> Value {
    let mut body = first.pointer("/Config").cloned().unwrap_or_default();
    let is_own = text(first, "/Id").starts_with(text(&body, "/Hostname"));
    if let Some(fields) = body.as_object_mut() {
        if is_own {
            fields.remove("Hostname");
        }
        fields.remove("MacAddress");
        // The very same image, also when its name means another one by now.
        fields.insert("Image".to_owned(), text(first, "/Image").into());
        fields
            .insert("HostConfig".to_owned(), first.get("HostConfig").cloned().unwrap_or_default());
    }
    if let Some(label) = body.pointer_mut("/Labels").and_then(|labels| labels.get_mut(NUMBER)) {
        *label = number.to_string().into();
    }
    if let Some((network, endpoint)) = network {
        let endpoints = Map::from_iter([(network.clone(), endpoint.clone())]);
        body["NetworkingConfig"] = json!({ "EndpointsConfig": endpoints });
    }
    body
}
