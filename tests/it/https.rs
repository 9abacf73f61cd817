//! `https` sources and sinks believe a server that the system's authorities have signed, and no other.

use crate::mosquitto::Mosquitto;
use crate::nats_server::Nats;
use crate::support::{
    Asked, Harness, Peer, Reply, eventually, make_certificates, server_certificate,
};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tempfile::TempDir;

/// Gives numbers to those who ask, and takes what is posted.
fn peer(folder: &Path) -> Peer {
    let next = AtomicU64::new(0);
    Peer::encrypted(server_certificate(folder), move |asked| {
        if asked.head.starts_with("GET") {
            Reply::json(format!("{{\"n\":{}}}", next.fetch_add(1, Relaxed)))
        } else {
            Reply::json("{}")
        }
    })
}

fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    folder
}

/// A stack whose system believes just `authority`.
fn believing(folder: &Path, authority: &str, services: &str) -> Harness {
    let file = folder.join(authority).display().to_string();
    Harness::new(&format!("stack: s\nservices:\n{services}"))
        .environment("SSL_CERT_FILE", &file)
        .environment("SSL_CERT_DIR", "")
}

fn posts(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| asked.head.starts_with("POST")).count()
}

#[test]
fn a_server_that_the_system_believes_is_asked_and_gets_records() {
    let folder = certificates();
    let peer = peer(folder.path());
    let services = format!(
        "  there: {{ source: {{ http_poll: {{ url: \"{0}\", every: 2ms }} }}, sink: {{ http: \"{0}\" }} }}\n",
        peer.address
    );
    let harness = believing(folder.path(), "authority.pem", &services);
    let mut process = harness.start();
    eventually("numbers go there and back", || posts(&peer.asked()) >= 5);
    process.stop();
}

#[test]
fn a_server_with_a_strange_signature_gets_nothing_and_the_flow_says_why() {
    let folder = certificates();
    let peer = peer(folder.path());
    let made = "source: { generate: { every: 5ms, record: { id: sequence } } }";
    let services = format!(
        "  asks: {{ source: {{ http_poll: {{ url: \"{0}\", every: 2ms }} }}, sink: drop }}
  sends: {{ {made}, sink: {{ http: \"{0}\" }} }}\n",
        peer.address
    );
    let harness = believing(folder.path(), "other.pem", &services);
    let mut process = harness.start();
    for flow in ["asks", "sends"] {
        let told = process.err.find(crate::support::PATIENCE, |line| {
            (line.contains(flow) && line.contains("certificate")).then(|| line.to_owned())
        });
        assert!(told.is_some(), "{flow} never said why:\n{}", process.err.text());
    }
    assert!(!process.has_ended(), "a certificate may be replaced: the flow goes on trying");
    assert!(peer.asked().is_empty(), "{:?}", peer.asked());
    process.stop();
}

#[test]
fn a_server_that_speaks_no_tls_is_told_so_with_the_remedy() {
    let (nats, broker) = (Nats::start(), Mosquitto::start());
    let services = format!(
        "  streams: {{ source: {{ nats: {{ url: \"{}\", stream: S }} }}, sink: drop }}
  topics: {{ source: {{ mqtt: {{ url: \"mqtts://{}\", topics: t }} }}, sink: drop }}
  asks: {{ source: {{ http_poll: {{ url: \"https://{}/\", every: 2ms }} }}, sink: drop }}\n",
        nats.url().replace("nats://", "tls://"),
        broker.address(),
        // It speaks first, as no server of HTTP does, but in plain text.
        nats.address(),
    );
    let folder = certificates();
    let harness = believing(folder.path(), "authority.pem", &services);
    let mut process = harness.start();
    for words in
        ["write nats:// instead of tls://", "does it speak TLS at this port", "write http://"]
    {
        process.says(words);
    }
    process.stop();
}
