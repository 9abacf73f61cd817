//! What a Docker engine says about itself, the image, and the nodes of its Swarm.

use crate::clients::docker::Engine;
use crate::doctor::clock::skew;
use crate::doctor::finding::Finding;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was learnt from the engine.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    pub findings: Vec<Finding>,
    pub in_swarm: bool,
}

pub(super) fn ask(engine: &Engine, image: &str, now: i64) -> Learnt {
    let mut learnt = Learnt::default();
    let info = match engine.get("/info") {
        Ok(answer) => answer.body,
        Err(reason) => {
            let finding = Finding::unknown("engine", reason).cure(
                "what concerns containers was not looked at; `--engine PATH` names another socket",
            );
            learnt.findings.push(finding);
            return learnt;
        }
    };
    let state = text(&info, "/Swarm/LocalNodeState");
    learnt.in_swarm = !state.is_empty() && state != "inactive";
    learnt.findings.push(version(&info));
    learnt.findings.extend(warnings(&info));
    if let Ok(there) = text(&info, "/SystemTime").parse::<jiff::Timestamp>() {
        learnt.findings.push(skew(now, there.as_millisecond()));
    }
    let found = self::image(engine, image);
    learnt.findings.push(found.finding);
    let is_manager = info.pointer("/Swarm/ControlAvailable").and_then(Value::as_bool) == Some(true);
    match (learnt.in_swarm, is_manager) {
        (false, _) => learnt.findings.push(Finding::fine("swarm", "this machine is in none")),
        (true, false) => learnt.findings.push(
            Finding::unknown("swarm", "this node is a worker, which knows nothing of the others")
                .cure("run it on a manager too"),
        ),
        (true, true) => {
            let here = text(&info, "/Swarm/NodeID");
            learnt.findings.extend(swarm(engine, image, (here, &found.architecture)));
        }
    }
    learnt
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn version(info: &Value) -> Finding {
    let version = text(info, "/ServerVersion");
    let what = format!("Docker {version} on {}", text(info, "/Architecture"));
    let major: u32 = version.split('.').next().and_then(|it| it.parse().ok()).unwrap_or(0);
    if major >= 20 {
        return Finding::fine("engine", what);
    }
    Finding::limited("engine", what)
        .hits("`cap_drop` in a stack file, and health checks as rendered, want Docker 20.10")
        .cure("update Docker")
}

/// The engine's own list: limits that it cannot keep.
fn warnings(info: &Value) -> Vec<Finding> {
    let list = info.pointer("/Warnings").and_then(Value::as_array).into_iter().flatten();
    let texts = list.filter_map(Value::as_str).map(|text| text.trim_start_matches("WARNING: "));
    // Blocks and swap are not limited by anything that is rendered.
    let texts = texts.filter(|text| !text.contains("blkio") && !text.contains("swap"));
    texts.map(|text| Finding::limited("engine", text).hits("that limit does nothing")).collect()
}

struct Found {
    finding: Finding,
    /// Of the image, if it is here.
    architecture: String,
}

fn image(engine: &Engine, image: &str) -> Found {
    let nothing = |finding| Found { finding, architecture: String::new() };
    let subject = format!("image {image}");
    match engine.get(&format!("/images/{}/json", image.replace(' ', "%20"))) {
        Err(reason) => nothing(Finding::unknown(&subject, reason)),
        Ok(answer) if answer.status == 404 => nothing(
            Finding::fails(&subject, "it is not on this machine")
                .hits("containers do not start: `No such image`, or a registry is asked for it in vain")
                .cure(format!(
                    "docker build -t {image} . , or carry it here: docker save {image} | ssh NODE docker load"
                )),
        ),
        Ok(answer) => {
            let architecture = text(&answer.body, "/Architecture").to_owned();
            let what = format!("here, for {}/{architecture}", text(&answer.body, "/Os"));
            Found { finding: Finding::fine(&subject, what), architecture }
        }
    }
}

/// `here` is this node and the architecture of the image on it, if it has one.
fn swarm(engine: &Engine, image: &str, here: (&str, &str)) -> Vec<Finding> {
    let nodes = match engine.get("/nodes") {
        Ok(answer) => answer.body,
        Err(reason) => return vec![Finding::unknown("swarm", reason)],
    };
    let mut nodes: Vec<&Value> = nodes.as_array().into_iter().flatten().collect();
    nodes.sort_by_cached_key(|node| text(node, "/Description/Hostname").to_owned());
    let mut findings = vec![managers(&nodes)];
    let (this, architecture) = here;
    let mut seen = seen(engine, image);
    if !architecture.is_empty() {
        seen.entry(this.to_owned()).or_insert(Seen::There);
    }
    for node in &nodes {
        let seen = seen.get(text(node, "/ID")).copied();
        findings.push(self::node(node, image, architecture, seen));
    }
    findings
}

/// With an even number one more failure stops all changes than there need be.
fn managers(nodes: &[&Value]) -> Finding {
    let is_manager = |node: &&&Value| text(node, "/Spec/Role") == "manager";
    let count = nodes.iter().filter(is_manager).count();
    let what = format!("{} nodes, {count} of them managers", nodes.len());
    if count % 2 == 1 {
        return Finding::fine("swarm", what);
    }
    Finding::limited("swarm", what)
        .hits("with an even number of managers the loss of half of them stops every change")
        .cure("docker node promote NODE, or demote one: one, three or five managers")
}

/// What is known of the image on a node. No engine tells another's images; tasks show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Missing,
    There,
    /// A task of it did not only begin there.
    Runs,
}

/// What the last task of the image on each node has shown.
fn seen(engine: &Engine, image: &str) -> BTreeMap<String, Seen> {
    let Ok(answer) = engine.get("/tasks") else { return BTreeMap::new() };
    let tasks = answer.body.as_array().map_or(&[][..], Vec::as_slice);
    let is_of_image = |task: &&Value| full(text(task, "/Spec/ContainerSpec/Image")) == full(image);
    let mut tasks: Vec<&Value> = tasks.iter().filter(is_of_image).collect();
    tasks.sort_by_key(|task| text(task, "/Status/Timestamp"));
    let shown = |task: &Value| {
        let has_run = ["running", "complete", "shutdown"].contains(&text(task, "/Status/State"));
        match (text(task, "/Status/ContainerStatus/ContainerID"), text(task, "/Status/Err")) {
            (_, error) if error.contains("No such image") => Some(Seen::Missing),
            ("", _) => None,
            _ if has_run => Some(Seen::Runs),
            _ => Some(Seen::There),
        }
    };
    let shown =
        tasks.iter().filter_map(|task| Some((text(task, "/NodeID").to_owned(), shown(task)?)));
    shown.collect()
}

/// An image's name with its tag and without its digest.
fn full(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

fn node(node: &Value, image: &str, architecture: &str, seen: Option<Seen>) -> Finding {
    let name = text(node, "/Description/Hostname");
    let subject = format!("node {name}");
    let state = text(node, "/Status/State");
    if state != "ready" {
        return Finding::fails(&subject, format!("it is {state}"))
            .hits("what ran there runs elsewhere, and what is bound to it runs nowhere")
            .cure(format!("start it and its network, or `docker node rm --force {name}`"));
    }
    let theirs = plain(text(node, "/Description/Platform/Architecture"));
    let is_other = !architecture.is_empty() && !theirs.is_empty() && plain(architecture) != theirs;
    // One name may stand for another image on each node.
    if is_other && seen != Some(Seen::Runs) {
        return Finding::fails(
            &subject,
            format!("it is {theirs}, and the image is for {architecture}"),
        )
        .hits("tasks there end at once: `exec format error`")
        .cure(format!("build the image for {theirs} too, and load it there"));
    }
    if seen == Some(Seen::Missing) {
        return Finding::fails(&subject, format!("a task found no image {image} there"))
            .hits("tasks are tried there again and again, and never start")
            .cure(format!("docker save {image} | ssh {name} docker load"));
    }
    if text(node, "/Spec/Availability") == "drain" {
        return Finding::limited(&subject, "it is drained: nothing runs there")
            .cure(format!("docker node update --availability active {name}"));
    }
    if seen.is_none() {
        let what = format!("ready, {theirs}; no task has shown yet whether it has {image}");
        return Finding::unknown(&subject, what).cure(format!(
            "docker save {image} | ssh {name} docker load, where no registry has it"
        ));
    }
    Finding::fine(&subject, format!("ready, {theirs}, has the image"))
}

/// One word for what has two.
fn plain(architecture: &str) -> &str {
    match architecture {
        "x86_64" | "amd64" => "amd64",
        "aarch64" | "arm64" => "arm64",
        "armv7l" | "arm" => "arm",
        other => other,
    }
}
