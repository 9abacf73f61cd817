//! The admin listener: the map at `/`, and `/metrics`, `/health`, `/ready` for machines. With a token only the last two
//! are open: what probes a process has no secrets, and learns only the states of its services.

use crate::app::gates;
use crate::app::map::{self, Keeper};
use crate::app::metrics;
use crate::app::status::Snapshot;
use crate::caches::RedisHealth;
use crate::core::fault::Fault;
use crate::engine::State;
use crate::resource::Health;
use crate::server::{
    Answer, Limits, Quick, RequestHead, Route, Router, RunningServer, Server, ServerConfig,
};
use crate::web::{Door, Policy};
use http::Method;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Where it listens unless told otherwise, and how many ports behind it are tried.
pub(super) const PORT: u16 = 7070;
const PORTS: u16 = 100;

/// At a time, half of them for open pages of the map at most: the others are for those who probe and measure.
const CONNECTIONS: usize = 256;
const _: () = assert!(map::STREAMS <= CONNECTIONS / 2);

pub(super) type View = Arc<dyn Fn() -> Snapshot + Send + Sync>;

pub(super) fn start(
    address: Option<SocketAddr>,
    token: Option<&str>,
    view: &View,
    keeper: &Keeper,
) -> Result<RunningServer, Fault> {
    let door = Door::new("admin", token);
    let listen = |address| listen(address, &door, view, keeper);
    if let Some(address) = address {
        return listen(address);
    }
    let mut last = None;
    for port in PORT..PORT + PORTS {
        match listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            Ok(server) => return Ok(server),
            Err(fault) => last = Some(fault),
        }
    }
    Err(last
        .unwrap_or_else(|| Fault::stop("no free port for the admin listener; use --admin ADDR")))
}

fn listen(
    address: SocketAddr,
    door: &Door,
    view: &View,
    keeper: &Keeper,
) -> Result<RunningServer, Fault> {
    let limits = Limits { connections: CONNECTIONS, body_bytes: 64 * 1024, ..Limits::default() };
    let config = ServerConfig { name: "admin".to_owned(), address, limits };
    let page = |write: fn(&Snapshot, &mut Answer)| {
        let view = Arc::clone(view);
        let answer = move |_: &RequestHead<'_>, out: &mut Answer| write(&view(), out);
        Route::new().quick(Method::GET, answer)
    };
    let gate = door.before(Policy::new());
    let metrics = Route::new().quick(Method::GET, metrics_page(view, keeper));
    let router = map::mount(Router::new(), keeper, door)
        .at("/metrics", metrics.gate(Arc::clone(&gate)))
        .at("/gates", page(gates::json).gate(gate))
        .at("/health", page(|snapshot, out| state(snapshot, snapshot.is_healthy(), out)))
        .at("/ready", page(|snapshot, out| state(snapshot, snapshot.is_ready(), out)));
    Server::start(config, router).map_err(|error| {
        Fault::stop(error.to_string().replace("--port admin=N", "--admin ADDRESS:PORT"))
    })
}

fn metrics_page(view: &View, keeper: &Keeper) -> impl Quick + 'static {
    let (view, keeper) = (Arc::clone(view), keeper.clone());
    move |_: &RequestHead<'_>, out: &mut Answer| {
        let text = metrics::render(&view(), &keeper.own().alerts);
        out.content("text/plain; version=0.0.4; charset=utf-8").extend_from_slice(text.as_bytes());
    }
}

fn state(snapshot: &Snapshot, is_fine: bool, out: &mut Answer) {
    let services: serde_json::Map<String, serde_json::Value> = snapshot
        .services
        .iter()
        .map(|service| {
            let reason = match &service.state {
                State::Waiting(reason) | State::StandsBy(reason) | State::Failed(reason) => {
                    Some(reason.as_str())
                }
                _ => None,
            };
            let state = json!({ "state": service.state.name(), "reason": reason });
            (service.name.clone(), state)
        })
        .collect();
    let resources: serde_json::Map<String, serde_json::Value> = snapshot
        .resources
        .iter()
        .map(|resource| {
            let (state, reason) = match &resource.health {
                Health::Ready => ("ready", None),
                Health::Down(reason) => ("down", Some(reason.as_str())),
            };
            let mut status = json!({ "state": state, "reason": reason });
            match resource.cache.as_ref().map(|cache| cache.redis_health) {
                Some(RedisHealth::Ready) => status["redis"] = "ready".into(),
                Some(RedisHealth::Away) => status["redis"] = "away".into(),
                Some(RedisHealth::Absent) | None => {}
            }
            (resource.name.clone(), status)
        })
        .collect();
    let status = if is_fine { "ok" } else { "failing" };
    let mut body = json!({ "status": status, "stack": snapshot.stack, "services": services });
    if !resources.is_empty() {
        body["resources"] = resources.into();
    }
    out.status(if is_fine { 200 } else { 503 });
    out.json().extend_from_slice(body.to_string().as_bytes());
}
