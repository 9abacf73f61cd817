//! Headers on their way through: what belongs to one connection stays there, and the client's address goes along.

use crate::core::listen::Networks;
use crate::server::Request;
use http::header::{
    CONNECTION, CONTENT_LENGTH, DATE, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What a gate calls itself in `Via`, and the name of the header that names a replica.
pub(crate) const REPLICA: &str = "x-headwater-replica";

/// Takes out what is meant for this connection alone.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    let fixed = [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    for name in named.iter().chain(&fixed) {
        // A client must not take away what the other end relies on.
        if *name != HOST && *name != CONTENT_LENGTH {
            headers.remove(name);
        }
    }
}

/// Does the request want to speak something else than HTTP on this connection? What is only offered (`h2c`) may be
/// passed over.
pub(crate) fn wants_websocket(headers: &HeaderMap) -> bool {
    headers
        .get_all(UPGRADE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("websocket"))
}

/// Has the request been here before?
pub(crate) fn has_passed(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(VIA)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|hop| hop.split_whitespace().nth(1) == Some(name))
}

/// The headers that the replica gets.
pub(crate) fn for_replica(request: &mut Request, trust: &Networks, name: &str) -> HeaderMap {
    let mut headers = std::mem::take(&mut request.headers);
    strip(&mut headers);
    headers.remove(CONTENT_LENGTH);
    headers.remove(EXPECT);
    let client = request.peer.ip().to_canonical();
    let host = headers.get(HOST).cloned();
    if !trust.has(client) {
        let told: Vec<HeaderName> =
            headers.keys().filter(|name| tells_of_client(name)).cloned().collect();
        for name in &told {
            headers.remove(name);
        }
    }
    let hop = forwarded(request.peer, host.as_ref());
    append_to_list(&mut headers, FORWARDED_FOR, &client.to_string());
    append_to_list(&mut headers, FORWARDED, &hop);
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    append_to_list(&mut headers, VIA, &format!("1.1 {name}"));
    headers
}

/// Is it a header that proxies add, and replicas believe? To some `_` and `-` are the same in a name.
fn tells_of_client(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    name == FORWARDED.as_str() || name == "x-real-ip" || name.starts_with("x-forwarded-")
}

fn forwarded(peer: SocketAddr, host: Option<&HeaderValue>) -> String {
    let client = match peer.ip().to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    let is_plain = |host: &&str| host.bytes().all(|it| it != b'"' && it != b'\\');
    match host.and_then(|host| host.to_str().ok()).filter(is_plain) {
        Some(host) => format!("for={client};host=\"{host}\";proto=http"),
        None => format!("for={client};proto=http"),
    }
}

/// Lists grow at their end, and stay one line.
fn append_to_list(headers: &mut HeaderMap, name: HeaderName, more: &str) {
    let mut list: Vec<u8> = Vec::new();
    for value in headers.get_all(&name) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(more.as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&list) {
        headers.insert(name, value);
    }
}

/// The lines that the client gets; length, date and connection are the server's own work.
pub(crate) fn for_client(headers: &mut HeaderMap) -> Vec<u8> {
    strip(headers);
    headers.remove(CONTENT_LENGTH);
    headers.remove(DATE);
    let mut lines = Vec::with_capacity(256);
    for (name, value) in headers.iter() {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
