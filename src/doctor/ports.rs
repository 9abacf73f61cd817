//! Are the ports free that a stack or a Swarm wants?

use crate::doctor::finding::Finding;
use crate::doctor::machine::Machine;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Processes that are looked into for the one that holds a port.
const PROCESSES: usize = 4096;

/// One port that a service listens on.
pub(super) fn service(machine: &Machine, name: &str, address: SocketAddr) -> Finding {
    let subject = format!("port {}", address.port());
    if address.port() == 0 {
        return Finding::fine(&subject, format!("{name} takes any that is free"));
    }
    let Err(error) = TcpListener::bind(address) else {
        return Finding::fine(&subject, format!("free for {name}"));
    };
    let hits = format!("{name} cannot start");
    match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = holder(machine, address.port());
            let by = holder.map_or_else(String::new, |holder| format!(" by {holder}"));
            Finding::fails(&subject, format!("taken{by}"))
                .hits(hits)
                .cure(format!("end that program, or use `--port {name}=N`"))
        }
        ErrorKind::PermissionDenied => Finding::fails(&subject, "only root may listen on it")
            .hits(hits)
            .cure(format!("use a port from 1024 on: `--port {name}=N`")),
        _ => Finding::fails(&subject, format!("{address}: {error}"))
            .hits(hits)
            .cure("name an address of this machine with `--bind ADDR`"),
    }
}

/// What the nodes of a Swarm talk through; taken by Docker itself once it is in one.
pub(super) fn swarm() -> Vec<Finding> {
    let any = |port: u16| SocketAddr::from(([0, 0, 0, 0], port));
    let taken = |error: std::io::Error| error.kind() == ErrorKind::AddrInUse;
    let uses = [
        (2377, TcpListener::bind(any(2377)).err().is_some_and(taken), "managers listen on it"),
        (
            7946,
            TcpListener::bind(any(7946)).err().is_some_and(taken),
            "nodes find each other by it",
        ),
        (4789, UdpSocket::bind(any(4789)).err().is_some_and(taken), "VXLAN comes in by it"),
    ];
    let mut findings = Vec::new();
    for (port, is_taken, what) in uses {
        if is_taken {
            let subject = format!("port {port}");
            findings.push(
                Finding::limited(
                    &subject,
                    format!("taken, and this machine is in no Swarm: {what}"),
                )
                .hits("`docker swarm init` and `join`")
                .cure("end the program that holds it: `ss -tulnp`"),
            );
        }
    }
    findings
}

/// The process that listens on a port, if this user may see it.
fn holder(machine: &Machine, port: u16) -> Option<String> {
    let wanted = format!(":{port:04X}");
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| machine.text(path).unwrap_or_default());
    let inode = tables.iter().flat_map(|table| table.lines()).find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_it = words.get(1)?.ends_with(&wanted) && words.get(3) == Some(&"0A");
        is_it.then(|| words.get(9).map(|inode| format!("socket:[{inode}]")))?
    })?;
    let processes = machine.names("/proc");
    let numbers = processes.iter().filter(|name| name.starts_with(|c: char| c.is_ascii_digit()));
    numbers.take(PROCESSES).find_map(|number| {
        let folder = format!("/proc/{number}/fd");
        let holds = machine.names(&folder).iter().any(|name| {
            let link = std::fs::read_link(machine.path(&format!("{folder}/{name}")));
            link.is_ok_and(|link| link.as_os_str().to_str() == Some(inode.as_str()))
        });
        let name = || machine.text(&format!("/proc/{number}/comm")).unwrap_or_default();
        holds.then(|| format!("{} (process {number})", name().trim()))
    })
}
