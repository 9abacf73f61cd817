//! For `docker compose` and `docker-compose`: one machine.

use crate::render::Plan;
use crate::render::beside::Beside;
use crate::render::document::{Map, Yaml, row};
use crate::render::plan::{Workload, file_of};

/// Keys of a service that both Compose and Swarm read, up to where they part.
pub(super) const HEALTH: [&str; 3] = ["CMD", "/headwater", "health"];

/// The file, and what it cannot express.
pub fn compose(plan: &Plan) -> (String, Vec<String>) {
    let mut notes = plan.notes.clone();
    let mut services = Map::new();
    for (index, workload) in plan.workloads.iter().enumerate() {
        services = services.with(&workload.name, service(plan, workload, index == 0));
        if workload.replicas > 1 && !workload.ports.is_empty() && !workload.is_behind {
            notes.push(format!(
                "{}: {} containers cannot have one port of this machine, so none is published; put a gate in front",
                workload.name, workload.replicas
            ));
        }
    }
    for other in &plan.beside {
        services = services.with(&other.name, beside(other));
    }
    for secret in &plan.secrets {
        notes.push(format!(
            "secrets/{0}: write the value of {secret} into this file, readable by user 65532 (Compose keeps the \
             file's own rights): `chmod 0444 secrets/{0}`",
            file_of(secret)
        ));
    }
    let mut document = Map::new().with("services", services);
    let volumes = plan.volumes();
    let empty = |map: Map, name: &String| map.with(name, Map::new());
    document = document.told_some(
        "Named volumes outlive `down`; `down --volumes` removes them.",
        "volumes",
        volumes.iter().fold(Map::new(), empty),
    );
    document = document.with_some("secrets", secret_files(plan));
    plan.deploy.lay_over("compose", &mut document);
    notes.push(
        "Compose replaces a container by stopping the old one first: an update is a short gap"
            .to_owned(),
    );
    (format!("{}{}", head(plan), document.write()), notes)
}

fn head(plan: &Plan) -> String {
    format!(
        "# The stack {}, rendered by `headwater render compose`.\n#\n#   docker compose up\n#\n\
         # A `${{NAME:-value}}` below takes NAME from your shell or from a file `.env`, else the value.\n\n",
        plan.stack
    )
}

fn service(plan: &Plan, workload: &Workload, is_first: bool) -> Map {
    let told = |comment: &'static str| if is_first { comment } else { "" };
    let health = Map::new()
        .with("test", row(HEALTH))
        .with("interval", "2s")
        .with("timeout", "3s")
        .with("retries", 10);
    let mut map = Map::new()
        .with("image", plan.image.as_str())
        .with("command", plan.command(workload).join(" "))
        .told_some(&also(workload), "environment", environment(plan, workload));
    if workload.replicas == 1 && !workload.is_behind {
        let ports = workload.ports.iter().map(|port| Yaml::from(format!("{port}:{port}")));
        let comment = told("Port of this machine : port in the container.");
        map = map.told_some(comment, "ports", ports.collect::<Vec<_>>());
    }
    if workload.replicas != 1 {
        map = map.with("scale", workload.replicas);
    }
    let directory = workload.working_directory;
    if let Some(directory) = directory {
        map = map.told("Where the stack's relative paths begin.", "working_dir", directory);
    }
    map.told_some("", "volumes", volumes(plan, workload))
        .told_some(
            told("Nothing here needs to outlive the container; without the numbers it would be root's."),
            "tmpfs",
            if workload.has_state { row::<&str>([]) } else { row(["/data:uid=65532,gid=65532"]) },
        )
        .with_some("secrets", secrets(plan))
        .told_some(
            told("Only the start waits; what goes away later is waited for by the service itself."),
            "depends_on",
            depends_on(workload),
        )
        .told(told("The image has no shell, so the command is a list."), "healthcheck", health)
        .with("restart", "on-failure")
        .told(
            told("SIGTERM drains: what was read is written, then it ends, within 10 s at most."),
            "stop_grace_period",
            "15s",
        )
        .told(
            told("It writes to its volumes only, and needs no right beyond that of a plain user."),
            "read_only",
            true,
        )
        .with("cap_drop", row(["ALL"]))
        .with("security_opt", row(["no-new-privileges:true"]))
        .told(told("A bound for what goes wrong, far above what it uses."), "mem_limit", "256m")
        .with("pids_limit", 200)
}

/// What the stack reads beyond what is set.
pub(super) fn also(workload: &Workload) -> String {
    if workload.also.is_empty() {
        return String::new();
    }
    format!("Read too, when it is set: {}.", workload.also.join(", "))
}

/// Values that this deployment decides stand there as they are; the stack's own defaults can be set from outside.
pub(super) fn environment(plan: &Plan, workload: &Workload) -> Map {
    let mut map = Map::new();
    for variable in &workload.variables {
        let (name, value) = (&variable.name, variable.value.replace('$', "$$"));
        let value = if variable.is_fixed { value } else { format!("${{{name}:-{value}}}") };
        map = map.with(name, value);
    }
    for secret in &plan.secrets {
        map = map.with(&format!("{secret}_FILE"), format!("/run/secrets/{}", file_of(secret)));
    }
    map
}

fn volumes(plan: &Plan, workload: &Workload) -> Vec<Yaml> {
    let mut volumes: Vec<Yaml> = Vec::new();
    if plan.builtin.is_none() {
        volumes.push("./headwater.yaml:/headwater.yaml:ro".into());
    }
    for mount in &workload.mounts {
        let end = if mount.is_read_only { ":ro" } else { "" };
        volumes.push(format!("{}:{}{end}", mount.volume, mount.path).into());
    }
    volumes
}

fn secrets(plan: &Plan) -> Vec<Yaml> {
    plan.secrets.iter().map(|secret| file_of(secret).into()).collect()
}

fn secret_files(plan: &Plan) -> Map {
    plan.secrets.iter().fold(Map::new(), |map, secret| {
        let file = file_of(secret);
        map.with(&file, Map::new().with("file", format!("./secrets/{file}")))
    })
}

fn depends_on(workload: &Workload) -> Map {
    workload.needs.iter().fold(Map::new(), |map, need| {
        let condition = if need.has_health { "service_healthy" } else { "service_started" };
        map.with(&need.name, Map::new().with("condition", condition))
    })
}

fn beside(other: &Beside) -> Map {
    let environment = other
        .environment
        .iter()
        .fold(Map::new(), |map, (name, value)| map.with(name, value.as_str()));
    let volumes = other.volumes.iter().map(|(name, path)| Yaml::from(format!("{name}:{path}")));
    let mut map = Map::new()
        .with("image", other.image.as_str())
        .with_some("environment", environment)
        .with_some("volumes", volumes.collect::<Vec<_>>());
    if !other.health.is_empty() {
        let test = row(["CMD".to_owned()].iter().chain(&other.health));
        let health = Map::new().with("test", test).with("interval", "2s").with("timeout", "3s");
        map = map.with("healthcheck", health.with("retries", 30));
    }
    map
}
