//! For `kubectl apply`: what stands around the pods.

use crate::core::text::hexadecimal;
use crate::render::Plan;
use crate::render::beside::Beside;
use crate::render::document::{Map, Yaml, row};
use crate::render::plan::{Workload, file_of};
use crate::render::pods::{foreign_pod, pod};
use sha2::Digest as _;

/// The documents, and what they cannot express.
pub fn kubernetes(plan: &Plan) -> (String, Vec<String>) {
    let mut all = Documents { stack: plan.stack.clone(), map: Map::new(), comments: Vec::new() };
    if plan.builtin.is_none() {
        let data = Map::new().with("headwater.yaml", Yaml::Block(plan.text.clone()));
        let body = Map::new().with("data", data);
        all.add(
            "The stack file, as a file in every container.",
            "v1 ConfigMap",
            &config_name(plan),
            body,
        );
    }
    for volume in shared_volumes(plan) {
        let comment = "Read and written by several pods, wherever they run: the storage class must offer \
                       ReadWriteMany.";
        let body = Map::new().with("spec", claim("ReadWriteMany"));
        all.add(comment, "v1 PersistentVolumeClaim", &object_name(&volume), body);
    }
    for workload in &plan.workloads {
        serve(&mut all, plan, workload);
    }
    for other in &plan.beside {
        beside(&mut all, plan, other);
    }
    plan.deploy.lay_over("kubernetes", &mut all.map);
    (format!("{}{}", head(plan), all.write()), notes(plan))
}

fn head(plan: &Plan) -> String {
    format!(
        "# The stack {}, rendered by `headwater render kubernetes`.\n#\n#   kubectl apply -f kubernetes.yaml\n#\n\
         # Nothing is published to the outside; to look at a service from here:\n\
         #   kubectl port-forward service/NAME PORT\n",
        plan.stack
    )
}

fn notes(plan: &Plan) -> Vec<String> {
    let mut notes = plan.notes.clone();
    for volume in shared_volumes(plan) {
        notes.push(format!(
            "{} is shared by pods: without a storage class with ReadWriteMany they wait for ever",
            object_name(&volume)
        ));
    }
    if plan.workloads.iter().any(|workload| !workload.needs.is_empty()) {
        notes.push(
            "Kubernetes starts all pods at once; each waits for those it needs by asking again"
                .to_owned(),
        );
    }
    if plan.workloads.iter().any(|workload| workload.has_state) {
        notes.push(
            "a pod with state is stopped before its successor starts: an update is a short gap"
                .to_owned(),
        );
    }
    if !plan.secrets.is_empty() {
        let files =
            plan.secrets.iter().map(|secret| format!(" --from-file={}=FILE", file_of(secret)));
        notes.push(format!(
            "kubectl create secret generic {}{}",
            secret_name(plan),
            files.collect::<String>()
        ));
    }
    notes.push(
        "what is rendered for Kubernetes is tested by the published schemas, and not on a cluster"
            .to_owned(),
    );
    notes
}

struct Documents {
    stack: String,
    /// By `Kind/name`, so that something can be laid over each.
    map: Map,
    comments: Vec<(String, String)>,
}

impl Documents {
    /// `kind` is the version of the API and the kind.
    fn add(&mut self, comment: &str, kind: &str, name: &str, body: Map) {
        let (version, kind) = kind.split_once(' ').unwrap_or(("v1", kind));
        let labels = labels(&self.stack, name);
        let document = Map::new()
            .with("apiVersion", version)
            .with("kind", kind)
            .with("metadata", Map::new().with("name", name).with("labels", labels))
            .joined(body);
        let key = format!("{kind}/{name}");
        self.comments.push((key.clone(), comment.to_owned()));
        self.map = std::mem::take(&mut self.map).with(&key, document);
    }

    fn write(&self) -> String {
        let mut out = String::new();
        for (key, document) in self.map.documents() {
            out.push_str("---\n");
            let comment = self.comments.iter().find(|(known, _)| known == key);
            for line in comment.map_or("", |(_, comment)| comment).lines() {
                out.push_str("# ");
                out.push_str(line);
                out.push('\n');
            }
            out.push_str(&document.write_close());
        }
        out
    }
}

fn serve(all: &mut Documents, plan: &Plan, workload: &Workload) {
    let name = &workload.name;
    let selector = Map::new().with("matchLabels", labels(&plan.stack, name));
    let template = Map::new()
        .with(
            "metadata",
            Map::new()
                .with("labels", labels(&plan.stack, name))
                .with_some("annotations", checksum(plan)),
        )
        .with("spec", pod(plan, workload));
    let spec = Map::new().with("replicas", workload.replicas);
    if workload.has_state {
        let claims: Vec<Yaml> = workload
            .mounts
            .iter()
            .filter(|mount| !shared_volumes(plan).contains(&mount.volume))
            .map(|mount| {
                let metadata = Map::new().with("name", object_name(&mount.volume));
                Map::new().with("metadata", metadata).with("spec", claim("ReadWriteOnce")).into()
            })
            .collect();
        let spec = spec
            .with("serviceName", name.as_str())
            .with("selector", selector)
            .with("template", template)
            .told_some(
                "The volume stays when the pod goes, and comes back to its successor.",
                "volumeClaimTemplates",
                claims,
            );
        let body = Map::new().with("spec", spec);
        all.add(
            "It keeps state, so there is one, and its volume follows it.",
            "apps/v1 StatefulSet",
            name,
            body,
        );
    } else {
        let rolling = Map::new().with("maxUnavailable", 0).with("maxSurge", 1);
        let strategy = Map::new().with("type", "RollingUpdate").told(
            "The new pod is ready before the old one is told to stop.",
            "rollingUpdate",
            rolling,
        );
        let spec =
            spec.with("strategy", strategy).with("selector", selector).with("template", template);
        all.add(
            "It keeps nothing, so any number can run.",
            "apps/v1 Deployment",
            name,
            Map::new().with("spec", spec),
        );
    }
    service(all, plan, workload);
    if workload.replicas > 1 {
        let selector = Map::new().with("matchLabels", labels(&plan.stack, name));
        let spec = Map::new().with("maxUnavailable", 1).with("selector", selector);
        let comment = "Draining a node takes one of them away at a time.";
        all.add(comment, "policy/v1 PodDisruptionBudget", name, Map::new().with("spec", spec));
    }
}

fn service(all: &mut Documents, plan: &Plan, workload: &Workload) {
    let name = &workload.name;
    let selector = labels(&plan.stack, name);
    if !workload.ports.is_empty() {
        let ports = workload.ports.iter().map(|port| {
            let port = u32::from(*port);
            let map = Map::new().with("name", format!("http-{port}")).with("port", port);
            Yaml::from(map.with("targetPort", port))
        });
        let (spec, comment) = if workload.is_behind {
            let comment =
                "Its name means the pods themselves: the gate in front chooses among them.";
            (Map::new().with("clusterIP", "None"), comment)
        } else {
            (Map::new(), "Others find it by this name.")
        };
        let spec = spec.with("selector", selector).with("ports", ports.collect::<Vec<_>>());
        all.add(comment, "v1 Service", name, Map::new().with("spec", spec));
    } else if workload.has_state {
        let spec = Map::new().with("clusterIP", "None").with("selector", selector);
        let comment = "It listens to nobody; a StatefulSet wants a name of its own all the same.";
        all.add(comment, "v1 Service", name, Map::new().with("spec", spec));
    }
}

fn beside(all: &mut Documents, plan: &Plan, other: &Beside) {
    let name = &other.name;
    let template = Map::new()
        .with("metadata", Map::new().with("labels", labels(&plan.stack, name)))
        .with("spec", foreign_pod(other));
    let claims = other.volumes.iter().map(|(volume, _)| {
        let metadata = Map::new().with("name", object_name(volume));
        Yaml::from(Map::new().with("metadata", metadata).with("spec", claim("ReadWriteOnce")))
    });
    let spec = Map::new()
        .with("replicas", 1)
        .with("serviceName", name.as_str())
        .with("selector", Map::new().with("matchLabels", labels(&plan.stack, name)))
        .with("template", template)
        .with_some("volumeClaimTemplates", claims.collect::<Vec<_>>());
    all.add("", "apps/v1 StatefulSet", name, Map::new().with("spec", spec));
    if let Some(port) = other.port {
        let port = u32::from(port);
        let ports: Vec<Yaml> = vec![Map::new().with("port", port).with("targetPort", port).into()];
        let spec = Map::new().with("selector", labels(&plan.stack, name)).with("ports", ports);
        all.add("", "v1 Service", name, Map::new().with("spec", spec));
    }
}

fn claim(mode: &str) -> Map {
    let size = Map::new().with("requests", Map::new().with("storage", Yaml::Text("1Gi".into())));
    Map::new().with("accessModes", row([mode])).with("resources", size)
}

/// The words that the whole field uses.
fn labels(stack: &str, name: &str) -> Map {
    Map::new().with("app.kubernetes.io/name", name).with("app.kubernetes.io/part-of", stack)
}

/// A changed stack file changes the pods, which are then replaced in order.
fn checksum(plan: &Plan) -> Map {
    if plan.builtin.is_some() {
        return Map::new();
    }
    let hash = hexadecimal(&sha2::Sha256::digest(plan.text.as_bytes()));
    Map::new().with("headwater/stack", Yaml::Text(hash.get(..12).unwrap_or_default().to_owned()))
}

/// Volumes that pods of several workloads see.
pub(super) fn shared_volumes(plan: &Plan) -> Vec<String> {
    let users = |name: &String| {
        let uses = |workload: &&Workload| workload.mounts.iter().any(|mount| mount.volume == *name);
        plan.workloads.iter().filter(uses).count()
    };
    let has_own = |name: &String| {
        // A claim of a StatefulSet is the pod's own; a Deployment's must be made beside it.
        let is_user = |workload: &&Workload| workload.mounts.iter().any(|it| it.volume == *name);
        plan.workloads.iter().filter(is_user).all(|workload| workload.has_state)
    };
    let own: Vec<String> = plan.volumes();
    let theirs = |name: &String| {
        plan.beside.iter().any(|it| it.volumes.iter().any(|(known, _)| known == name))
    };
    own.into_iter().filter(|name| !theirs(name) && (users(name) > 1 || !has_own(name))).collect()
}

/// Names of objects have no underscores.
pub(super) fn object_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

pub(super) fn config_name(plan: &Plan) -> String {
    format!("{}-stack", object_name(&plan.stack))
}

pub(super) fn secret_name(plan: &Plan) -> String {
    format!("{}-secrets", object_name(&plan.stack))
}
