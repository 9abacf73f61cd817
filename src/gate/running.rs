//! A gate that runs: its server, the look for replicas, and a check of each.

use crate::core::time::now;
use crate::gate::budget::Budget;
use crate::gate::config::GateConfig;
use crate::gate::connections::{self, open};
use crate::gate::finding::{Finder, Found};
use crate::gate::group::Group;
use crate::gate::health::Trouble;
use crate::gate::limits::{CONNECT_TIME, HURRY, RESOLVE_EVERY};
use crate::gate::member::MemberStatus;
use crate::gate::proxy::Proxy;
use crate::gate::roster::Chosen;
use crate::server::{
    MeterSnapshot, Route, Router, RunningServer, Server, ServerConfig, ServerPool, StartError,
};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::AbortHandle;

#[derive(Debug)]
pub struct RunningGate {
    server: RunningServer,
    proxy: Arc<Proxy>,
    finding: AbortHandle,
}

/// What a gate has done.
#[derive(Debug, Clone, Default)]
pub struct GateStatus {
    pub to: String,
    pub members: Vec<MemberStatus>,
    /// Requests that wait for a replica right now.
    pub waiting: usize,
    pub retries: u64,
    pub refused_no_replica: u64,
    pub refused_no_room: u64,
    pub meter: MeterSnapshot,
}

impl RunningGate {
    pub fn start(
        config: GateConfig,
        found: Found,
        server: ServerConfig,
        stack: &str,
    ) -> Result<Self, StartError> {
        let failed = |cause| (server.name.clone(), server.address, cause);
        let pool = ServerPool::shared().map_err(failed);
        let pool = pool.map_err(|(name, address, cause)| StartError { name, address, cause })?;
        let group = Group::new(&config);
        let proxy = Arc::new(Proxy {
            name: format!("{stack}.{}", server.name),
            config,
            group: Arc::clone(&group),
            budget: Budget::default(),
            retries: AtomicU64::new(0),
        });
        let everything = Route::new().any(Arc::clone(&proxy));
        let server = Server::start_on(&pool, server, Router::new().below("/", everything))?;
        let (path, every) = (proxy.config.check.clone(), proxy.config.every);
        let finding = pool.spawn(find(Finder::new(found), group, path.map(Arc::from), every));
        Ok(Self { server, proxy, finding })
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Does anybody stand behind it?
    pub fn is_ready(&self) -> bool {
        self.proxy.group.is_ready()
    }

    pub fn status(&self) -> GateStatus {
        let (proxy, group) = (&self.proxy, &self.proxy.group);
        GateStatus {
            to: proxy.config.to.clone(),
            members: group.status(),
            waiting: group.waiting(),
            retries: proxy.retries.load(Relaxed),
            refused_no_replica: group.refused.no_replica.load(Relaxed),
            refused_no_room: group.refused.no_room.load(Relaxed),
            meter: self.server.snapshot(),
        }
    }

    /// Lets requests in flight finish.
    pub fn stop_and_wait(self, deadline: Duration) {
        let Self { server, proxy, finding } = self;
        server.stop_and_wait(deadline);
        finding.abort();
        // The checks end with the replicas.
        proxy.group.found(&[]);
        proxy.group.look.notify_waiters();
    }
}

/// Looks for replicas as long as the gate runs, and has each of them checked.
async fn find(mut finder: Finder, group: Arc<Group>, path: Option<Arc<str>>, every: Duration) {
    loop {
        let looking = tokio::task::spawn_blocking(move || {
            let addresses = finder.look();
            (finder, addresses)
        });
        let Ok((back, addresses)) = looking.await else { return };
        finder = back;
        for chosen in group.found(&addresses) {
            tokio::spawn(watch(chosen, Arc::clone(&group), path.clone(), every));
        }
        group.until_look(RESOLVE_EVERY).await;
    }
}

/// Checks one replica until it has left.
async fn watch(chosen: Chosen, group: Arc<Group>, path: Option<Arc<str>>, every: Duration) {
    while group.has(chosen.id) {
        let begun = now();
        let result = check(chosen.address, path.as_deref()).await;
        group.checked(chosen.id, result);
        group.until_look(rest(every, now().saturating_duration_since(begun))).await;
    }
}

/// From the end of a check to the next one. They begin `every` so often however long they take: one that nobody
/// answered has used up its pause, and the second that makes it sure follows at once.
fn rest(every: Duration, took: Duration) -> Duration {
    every.saturating_sub(took).max(HURRY)
}

async fn check(address: SocketAddr, path: Option<&str>) -> Result<(), Trouble> {
    let Some(path) = path else {
        return open(address).await.map(drop).map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Trouble::Refused,
            _ => Trouble::Silent,
        });
    };
    let asked = connections::ask(address, path);
    match tokio::time::timeout(CONNECT_TIME, asked).await {
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(_)) => Err(Trouble::Refused),
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => Err(Trouble::Refused),
        _ => Err(Trouble::Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulled_cable_is_found_out_within_two_seconds() {
        let (every, down_after) = (Duration::from_millis(500), 2);
        // At worst it is pulled when a check has just been answered.
        let mut late = rest(every, Duration::ZERO);
        for check in 1..=down_after {
            late += CONNECT_TIME;
            if check < down_after {
                late += rest(every, CONNECT_TIME);
            }
        }
        assert!(late <= Duration::from_millis(1800), "{late:?}");
    }

    #[test]
    fn answered_checks_begin_as_often_as_the_stack_file_says() {
        let every = Duration::from_millis(500);
        assert_eq!(rest(every, Duration::from_millis(3)), Duration::from_millis(497));
        assert_eq!(rest(every, every), HURRY);
    }
}
