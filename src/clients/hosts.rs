//! One name, many addresses: `tasks.api` is every replica of `api` in a swarm, `api` every container under Compose.

use std::net::ToSocketAddrs as _;

/// Processes that one name may stand for.
const REPLICAS: usize = 64;

/// `api`, `api:7070` and `http://api:7070/` as a host and a port.
pub fn place(address: &str, port: u16) -> String {
    let place = address.trim().trim_end_matches('/');
    let place = place.strip_prefix("http://").unwrap_or(place);
    if place.contains(':') { place.to_owned() } else { format!("{place}:{port}") }
}

/// All addresses that it stands for, in a fixed order.
pub fn all(place: &str) -> Result<Vec<String>, String> {
    let found = place.to_socket_addrs().map_err(|error| error.to_string())?;
    let mut found: Vec<String> = found.map(|it| it.to_string()).collect();
    found.sort();
    found.dedup();
    found.truncate(REPLICAS);
    Ok(found)
}
