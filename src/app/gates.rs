//! What the gates have done, as metrics and as JSON: each replica's share.

use crate::app::metrics::{header, line};
use crate::app::status::{Detail, Snapshot};
use crate::gate::{GateStatus, MemberStatus, Standing};
use crate::server::Answer;
use serde_json::{Value, json};

/// One number of a replica: name, type, help, where it comes from.
type Number = (&'static str, &'static str, &'static str, fn(&MemberStatus) -> f64);

const NUMBERS: &[Number] = &[
    (
        "headwater_gate_requests_total",
        "counter",
        "Requests that were given to the replica.",
        |it| it.counts.requests as f64,
    ),
    ("headwater_gate_failures_total", "counter", "Requests that it did not answer.", |it| {
        it.counts.failures as f64
    }),
    ("headwater_gate_in_flight", "gauge", "Requests under way at the replica.", |it| {
        f64::from(it.in_flight)
    }),
];

fn gates(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &GateStatus)> {
    snapshot.services.iter().filter_map(|service| match &service.detail {
        Detail::Gate(gate) => Some((service.name.as_str(), gate.as_ref())),
        _ => None,
    })
}

/// Nothing where there is no gate.
pub(super) fn render(out: &mut String, snapshot: &Snapshot) {
    if gates(snapshot).next().is_none() {
        return;
    }
    for (name, kind, help, value) in NUMBERS {
        header(out, name, kind, help);
        for (gate, member) in members(snapshot) {
            line(
                out,
                name,
                &[("gate", gate), ("replica", &member.address.to_string())],
                value(member),
            );
        }
    }
    let name = "headwater_gate_request_seconds";
    header(out, name, "summary", "Time until the replica's answer began.");
    for (gate, member) in members(snapshot) {
        let address = member.address.to_string();
        let labels = [("gate", gate), ("replica", address.as_str())];
        line(out, &format!("{name}_sum"), &labels, member.counts.time.as_secs_f64());
        line(out, &format!("{name}_count"), &labels, member.counts.answered as f64);
    }
    let name = "headwater_gate_replica_state";
    header(out, name, "gauge", "1 for the state that the replica is in.");
    for (gate, member) in members(snapshot) {
        let address = member.address.to_string();
        for standing in Standing::ALL {
            let labels = [("gate", gate), ("replica", &address), ("state", standing.word())];
            line(out, name, &labels, f64::from(u8::from(member.standing == standing)));
        }
    }
    totals(out, snapshot);
}

fn totals(out: &mut String, snapshot: &Snapshot) {
    let name = "headwater_gate_retries_total";
    header(out, name, "counter", "Requests that were given to another replica.");
    for (gate, status) in gates(snapshot) {
        line(out, name, &[("gate", gate)], status.retries as f64);
    }
    let name = "headwater_gate_refused_total";
    header(out, name, "counter", "Requests that got no replica.");
    for (gate, status) in gates(snapshot) {
        let reasons =
            [("no_replica", status.refused_no_replica), ("no_room", status.refused_no_room)];
        for (reason, count) in reasons {
            line(out, name, &[("gate", gate), ("reason", reason)], count as f64);
        }
    }
    let name = "headwater_gate_waiting";
    header(out, name, "gauge", "Requests that wait for a replica.");
    for (gate, status) in gates(snapshot) {
        line(out, name, &[("gate", gate)], status.waiting as f64);
    }
}

fn members(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &MemberStatus)> {
    gates(snapshot).flat_map(|(name, gate)| gate.members.iter().map(move |it| (name, it)))
}

/// `/gates` of the admin listener.
pub(super) fn json(snapshot: &Snapshot, out: &mut Answer) {
    let all: Vec<Value> = gates(snapshot).map(|(name, gate)| of_gate(name, gate)).collect();
    let body = json!({ "stack": snapshot.stack, "gates": all });
    out.json().extend_from_slice(body.to_string().as_bytes());
}

fn of_gate(name: &str, gate: &GateStatus) -> Value {
    let all: u64 = gate.members.iter().map(|it| it.counts.requests).sum();
    let of = |member: &MemberStatus| {
        json!({
            "replica": member.address.to_string(),
            "state": member.standing.word(),
            "requests": member.counts.requests,
            "share": member.counts.requests as f64 / all.max(1) as f64,
            "in_flight": member.in_flight,
            "failures": member.counts.failures,
            "mean_seconds": member.counts.time.as_secs_f64() / member.counts.answered.max(1) as f64,
        })
    };
    json!({
        "gate": name,
        "to": gate.to,
        "replicas": gate.members.iter().map(of).collect::<Vec<_>>(),
        "waiting": gate.waiting,
        "retries": gate.retries,
        "refused": { "no_replica": gate.refused_no_replica, "no_room": gate.refused_no_room },
    })
}
