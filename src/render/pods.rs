//! What stands inside a pod.

use crate::render::Plan;
use crate::render::beside::Beside;
use crate::render::document::{Map, Yaml, row};
use crate::render::kubernetes::{config_name, object_name, secret_name, shared_volumes};
use crate::render::plan::{Workload, file_of};

/// Where the admin listener is asked for health; in the cluster, metrics are read from it too.
const ADMIN: u32 = 7070;

pub(super) fn pod(plan: &Plan, workload: &Workload) -> Map {
    let user = 65_532;
    let context = Map::new()
        .with("runAsNonRoot", true)
        .with("runAsUser", user)
        .with("runAsGroup", user)
        .told("New volumes belong to this group, so that the user can write them.", "fsGroup", user)
        .with("fsGroupChangePolicy", "OnRootMismatch")
        .with("seccompProfile", Map::new().with("type", "RuntimeDefault"));
    Map::new()
        .told(
            "Without this, a service named `redis` would set REDIS_PORT to an address in every pod.",
            "enableServiceLinks",
            false,
        )
        .with("automountServiceAccountToken", false)
        .told(
            "SIGTERM drains: it stops taking, writes what it has, and ends within 10 s.",
            "terminationGracePeriodSeconds",
            20,
        )
        .with("securityContext", context)
        .with("containers", vec![container(plan, workload)])
        .with_some("volumes", volumes(plan, workload))
}

fn container(plan: &Plan, workload: &Workload) -> Map {
    let mut arguments = plan.command(workload);
    arguments.extend(["--admin".to_owned(), format!("0.0.0.0:{ADMIN}")]);
    let named = |name: String, port: u32| {
        Yaml::from(Map::new().with("name", name).with("containerPort", port))
    };
    let ports = workload
        .ports
        .iter()
        .map(|port| named(format!("http-{port}"), u32::from(*port)))
        .chain([named("admin".to_owned(), ADMIN)]);
    let mut map = Map::new()
        .with("name", workload.name.as_str())
        .with("image", plan.image.as_str())
        .with("imagePullPolicy", "IfNotPresent")
        .with("args", row(arguments))
        .with_some("env", environment(plan, workload))
        .with("ports", ports.collect::<Vec<_>>());
    if let Some(directory) = workload.working_directory {
        map = map.told("Where the stack's relative paths begin.", "workingDir", directory);
    }
    let limits = Map::new()
        .with("requests", Map::new().with("cpu", "10m").with("memory", "32Mi"))
        .with("limits", Map::new().with("memory", "256Mi"));
    let context = Map::new()
        .with("allowPrivilegeEscalation", false)
        .with("readOnlyRootFilesystem", true)
        .with("capabilities", Map::new().with("drop", row(["ALL"])));
    map.told(
        "Until it has started, the other two are not asked.",
        "startupProbe",
        probe("/ready", 1, 60),
    )
    .told("Not ready: no requests are sent to it.", "readinessProbe", probe("/ready", 2, 2))
    .told("Not healthy: a person or a restart is needed.", "livenessProbe", probe("/health", 10, 3))
    .with("resources", limits)
    .with("securityContext", context)
    .with_some("volumeMounts", mounts(plan, workload))
}

fn probe(path: &str, period: u32, failures: u32) -> Map {
    Map::new()
        .with("httpGet", Map::new().with("path", path).with("port", "admin"))
        .with("periodSeconds", period)
        .with("timeoutSeconds", 3)
        .with("failureThreshold", failures)
}

fn environment(plan: &Plan, workload: &Workload) -> Vec<Yaml> {
    let named = |name: &str, value: String| {
        // In Kubernetes `$(NAME)` is replaced, and `$$` is a plain `$`.
        let value = value.replace("$(", "$$(");
        Yaml::from(Map::new().with("name", name).with("value", Yaml::Text(value)))
    };
    let variables =
        workload.variables.iter().map(|variable| named(&variable.name, variable.value.clone()));
    let secrets = plan.secrets.iter().map(|secret| {
        named(&format!("{secret}_FILE"), format!("/run/secrets/{}", file_of(secret)))
    });
    variables.chain(secrets).collect()
}

fn mounts(plan: &Plan, workload: &Workload) -> Vec<Yaml> {
    let at = |name: String, path: &str| Map::new().with("name", name).with("mountPath", path);
    let mut mounts: Vec<Yaml> = Vec::new();
    for mount in &workload.mounts {
        let map = at(object_name(&mount.volume), &mount.path);
        let has_inner = workload.mounts.iter().any(|it| is_below(&it.path, &mount.path));
        let map = match (mount.is_read_only, has_inner) {
            (false, _) => map,
            (true, false) => map.with("readOnly", true),
            (true, true) => map.told(
                "Only read, but the mount point inside it must be made in a new volume.",
                "readOnly",
                false,
            ),
        };
        mounts.push(map.into());
    }
    if !workload.has_state {
        mounts.push(at("scratch".to_owned(), "/data").into());
    }
    if plan.builtin.is_none() {
        let map = at("stack".to_owned(), "/headwater.yaml");
        mounts.push(map.with("subPath", "headwater.yaml").with("readOnly", true).into());
    }
    if !plan.secrets.is_empty() {
        mounts.push(at("secrets".to_owned(), "/run/secrets").with("readOnly", true).into());
    }
    mounts
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn volumes(plan: &Plan, workload: &Workload) -> Vec<Yaml> {
    let mut volumes: Vec<Yaml> = Vec::new();
    let shared = shared_volumes(plan);
    for mount in workload.mounts.iter().filter(|mount| shared.contains(&mount.volume)) {
        let name = object_name(&mount.volume);
        let claim = Map::new().with("claimName", name.as_str());
        volumes.push(Map::new().with("name", name).with("persistentVolumeClaim", claim).into());
    }
    if !workload.has_state {
        let size = Map::new().with("sizeLimit", Yaml::Text("64Mi".into()));
        volumes.push(Map::new().with("name", "scratch").with("emptyDir", size).into());
    }
    if plan.builtin.is_none() {
        let source = Map::new().with("name", config_name(plan));
        volumes.push(Map::new().with("name", "stack").with("configMap", source).into());
    }
    if !plan.secrets.is_empty() {
        let source = Map::new().with("secretName", secret_name(plan)).told(
            "Readable by the group above, and by nobody else.",
            "defaultMode",
            Yaml::Plain("0440".into()),
        );
        volumes.push(Map::new().with("name", "secrets").with("secret", source).into());
    }
    volumes
}

/// An image of other people: it runs as its makers wanted.
pub(super) fn foreign_pod(other: &Beside) -> Map {
    let variables = other.environment.iter().map(|(name, value)| {
        Yaml::from(Map::new().with("name", name.as_str()).with("value", value.as_str()))
    });
    let ports = other.port.map(|port| Map::new().with("containerPort", u32::from(port)));
    let mounts = other.volumes.iter().map(|(name, path)| {
        let map = Map::new().with("name", object_name(name)).with("mountPath", path.as_str());
        // A new file system holds `lost+found`, and databases want an empty directory.
        Yaml::from(map.with("subPath", "data"))
    });
    let mut map = Map::new()
        .with("name", other.name.as_str())
        .with("image", other.image.as_str())
        .with_some("env", variables.collect::<Vec<_>>())
        .with_some("ports", ports.into_iter().collect::<Vec<_>>());
    if !other.health.is_empty() {
        let command = Map::new().with("command", row(&other.health));
        let probe = Map::new().with("exec", command).with("periodSeconds", 2);
        map = map.with("readinessProbe", probe.with("timeoutSeconds", 3));
    }
    map = map.with_some("volumeMounts", mounts.collect::<Vec<_>>());
    Map::new().with("enableServiceLinks", false).with("containers", vec![map])
}
