//! For `docker stack deploy`: several machines. It refuses what it does not know, so the file is its own.

use crate::core::text::hexadecimal;
use crate::render::Plan;
use crate::render::beside::Beside;
use crate::render::compose::{HEALTH, also, environment};
use crate::render::document::{Map, Yaml, row};
use crate::render::plan::{Workload, file_of};
use sha2::Digest as _;

/// The file, and what it cannot express.
pub fn swarm(plan: &Plan) -> (String, Vec<String>) {
    let mut services = Map::new();
    for (index, workload) in plan.workloads.iter().enumerate() {
        services = services.with(&workload.name, service(plan, workload, index == 0));
    }
    for other in &plan.beside {
        services = services.with(&other.name, beside(plan, other));
    }
    let mut document =
        Map::new().with("version", Yaml::Text("3.8".into())).with("services", services);
    let volumes = plan.volumes();
    document = document.told_some(
        "Each node has volumes of its own: see `placement`.",
        "volumes",
        volumes.iter().fold(Map::new(), |map, name| map.with(name, Map::new())),
    );
    document = document.told_some(
        "A config never changes, so its name changes with the file, and with it the services are updated.",
        "configs",
        configs(plan),
    );
    document = document.with_some("secrets", secrets(plan));
    plan.deploy.lay_over("swarm", &mut document);
    (format!("{}{}", head(plan), document.write()), notes(plan))
}

fn head(plan: &Plan) -> String {
    let stack = &plan.stack;
    let image = &plan.image;
    format!(
        "# The stack {stack}, rendered by `headwater render swarm`.\n#\n\
         #   docker stack deploy --resolve-image never -c docker-stack.yml {stack}\n#\n\
         # The image must be on every node: docker save {image} | ssh NODE docker load\n\
         # A published port is answered on every node where the kernel has IPVS; `headwater doctor` says whether.\n\n"
    )
}

fn notes(plan: &Plan) -> Vec<String> {
    let mut notes = plan.notes.clone();
    notes.push(format!(
        "the image {} must be on every node, or in a registry that every node can reach",
        plan.image
    ));
    if plan.workloads.iter().any(|workload| !workload.needs.is_empty()) {
        notes.push(
            "Swarm starts all services at once; each waits for those it needs by asking again"
                .to_owned(),
        );
    }
    if !plan.volumes().is_empty() {
        notes.push(format!(
            "a volume lives on one node: choose it with `docker node update --label-add {}=yes NODE`; if that node \
             is lost, so is what only the volume held",
            label(plan)
        ));
    }
    for secret in &plan.secrets {
        let file = file_of(secret);
        notes.push(format!("{secret}: docker secret create {}_{file} FILE", plan.stack));
    }
    notes.push(
        "Swarm takes no `security_opt` and no limit of processes from a stack file".to_owned(),
    );
    notes
}

/// The label of the node that holds the volumes.
fn label(plan: &Plan) -> String {
    format!("{}-data", plan.stack)
}

fn service(plan: &Plan, workload: &Workload, is_first: bool) -> Map {
    let told = |comment: &'static str| if is_first { comment } else { "" };
    let open = workload.ports.iter().filter(|_| !workload.is_behind);
    let ports = open.map(|port| {
        if workload.is_gate { on_its_node(*port) } else { format!("{port}:{port}").into() }
    });
    let health = Map::new()
        .with("test", row(HEALTH))
        .with("interval", "2s")
        .with("timeout", "3s")
        .with("retries", 3)
        .with("start_period", "10s");
    let mut map = Map::new()
        .with("image", plan.image.as_str())
        .with("command", plan.command(workload).join(" "))
        .told_some(&also(workload), "environment", environment(plan, workload))
        .with_some("ports", ports.collect::<Vec<_>>());
    if let Some(directory) = workload.working_directory {
        map = map.told("Where the stack's relative paths begin.", "working_dir", directory);
    }
    map.with_some("volumes", volumes(workload))
        .with_some("configs", config_of(plan))
        .with_some("secrets", secrets_of(plan))
        .told(
            told("A task whose check fails is replaced; the image has no shell, so the command is a list."),
            "healthcheck",
            health,
        )
        .told(
            told("SIGTERM drains within 10 s; Docker kills what is left then."),
            "stop_grace_period",
            "15s",
        )
        .with("read_only", true)
        .with("cap_drop", row(["ALL"]))
        .with("deploy", deploy(plan, workload, is_first))
}

/// A port of each node that has the gate, without the mesh: it works on kernels without IPVS, and the gate sees who
/// asks.
fn on_its_node(port: u16) -> Yaml {
    let port = u32::from(port);
    let map = Map::new().with("target", port).with("published", port);
    map.with("protocol", "tcp").with("mode", "host").into()
}

fn deploy(plan: &Plan, workload: &Workload, is_first: bool) -> Map {
    let told = |comment: &'static str| if is_first { comment } else { "" };
    let is_bound = !workload.mounts.is_empty();
    // Two processes must not have one volume at the same time.
    let (comment, order) = if workload.is_gate {
        (
            "Two of them cannot have one port of a node; the other nodes' gates answer meanwhile.",
            "stop-first",
        )
    } else if workload.has_state {
        ("The old one gives its volume free before the new one starts: a short gap.", "stop-first")
    } else {
        ("The new one answers before the old one is told to stop.", "start-first")
    };
    let update = || {
        Map::new().told(comment, "order", order).with("parallelism", 1).told(
            told("A new task that fails within this time is a failed update."),
            "monitor",
            "15s",
        )
    };
    let limits = Map::new().with("cpus", Yaml::Text("1.0".into())).with("memory", "256M");
    let restart = Map::new().with("condition", "on-failure").with("delay", "1s");
    let number = if workload.is_gate {
        Map::new().told("One on each node.", "mode", "global")
    } else {
        Map::new().with("replicas", workload.replicas)
    };
    let map = if workload.is_gate || workload.is_behind {
        number.told(
            "Its name means the tasks themselves; no IPVS is needed.",
            "endpoint_mode",
            "dnsrr",
        )
    } else {
        number
    };
    let map = map
        .with("update_config", update().with("failure_action", "rollback"))
        .with("rollback_config", Map::new().with("order", order))
        .with("restart_policy", restart)
        .with("resources", Map::new().with("limits", limits));
    if is_bound { map.with("placement", placement(plan)) } else { map }
}

fn placement(plan: &Plan) -> Map {
    let constraint = format!("node.labels.{} == yes", label(plan));
    Map::new().with("constraints", vec![constraint])
}

fn volumes(workload: &Workload) -> Vec<Yaml> {
    let mut volumes: Vec<Yaml> = Vec::new();
    for mount in &workload.mounts {
        let end = if mount.is_read_only { ":ro" } else { "" };
        volumes.push(format!("{}:{}{end}", mount.volume, mount.path).into());
    }
    if !workload.has_state {
        // Without a name it goes with its task. A file system in memory would be root's, and a stack file cannot say
        // whose else.
        volumes.push(Map::new().with("type", "volume").with("target", "/data").into());
    }
    volumes
}

fn config_of(plan: &Plan) -> Vec<Yaml> {
    if plan.builtin.is_some() {
        return Vec::new();
    }
    vec![Map::new().with("source", "stack").with("target", "/headwater.yaml").into()]
}

fn configs(plan: &Plan) -> Map {
    if plan.builtin.is_some() {
        return Map::new();
    }
    let hash = hexadecimal(&sha2::Sha256::digest(plan.text.as_bytes()));
    let name = format!("{}-stack-{}", plan.stack, hash.get(..12).unwrap_or_default());
    Map::new().with("stack", Map::new().with("name", name).with("file", "./headwater.yaml"))
}

fn secrets_of(plan: &Plan) -> Vec<Yaml> {
    let of = |secret: &String| {
        Map::new()
            .with("source", file_of(secret))
            .with("target", file_of(secret))
            .with("uid", Yaml::Text("65532".into()))
            .with("gid", Yaml::Text("65532".into()))
            .with("mode", Yaml::Plain("0400".into()))
    };
    plan.secrets.iter().map(|secret| of(secret).into()).collect()
}

fn secrets(plan: &Plan) -> Map {
    plan.secrets.iter().fold(Map::new(), |map, secret| {
        let file = file_of(secret);
        let name = format!("{}_{file}", plan.stack);
        map.with(&file, Map::new().with("external", true).with("name", name))
    })
}

fn beside(plan: &Plan, other: &Beside) -> Map {
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
    let restart = Map::new().with("condition", "any").with("delay", "1s");
    let mut deploy = Map::new().with("replicas", 1).with("restart_policy", restart);
    if !other.volumes.is_empty() {
        deploy = deploy.with("placement", placement(plan));
    }
    map.with("deploy", deploy)
}
