//! A service of a Swarm: its replicas are one number in its specification.

use crate::autoscale::fleet::{Crew, Fleet, choose, good, labelled, list, text};
use crate::clients::docker::Engine;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Swarm {
    engine: Engine,
    id: String,
    name: String,
}

impl Swarm {
    /// The service, or the names of those that there are.
    pub(super) fn find(
        engine: &Engine,
        service: &str,
        project: &str,
    ) -> Result<Result<Self, Vec<String>>, String> {
        let services = good(engine.get("/services")?)?;
        let services = services.as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            services.iter().map(|it| text(it, "/Spec/Name").to_owned()).collect();
        let Some(found) = choose(&names, service, project)?.and_then(|at| services.get(at)) else {
            return Ok(Err(names));
        };
        let swarm = Self {
            engine: engine.clone(),
            id: text(found, "/ID").to_owned(),
            name: text(found, "/Spec/Name").to_owned(),
        };
        replicas(found, &swarm.name)?;
        Ok(Ok(swarm))
    }

    fn service(&self) -> Result<Value, String> {
        good(self.engine.get(&format!("/services/{}", self.id))?)
            .map_err(|reason| format!("the service {}: {reason}", self.name))
    }
}

/// How many it shall have.
fn replicas(service: &Value, name: &str) -> Result<u32, String> {
    let replicated = service.pointer("/Spec/Mode/Replicated").ok_or_else(|| {
        format!(
            "the service {name} is global: each node has one, and nothing is to be scaled; \
             deploy it with `mode: replicated`"
        )
    })?;
    let count = replicated.get("Replicas").and_then(Value::as_u64).unwrap_or(1);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Fleet for Swarm {
    fn name(&self) -> &str {
        &self.name
    }

    fn host(&self, service: &str) -> String {
        format!("tasks.{service}")
    }

    fn crew(&self) -> Result<Crew, String> {
        let wanted = replicas(&self.service()?, &self.name)?;
        let tasks = list(&self.engine, "/tasks", &json!({ "service": [self.id] }))?;
        let is = |task: &Value, desired: &str, state: &str| {
            text(task, "/DesiredState") == desired && text(task, "/Status/State") == state
        };
        let running = tasks.iter().filter(|task| is(task, "running", "running")).count();
        let running = u32::try_from(running).unwrap_or(u32::MAX);
        let note = if running < wanted { why(&tasks) } else { String::new() };
        Ok(Crew { wanted, running, note })
    }

    fn scale(&self, to: u32) -> Result<(), String> {
        let service = self.service()?;
        let version = service.pointer("/Version/Index").and_then(Value::as_u64).unwrap_or(0);
        let mut spec = service.get("Spec").cloned().unwrap_or_default();
        match spec.pointer_mut("/Mode/Replicated") {
            Some(replicated) => *replicated = json!({ "Replicas": to }),
            None => return Err(format!("the service {} is global now", self.name)),
        }
        let path = format!("/services/{}/update?version={version}", self.id);
        let answer = self.engine.change("POST", &path, &spec)?;
        let is_late = answer.message().contains("out of sequence");
        good(answer).map(|_| ()).map_err(|reason| {
            if is_late {
                return "somebody changed the service at the same moment; it is tried again"
                    .to_owned();
            }
            format!("the Swarm refused it: {reason}")
        })
    }

    fn containers(&self) -> Result<Vec<String>, String> {
        let label = format!("com.docker.swarm.service.id={}", self.id);
        let found = labelled(&self.engine, "/containers/json", &[label])?;
        Ok(found.iter().map(|it| text(it, "/Id").to_owned()).collect())
    }
}

/// What the newest task that does not run says.
fn why(tasks: &[Value]) -> String {
    let told = tasks.iter().filter(|task| !text(task, "/Status/Err").is_empty());
    let newest = told.max_by_key(|task| text(task, "/Status/Timestamp").to_owned());
    newest.map_or_else(String::new, |task| text(task, "/Status/Err").to_owned())
}
