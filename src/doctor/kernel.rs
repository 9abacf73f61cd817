//! What the kernel can and cannot do.

use crate::doctor::finding::Finding;
use crate::doctor::machine::Machine;

/// Is a part of the kernel there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    /// It is loaded when it is needed.
    Loadable,
    Missing,
    Unknown,
}

pub(super) fn vxlan(machine: &Machine, in_swarm: bool) -> Finding {
    let what = "containers of a Swarm on different nodes reach each other through VXLAN";
    match presence(machine, "vxlan", "CONFIG_VXLAN", "drivers/net/vxlan") {
        Presence::There => Finding::fine("vxlan", "the kernel has it"),
        Presence::Loadable => Finding::fine("vxlan", "the kernel loads it when it is needed"),
        Presence::Unknown => Finding::unknown("vxlan", "the kernel does not say whether it has it")
            .cure("try: modprobe vxlan"),
        Presence::Missing => Finding::fails("vxlan", "this kernel has no VXLAN")
            .hits(format!("{what}; here they will not, and services stand as running all the same"))
            .cure(
                "install the kernel's further modules (Ubuntu on a Raspberry Pi: `apt install \
                 linux-modules-extra-raspi`), or a kernel with CONFIG_VXLAN, and start it anew",
            )
            .only_if(in_swarm),
    }
}

pub(super) fn ipvs(machine: &Machine, in_swarm: bool) -> Finding {
    if machine.has("/proc/net/ip_vs") {
        return Finding::fine("ipvs", "the kernel has it loaded");
    }
    match presence(machine, "ip_vs", "CONFIG_IP_VS", "net/netfilter/ipvs/ip_vs") {
        Presence::There => Finding::fine("ipvs", "the kernel has it"),
        Presence::Loadable => Finding::fine("ipvs", "the kernel loads it when it is needed"),
        Presence::Unknown => Finding::unknown("ipvs", "the kernel does not say whether it has it")
            .cure("try: modprobe ip_vs && ls /proc/net/ip_vs"),
        Presence::Missing => Finding::fails("ipvs", "this kernel has no IPVS")
            .hits(
                "published ports of a Swarm answer on no node, and a service's name leads nowhere, while \
                 `docker service ls` shows every replica as running",
            )
            .cure(
                "take a kernel with CONFIG_IP_VS, or do without: `endpoint_mode: dnsrr` for every service, \
                 and ports published with `mode: host`",
            )
            .only_if(in_swarm),
    }
}

fn presence(machine: &Machine, module: &str, key: &str, file: &str) -> Presence {
    if machine.has(&format!("/sys/module/{module}")) {
        return Presence::There;
    }
    let folder = format!("/lib/modules/{}", machine.release());
    let is_listed = |list: &str| {
        let lines = machine.text(&format!("{folder}/{list}")).unwrap_or_default();
        let mut lines = lines.lines();
        lines.any(|line| {
            line.contains(&format!("/{module}.ko")) || line.contains(&format!("{file}.ko"))
        })
    };
    if is_listed("modules.builtin") {
        return Presence::There;
    }
    if is_listed("modules.dep") {
        return Presence::Loadable;
    }
    let Some(configuration) = machine.configuration() else {
        // Modules are listed, and this one is not among them.
        let has_list = machine.has(&format!("{folder}/modules.dep"));
        return if has_list { Presence::Missing } else { Presence::Unknown };
    };
    let has = |value: &str| configuration.lines().any(|line| line == format!("{key}={value}"));
    match () {
        () if has("y") => Presence::There,
        // It was built as a module, and its file is not on this disk.
        () if has("m") && !machine.has(&folder) => Presence::Unknown,
        () => Presence::Missing,
    }
}

pub(super) fn memory(machine: &Machine) -> Finding {
    let second = machine.text("/sys/fs/cgroup/cgroup.controllers");
    let first = machine.text("/proc/cgroups").unwrap_or_default();
    let of_first = first.lines().find_map(|line| line.strip_prefix("memory"));
    let has_second = second.as_ref().map(|it| it.split_whitespace().any(|word| word == "memory"));
    let has_first = of_first.map(|line| line.split_whitespace().last() == Some("1"));
    match (has_second, has_first) {
        (Some(true), _) | (_, Some(true)) => {
            Finding::fine("memory limits", "the kernel counts the memory of containers")
        }
        (None, None) => {
            Finding::unknown("memory limits", "the kernel does not tell of control groups here")
        }
        _ => Finding::limited("memory limits", "the kernel does not count the memory of containers")
            .hits(
                "limits of memory are accepted and do nothing: one container can take the whole machine",
            )
            .cure(
                "on a Raspberry Pi add `cgroup_enable=memory cgroup_memory=1` to the one line of \
                 /boot/firmware/cmdline.txt and start it anew; elsewhere `cgroup_enable=memory`",
            ),
    }
}

pub(super) fn page_size(machine: &Machine) -> Finding {
    let maps = machine.text("/proc/self/smaps").unwrap_or_default();
    let line = maps.lines().find_map(|line| line.strip_prefix("KernelPageSize:"));
    let size: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    match size {
        None => Finding::unknown("page size", "the kernel does not tell it"),
        Some(4) => Finding::fine("page size", "4 KiB"),
        Some(size) => Finding::limited("page size", format!("{size} KiB: fine for headwater"))
            .hits(
                "images whose allocator was built for 4 KiB end at once (`Unsupported system page size`): \
                 some of Redis, MongoDB and others with jemalloc",
            )
            .cure(
                "take an image built for it, or on a Raspberry Pi 5 the kernel with 4 KiB: \
                 `kernel=kernel8.img` in /boot/firmware/config.txt",
            ),
    }
}

pub(super) fn inotify(machine: &Machine) -> Finding {
    let limit = |name: &str| machine.number(&format!("/proc/sys/fs/inotify/max_user_{name}"));
    let (instances, watches) = (limit("instances"), limit("watches"));
    let told = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |it| it.to_string());
    let what = format!("{} instances, {} watches for a user", told(instances), told(watches));
    let is_low = instances.is_some_and(|it| it < 128) || watches.is_some_and(|it| it < 8192);
    if instances.is_none() && watches.is_none() {
        return Finding::unknown("inotify", "the kernel does not tell its limits");
    }
    if !is_low {
        return Finding::fine("inotify", what);
    }
    Finding::limited("inotify", what)
        .hits("new files and datasets are found by looking again and again, a little later")
        .cure("sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536")
}
