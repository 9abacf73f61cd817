//! From what runs to the plain numbers of the map.

use crate::app::resources::ResourceStatus;
use crate::app::status::{Detail, ServiceStatus, Snapshot};
use crate::caches::RedisHealth;
use crate::core::time::timed::{CacheCounts, Timed};
use crate::engine::meter::{Histogram, Side};
use crate::engine::{FlowMeter, State};
use crate::gate::MemberStatus;
use crate::map::merge::rank;
use crate::map::picture;
use crate::map::picture::Lane;
use crate::map::{Condition, Graph, Kind, Latency, Sample};
use crate::resource::Health;
use crate::server::{MeterSnapshot, latency_bound};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What is known of one node at one moment.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub condition: Condition,
    pub reason: Option<String>,
    pub waits: Option<picture::Side>,
    pub replicas: u32,
    pub addresses: Vec<String>,
    pub sample: Sample,
    /// Of a cache.
    pub cache: Option<CacheCounts>,
    /// Of a gate.
    pub lanes: Vec<Lane>,
}

/// One answer for each node of the graph; `None` where nothing of it runs here.
pub(super) fn measure(graph: &Graph, snapshot: &Snapshot) -> Vec<Option<Measured>> {
    let of = |node: &crate::map::Node| {
        let named = node.id.split_once(':').map_or("", |(_, name)| name);
        let resource = || snapshot.resources.iter().find(|it| it.name == named);
        match node.kind {
            Kind::Flow | Kind::Server | Kind::View | Kind::Gate => {
                service(&node.id, graph, snapshot)
            }
            Kind::Resource => resource().map(of_resource),
            Kind::Cache => resource().and_then(of_cache),
            Kind::Store => resource().map(of_store),
            Kind::File | Kind::Address => None,
        }
    };
    graph.nodes.iter().map(of).collect()
}

/// A service with all its replicas: `consumer-1` and `consumer-2` are `consumer`.
fn service(name: &str, graph: &Graph, snapshot: &Snapshot) -> Option<Measured> {
    let is_replica = |status: &ServiceStatus| {
        let is_number = |tail: &str| !tail.is_empty() && tail.bytes().all(|it| it.is_ascii_digit());
        let tail = status.name.strip_prefix(name).and_then(|tail| tail.strip_prefix('-'));
        tail.is_some_and(is_number) && graph.position(&status.name).is_none()
    };
    let all = snapshot.services.iter().filter(|it| it.name == name || is_replica(it));
    all.map(of_service).reduce(together)
}

fn together(mut one: Measured, other: Measured) -> Measured {
    if rank(other.condition) > rank(one.condition) {
        (one.condition, one.reason, one.waits) = (other.condition, other.reason, other.waits);
    }
    one.replicas += other.replicas;
    one.addresses.extend(other.addresses);
    one.sample.add(&other.sample);
    one.lanes.extend(other.lanes);
    one
}

fn of_service(status: &ServiceStatus) -> Measured {
    let (condition, reason) = match &status.state {
        State::Starting => (Condition::Starting, None),
        State::Running => (Condition::Running, None),
        State::StandsBy(reason) => (Condition::StandsBy, Some(reason.clone())),
        State::Waiting(reason) => (Condition::Waiting, Some(reason.clone())),
        State::Ended => (Condition::Ended, None),
        State::Stopped => (Condition::Stopped, None),
        State::Failed(reason) => (Condition::Failed, Some(reason.clone())),
    };
    let (sample, waits) = match &status.detail {
        Detail::Flow { meter, .. } => (of_flow(meter), meter.waiting_side().map(side)),
        Detail::Server(meter) => (of_server(meter), None),
        Detail::Gate(gate) => (of_server(&gate.meter), None),
        Detail::Nothing => (Sample::default(), None),
    };
    let lanes = match &status.detail {
        Detail::Gate(gate) => lanes(&gate.members),
        _ => Vec::new(),
    };
    let addresses = status.addresses.clone();
    Measured { condition, reason, waits, replicas: 1, addresses, sample, cache: None, lanes }
}

fn lanes(members: &[MemberStatus]) -> Vec<Lane> {
    let all: u64 = members.iter().map(|it| it.counts.requests).sum();
    let lane = |it: &MemberStatus| Lane {
        replica: it.address.to_string(),
        state: it.standing.word().to_owned(),
        requests: it.counts.requests,
        share: it.counts.requests as f32 / all.max(1) as f32,
        in_flight: it.in_flight,
        failures: it.counts.failures,
        seconds: it.counts.time.as_secs_f32() / it.counts.answered.max(1) as f32,
    };
    members.iter().map(lane).collect()
}

fn side(side: Side) -> picture::Side {
    match side {
        Side::Source => picture::Side::Source,
        Side::Intake => picture::Side::Journal,
        Side::Sink => picture::Side::Sink,
    }
}

fn of_flow(meter: &FlowMeter) -> Sample {
    let write = latency(&meter.write_time);
    let commit = latency(&meter.commit_time);
    let total = |histogram: &Histogram| histogram.sum();
    Sample {
        taken: meter.read_records.load(Relaxed),
        taken_bytes: meter.read_bytes.load(Relaxed),
        given: meter.stored_records.load(Relaxed),
        given_bytes: meter.stored_bytes.load(Relaxed),
        errors: meter.source_faults.load(Relaxed) + meter.sink_faults.load(Relaxed),
        dead_letters: meter.rejected.load(Relaxed),
        refused: meter.refused.load(Relaxed),
        waiting: meter.backlog_records.load(Relaxed),
        oldest: meter.oldest_age(),
        spent: [total(&meter.read_time), total(&meter.step_time), write.sum + commit.sum],
        // A delivery is all writes of a group and their commit.
        latency: Latency { sum: write.sum + commit.sum, ..commit },
        ..Sample::default()
    }
}

fn latency(histogram: &Histogram) -> Latency {
    let (cumulative, count, _) = histogram.snapshot();
    let bounds = crate::engine::meter::BUCKETS_US.iter().map(|us| *us as f64 / 1e6);
    let mut before = 0;
    let buckets = bounds.chain([f64::INFINITY]).zip(cumulative).map(|(bound, upto)| {
        let many = upto.saturating_sub(before);
        before = upto;
        (bound, many)
    });
    Latency { buckets: buckets.collect(), count, sum: histogram.sum() }
}

fn of_server(meter: &MeterSnapshot) -> Sample {
    let total = meter.requests_total();
    let [.., failed] = meter.requests;
    let buckets = meter.latency.iter().enumerate().map(|(bucket, count)| {
        (latency_bound(bucket).map_or(f64::INFINITY, |bound| bound.as_secs_f64()), *count)
    });
    Sample {
        taken: total,
        taken_bytes: meter.bytes_in,
        given: total - failed,
        given_bytes: meter.bytes_out,
        errors: failed,
        waiting: meter.connections_open,
        latency: Latency { buckets: buckets.collect(), count: total, sum: meter.latency_sum },
        ..Sample::default()
    }
}

fn of_resource(status: &ResourceStatus) -> Measured {
    let (condition, reason) = match &status.health {
        Health::Ready => (Condition::Running, None),
        Health::Down(reason) => (Condition::Down, Some(reason.clone())),
    };
    Measured {
        condition,
        reason,
        waits: None,
        replicas: 1,
        addresses: Vec::new(),
        sample: Sample::default(),
        cache: None,
        lanes: Vec::new(),
    }
}

fn of_cache(status: &ResourceStatus) -> Option<Measured> {
    let meter = status.cache.as_ref()?;
    let hits = meter.near_hits + meter.redis_hits + meter.collapsed;
    let misses = meter.store_reads.saturating_sub(meter.early_refreshes);
    let sample = Sample {
        taken: hits + misses + meter.stale,
        given: hits,
        waiting: meter.entries,
        errors: meter.redis.errors + meter.redis.timeouts,
        hits,
        misses,
        hit: timed(&meter.hit_time),
        miss: timed(&meter.load_time),
        ..Sample::default()
    };
    let is_away = meter.redis_health == RedisHealth::Away;
    let condition = if is_away { Condition::Waiting } else { Condition::Running };
    let reason =
        is_away.then(|| "Redis does not answer; the memory of the process goes on".to_owned());
    let cache = Some(status.counts());
    Some(Measured { condition, reason, sample, cache, ..of_resource(status) })
}

fn of_store(status: &ResourceStatus) -> Measured {
    let reads = status.cache.as_ref().map_or(&status.store.reads, |cache| &cache.load_time);
    let errors = status.cache.as_ref().map_or(0, |cache| cache.store_errors);
    let sample = Sample {
        taken: reads.count + status.store.writes.count,
        given: status.store.writes.count,
        errors: status.store.errors + errors,
        latency: timed(reads),
        miss: timed(&status.store.writes),
        ..Sample::default()
    };
    Measured { sample, ..of_resource(status) }
}

fn timed(timed: &Timed) -> Latency {
    Latency { buckets: Vec::new(), count: timed.count, sum: timed.sum }
}

/// What the map's clock says between two measurements.
pub(super) const TICK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::stack::{Environment, load};
    use std::sync::Arc;
    use std::time::Duration;

    const STACK: &str = "stack: s
services:
  api: { listen: 5000, routes: { /: { generate: { n: sequence } } } }
  poll: { source: { http_poll: http://localhost:5000/ }, sink: drop }
  poll-2: { source: { http_poll: http://localhost:5000/ }, sink: drop }
";

    fn graph() -> Graph {
        let given = Environment::Given(Vec::new());
        Graph::of(&load("s.yaml", STACK, &Catalog::all(), &given).unwrap().0)
    }

    fn flow(name: &str, stored: u64, state: State) -> ServiceStatus {
        let meter = FlowMeter::default();
        meter.stored_records.store(stored, Relaxed);
        meter.set_state(state.clone());
        let detail = Detail::Flow {
            meter: Arc::new(meter),
            stored,
            rejected: 0,
            refused: 0,
            faults: 0,
            lag: Duration::ZERO,
        };
        ServiceStatus { name: name.to_owned(), state, addresses: Vec::new(), detail }
    }

    #[test]
    fn replicas_are_one_node_and_the_worst_of_them_is_shown() {
        let failed = State::Failed("no".to_owned());
        let services = vec![
            flow("poll-1", 5, State::Running),
            flow("poll-3", 7, failed),
            flow("poll-2", 100, State::Running),
            flow("poll-x", 1000, State::Running),
        ];
        let snapshot = Snapshot { stack: "s".to_owned(), services, resources: Vec::new() };
        let measured = measure(&graph(), &snapshot);
        assert!(measured[0].is_none(), "the server does not run here");
        let poll = measured[1].as_ref().unwrap();
        assert_eq!((poll.replicas, poll.sample.given), (2, 12), "poll-2 is a service of its own");
        assert_eq!((poll.condition, poll.reason.as_deref()), (Condition::Failed, Some("no")));
        assert_eq!(measured[2].as_ref().unwrap().sample.given, 100);
    }

    #[test]
    fn a_server_counts_its_failures_apart_and_its_latencies_by_bound() {
        let mut meter = MeterSnapshot { requests: [0, 90, 0, 6, 4], ..MeterSnapshot::default() };
        meter.latency[10] = 99;
        meter.latency[20] = 1;
        let sample = of_server(&meter);
        assert_eq!((sample.taken, sample.given, sample.errors), (100, 96, 4));
        let bound = |bucket| latency_bound(bucket).unwrap().as_secs_f64();
        let before = Latency::default();
        assert_eq!(sample.latency.quantile_since(&before, 0.99), Some(bound(10)));
        assert_eq!(sample.latency.quantile_since(&before, 1.0), Some(bound(20)));
    }
}
