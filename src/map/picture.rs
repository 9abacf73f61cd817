//! The map at one moment, as `/map.json` gives it: the graph with what is known of every node. Version 1.

use crate::core::time::timed::CacheCounts;
use crate::map::graph::{Graph, Kind, Node, Rate};
use crate::map::sample::{Condition, Row, Series, UNKNOWN};
use serde::{Deserialize, Serialize};

/// The version of the JSON; a reader refuses a newer one.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    pub version: u32,
    pub headwater: String,
    /// Different for every process.
    #[serde(default)]
    pub instance: String,
    pub stack: String,
    /// RFC 3339.
    pub at: String,
    pub nodes: Vec<Shown>,
    pub edges: Vec<ShownEdge>,
    pub verdict: Verdict,
    pub alerts: Vec<Alert>,
    /// What `headwater autoscale` decided last, for each service that has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling: Vec<Scaling>,
    /// Other processes of the stack that were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<Peer>,
}

/// A node with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    #[serde(flatten)]
    pub node: Node,
    #[serde(flatten)]
    pub reading: Reading,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub condition: Condition,
    /// Why it waits or has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which side of a flow waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Side>,
    /// How many of it run, over all processes that are known.
    pub replicas: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Of a gate: what each replica behind it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<Lane>,
    /// Since the start.
    pub totals: Totals,
    /// Since the start, of a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheCounts>,
    pub now: Now,
    /// Records or requests a second over the last minute, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minute: Vec<Option<f32>>,
    /// How much more waits than a moment ago; above zero it grows.
    #[serde(default)]
    pub growth: f32,
}

/// One replica behind a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    pub replica: String,
    /// `ready`, `starting`, `leaving`, `suspended` or `down`.
    pub state: String,
    /// Since it was found, and how much of all that is.
    pub requests: u64,
    pub share: f32,
    pub in_flight: u32,
    pub failures: u64,
    /// A mean answer.
    pub seconds: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Source,
    Journal,
    Sink,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub taken: u64,
    pub given: u64,
    pub errors: u64,
    pub dead_letters: u64,
    pub refused: u64,
}

/// The last second; what is missing is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Now {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_per_second: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_bytes_per_second: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_per_second: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_bytes_per_second: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors_per_second: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stepping: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writing: Option<f32>,
    /// Over the last minute, like those that follow: a mean of one second says little where little happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_ratio: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_latency_seconds: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Of a cache: a read that went to the store. Of a store: a write.
    pub miss_latency_seconds: Option<f32>,
}

impl Now {
    /// Rates of the last seconds, and what is an average over the last minute.
    pub fn of(rates: &Row, minute: &Row, p99: Option<f64>) -> Self {
        let at = |row: &Row, series: Series| Some(row[series as usize]).filter(|it| it.is_finite());
        Self {
            taken_per_second: at(rates, Series::Taken),
            taken_bytes_per_second: at(rates, Series::TakenBytes),
            given_per_second: at(rates, Series::Given),
            given_bytes_per_second: at(rates, Series::GivenBytes),
            errors_per_second: at(rates, Series::Errors),
            waiting: at(rates, Series::Waiting),
            oldest_seconds: at(rates, Series::Oldest),
            reading: at(rates, Series::Reading),
            stepping: at(rates, Series::Stepping),
            writing: at(rates, Series::Writing),
            latency_seconds: at(minute, Series::Latency),
            latency_p99_seconds: p99.map(|seconds| seconds as f32).filter(|it| it.is_finite()),
            hit_ratio: at(minute, Series::HitRatio),
            hit_latency_seconds: at(minute, Series::HitLatency),
            miss_latency_seconds: at(minute, Series::MissLatency),
        }
    }
}

impl Reading {
    /// Of a node that nobody told of.
    pub fn unknown(kind: Kind) -> Self {
        let condition = if kind.is_outside() { Condition::Outside } else { Condition::Elsewhere };
        Self {
            condition,
            reason: None,
            waits: None,
            replicas: 0,
            addresses: Vec::new(),
            lanes: Vec::new(),
            totals: Totals::default(),
            cache: None,
            now: Now::of(&UNKNOWN, &UNKNOWN, None),
            minute: Vec::new(),
            growth: 0.0,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownEdge {
    /// Ids of nodes.
    pub from: String,
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<f32>,
}

/// What holds the stack up, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub text: String,
    /// The node that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub level: Level,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    Good,
    Notice,
    Bad,
}

/// An alert of the stack file that fires, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub service: String,
    /// As it stands in the stack file.
    pub when: String,
    pub state: AlertState,
    /// RFC 3339; when the state began.
    pub since: String,
    /// The measured value, with its unit.
    pub value: String,
}

/// The loudest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    Quiet,
    /// True, but not for long enough yet.
    Pending,
    Firing,
}

/// What is scaled by need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    pub service: String,
    pub replicas: u32,
    pub min: u32,
    pub max: u32,
    /// `2 -> 4 replicas: rate 310/s is 155/s each, target 100/s; 4 needed for 10s`
    pub decision: String,
    /// RFC 3339; when it was told.
    pub at: String,
}

/// Another process that was asked for its map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub address: String,
    pub answered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Picture {
    /// The graph with a reading for every node, in its order.
    pub fn of(graph: &Graph, readings: Vec<Reading>, at: String) -> Self {
        let nodes: Vec<Shown> = graph
            .nodes
            .iter()
            .zip(readings)
            .map(|(node, reading)| Shown { node: node.clone(), reading })
            .collect();
        let edges = graph.edges.iter().map(|edge| {
            let id = |at: usize| graph.nodes.get(at).map_or_else(String::new, |it| it.id.clone());
            ShownEdge {
                from: id(edge.from),
                to: id(edge.to),
                per_second: None,
                bytes_per_second: None,
            }
        });
        let mut picture = Self {
            version: VERSION,
            headwater: env!("CARGO_PKG_VERSION").to_owned(),
            stack: graph.stack.clone(),
            at,
            edges: edges.collect(),
            nodes,
            ..Self::default()
        };
        picture.rate_edges(graph);
        picture
    }

    /// Puts the rates of the nodes to the edges.
    pub fn rate_edges(&mut self, graph: &Graph) {
        for (edge, shown) in graph.edges.iter().zip(&mut self.edges) {
            let now = |at: usize| self.nodes.get(at).map(|node| &node.reading.now);
            (shown.per_second, shown.bytes_per_second) = match edge.rate {
                Rate::Taken => now(edge.to)
                    .map_or((None, None), |it| (it.taken_per_second, it.taken_bytes_per_second)),
                Rate::Given => now(edge.from)
                    .map_or((None, None), |it| (it.given_per_second, it.given_bytes_per_second)),
                Rate::Unknown => (None, None),
            };
        }
    }

    pub fn node(&self, id: &str) -> Option<&Shown> {
        self.nodes.iter().find(|node| node.node.id == id)
    }

    /// Ids that an edge joins, as places in the list.
    pub fn links(&self) -> Vec<(usize, usize)> {
        let at = |id: &str| self.nodes.iter().position(|node| node.node.id == id);
        let links = self.edges.iter().filter_map(|edge| Some((at(&edge.from)?, at(&edge.to)?)));
        links.collect()
    }
}
