//! The services' numbers in the Prometheus text form.

use crate::app::gates;
use crate::app::status::{Detail, ServiceStatus, Snapshot};
use crate::caches::{CacheMeter, RedisHealth};
use crate::core::text::append;
use crate::engine::meter::{BUCKETS_US, Histogram};
use crate::engine::{FlowMeter, State};
use crate::map::picture::{Alert, AlertState};
use crate::resource::Health;
use crate::server::{MeterSnapshot, latency_bound};
use std::sync::atomic::Ordering::Relaxed;

/// One number of a flow: name, type, help, where it comes from.
type FlowNumber = (&'static str, &'static str, &'static str, fn(&FlowMeter) -> f64);

const FLOW_NUMBERS: &[FlowNumber] = &[
    ("headwater_records_read_total", "counter", "Records that the source gave.", |meter| {
        meter.read_records.load(Relaxed) as f64
    }),
    ("headwater_bytes_read_total", "counter", "Bytes that the source gave.", |meter| {
        meter.read_bytes.load(Relaxed) as f64
    }),
    (
        "headwater_records_stored_total",
        "counter",
        "Records that are durable at the sink.",
        |meter| meter.stored_records.load(Relaxed) as f64,
    ),
    ("headwater_bytes_stored_total", "counter", "Bytes that are durable at the sink.", |meter| {
        meter.stored_bytes.load(Relaxed) as f64
    }),
    ("headwater_commits_total", "counter", "Commits of the sink.", |meter| {
        meter.commits.load(Relaxed) as f64
    }),
    ("headwater_dead_letters_total", "counter", "Records that can never be delivered.", |meter| {
        meter.rejected.load(Relaxed) as f64
    }),
    (
        "headwater_dead_letters_replayed_total",
        "counter",
        "Dead letters that went into the flow again.",
        |meter| meter.replayed.load(Relaxed) as f64,
    ),
    (
        "headwater_records_refused_total",
        "counter",
        "Records that the target refused as the stack file expects: neither stored nor dead letters.",
        |meter| meter.refused.load(Relaxed) as f64,
    ),
    ("headwater_source_faults_total", "counter", "Failed tries to read the source.", |meter| {
        meter.source_faults.load(Relaxed) as f64
    }),
    ("headwater_sink_faults_total", "counter", "Failed tries to store.", |meter| {
        meter.sink_faults.load(Relaxed) as f64
    }),
    ("headwater_backlog_records", "gauge", "Records read and not yet acknowledged.", |meter| {
        meter.backlog_records.load(Relaxed) as f64
    }),
    (
        "headwater_oldest_unacknowledged_seconds",
        "gauge",
        "Age of the oldest record that is not yet acknowledged.",
        |meter| meter.oldest_age().as_secs_f64(),
    ),
];

/// One number of a cache: name, type, help, where it comes from.
type CacheNumber = (&'static str, &'static str, &'static str, fn(&CacheMeter) -> f64);

const CACHE_NUMBERS: &[CacheNumber] = &[
    ("headwater_cache_entries", "gauge", "Records in the near cache.", |it| it.entries as f64),
    ("headwater_cache_evictions_total", "counter", "Records that made room.", |it| {
        it.evictions as f64
    }),
    ("headwater_cache_invalidations_total", "counter", "Records that were written.", |it| {
        it.invalidations as f64
    }),
    (
        "headwater_cache_refused_fills_total",
        "counter",
        "Answers of the store that were not kept, because their record was written meanwhile.",
        |it| it.refused_fills as f64,
    ),
    ("headwater_cache_poisoned_total", "counter", "Copies in Redis that were none.", |it| {
        it.poisoned as f64
    }),
    ("headwater_cache_load_seconds", "gauge", "What a read of the store takes.", |it| {
        it.load.as_secs_f64()
    }),
    ("headwater_redis_up", "gauge", "0 while Redis is left alone.", |it| {
        f64::from(u8::from(it.redis_health != RedisHealth::Away))
    }),
    ("headwater_redis_errors_total", "counter", "Commands that Redis refused.", |it| {
        it.redis.errors as f64
    }),
    ("headwater_redis_timeouts_total", "counter", "Commands without an answer in time.", |it| {
        it.redis.timeouts as f64
    }),
];

/// The whole page.
pub(super) fn render(snapshot: &Snapshot, alerts: &[Alert]) -> String {
    let mut out = String::with_capacity(8 * 1024);
    states(&mut out, &snapshot.services);
    for (name, kind, help, value) in FLOW_NUMBERS {
        header(&mut out, name, kind, help);
        for (service, meter) in flows(snapshot) {
            line(&mut out, name, &[("flow", service)], value(meter));
        }
    }
    let name = "headwater_component_seconds";
    header(&mut out, name, "histogram", "Time that a component took for one call.");
    for (service, meter) in flows(snapshot) {
        let components = [
            ("read", &meter.read_time),
            ("steps", &meter.step_time),
            ("write", &meter.write_time),
            ("commit", &meter.commit_time),
        ];
        for (component, histogram) in components {
            latencies(&mut out, name, &[("flow", service), ("component", component)], histogram);
        }
    }
    servers(&mut out, snapshot);
    gates::render(&mut out, snapshot);
    resources(&mut out, snapshot);
    firing(&mut out, alerts);
    out
}

fn firing(out: &mut String, alerts: &[Alert]) {
    if alerts.is_empty() {
        return;
    }
    let name = "headwater_alert_firing";
    header(out, name, "gauge", "1 while an alert of the stack file fires.");
    for alert in alerts {
        let labels = [("service", alert.service.as_str()), ("when", alert.when.as_str())];
        line(out, name, &labels, f64::from(u8::from(alert.state == AlertState::Firing)));
    }
}

fn resources(out: &mut String, snapshot: &Snapshot) {
    if snapshot.resources.is_empty() {
        return;
    }
    let name = "headwater_store_up";
    header(out, name, "gauge", "0 while the store of a resource does not answer.");
    for resource in &snapshot.resources {
        let is_up = resource.health == Health::Ready;
        line(out, name, &[("resource", &resource.name)], f64::from(u8::from(is_up)));
    }
    let caches: Vec<(&str, &CacheMeter)> = snapshot
        .resources
        .iter()
        .filter_map(|resource| Some((resource.name.as_str(), resource.cache.as_ref()?)))
        .collect();
    let name = "headwater_cache_reads_total";
    header(out, name, "counter", "Reads by where their answer came from.");
    for (resource, cache) in &caches {
        let from = [
            ("near", cache.near_hits),
            ("redis", cache.redis_hits),
            ("collapsed", cache.collapsed),
            ("stale", cache.stale),
            ("store", cache.store_reads),
        ];
        for (from, count) in from {
            line(out, name, &[("resource", resource), ("from", from)], count as f64);
        }
    }
    for (name, kind, help, value) in CACHE_NUMBERS {
        header(out, name, kind, help);
        for (resource, cache) in &caches {
            line(out, name, &[("resource", resource)], value(cache));
        }
    }
    let name = "headwater_cache_staleness";
    header(out, name, "counter", "Hits by how far at most they may have lagged behind the store.");
    for (resource, cache) in &caches {
        for (bound, count) in &cache.staleness {
            let bound = bound.as_secs_f64().to_string();
            line(out, name, &[("resource", resource), ("below", &bound)], *count as f64);
        }
    }
}

fn flows(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &FlowMeter)> {
    snapshot.services.iter().filter_map(|service| match &service.detail {
        Detail::Flow { meter, .. } => Some((service.name.as_str(), meter.as_ref())),
        _ => None,
    })
}

fn states(out: &mut String, services: &[ServiceStatus]) {
    let name = "headwater_service_state";
    header(out, name, "gauge", "1 for the state that the service is in.");
    for service in services {
        for state in ["starting", "running", "stands by", "waiting", "ended", "stopped", "failed"] {
            let value = f64::from(u8::from(service.state.name() == state));
            line(out, name, &[("service", &service.name), ("state", state)], value);
        }
    }
    let name = "headwater_service_up";
    header(out, name, "gauge", "0 for a service that needs a person.");
    for service in services {
        let is_up = !matches!(service.state, State::Failed(_));
        line(out, name, &[("service", &service.name)], f64::from(u8::from(is_up)));
    }
}

fn servers(out: &mut String, snapshot: &Snapshot) {
    let servers: Vec<(&str, &MeterSnapshot)> = snapshot
        .services
        .iter()
        .filter_map(|service| match &service.detail {
            Detail::Server(meter) => Some((service.name.as_str(), meter.as_ref())),
            Detail::Gate(gate) => Some((service.name.as_str(), &gate.meter)),
            _ => None,
        })
        .collect();
    header(out, "headwater_http_requests_total", "counter", "Requests by class of their status.");
    for (service, meter) in &servers {
        for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(meter.requests) {
            let labels = [("service", *service), ("status", *class)];
            line(out, "headwater_http_requests_total", &labels, count as f64);
        }
    }
    header(out, "headwater_http_connections", "gauge", "Open connections.");
    for (service, meter) in &servers {
        let labels = [("service", *service)];
        line(out, "headwater_http_connections", &labels, meter.connections_open as f64);
    }
    let name = "headwater_http_request_seconds";
    header(out, name, "histogram", "Time from a request's headers to its answer.");
    for (service, meter) in &servers {
        let mut total = 0;
        for (bucket, count) in meter.latency.iter().enumerate() {
            total += count;
            let bound = latency_bound(bucket)
                .map_or_else(|| "+Inf".to_owned(), |bound| bound.as_secs_f64().to_string());
            let labels = [("service", *service), ("le", bound.as_str())];
            line(out, "headwater_http_request_seconds_bucket", &labels, total as f64);
        }
        let labels = [("service", *service)];
        let sum = meter.latency_sum.as_secs_f64();
        line(out, "headwater_http_request_seconds_sum", &labels, sum);
        line(out, "headwater_http_request_seconds_count", &labels, total as f64);
    }
}

fn latencies(out: &mut String, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
    let (counts, total, sum) = histogram.snapshot();
    for (bucket, count) in counts.iter().enumerate() {
        let bound = BUCKETS_US
            .get(bucket)
            .map_or_else(|| "+Inf".to_owned(), |us| (*us as f64 / 1e6).to_string());
        let mut labels = labels.to_vec();
        labels.push(("le", &bound));
        line(out, &format!("{name}_bucket"), &labels, *count as f64);
    }
    line(out, &format!("{name}_sum"), labels, sum);
    line(out, &format!("{name}_count"), labels, total as f64);
}

pub(super) fn header(out: &mut String, name: &str, kind: &str, help: &str) {
    append(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

pub(super) fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    out.push_str(name);
    for (index, (label, text)) in labels.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        append(out, format_args!("{label}=\"{text}\""));
    }
    append(out, format_args!("}} {value}\n"));
}
