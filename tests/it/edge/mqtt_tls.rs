//! MQTT over TLS, at both ends of a flow: the broker shows who it is and wants to see who we are.

use super::{all_are_there, is_subscribed};
use crate::mosquitto::Mosquitto;
use crate::support::{Harness, count_lines, eventually, make_certificates, read_lines};
use std::fmt::Write as _;

const COUNT: u64 = 3000;

fn stack(url: &str, options: &str) -> String {
    format!(
        "stack: edge
services:
  in:
    source: {{ mqtt: {{ url: \"{url}\", topics: \"plant/#\", {options} }} }}
    sink: {{ append_file: out.ndjson }}
  out:
    source: {{ file: {{ path: in.ndjson, follow: true }} }}
    sink: {{ mqtt: {{ url: \"{url}\", topic: \"plant/a\", {options} }} }}
"
    )
}

fn encrypted() -> Mosquitto {
    let broker = Mosquitto::start();
    make_certificates(broker.folder());
    broker.stop();
    let file = |name: &str| broker.folder().join(name).display().to_string();
    broker.configure(&format!(
        "allow_anonymous true\nmax_queued_messages 0\nrequire_certificate true\ncafile {}\ncertfile {}\nkeyfile {}\n",
        file("authority.pem"),
        file("server.pem"),
        file("server.key"),
    ));
    broker.resume();
    broker
}

#[test]
fn messages_come_and_go_encrypted_and_a_broker_that_nobody_vouches_for_gets_none() {
    let broker = encrypted();
    let url = format!("mqtts://{}", broker.address());
    for version in ["5", "3.1.1"] {
        let file = |name: &str| broker.folder().join(name).display().to_string();
        let options = |authority: &str| {
            format!(
                "version: {version}, ca: \"{}\", certificate: \"{}\", key: \"{}\"",
                file(authority),
                file("client.pem"),
                file("client.key")
            )
        };
        let harness = Harness::new(&stack(&url, &options("other.pem")));
        let mut process = harness.start();
        process.says("invalid peer certificate");
        process.kill();
        let harness = Harness::new(&stack(&url, &options("authority.pem")));
        let mut process = harness.start();
        is_subscribed(&harness, &process, "in");
        let mut lines = String::new();
        for number in 0..COUNT {
            writeln!(lines, "{{\"n\":{number}}}").unwrap();
        }
        std::fs::write(harness.path("in.ndjson"), lines).unwrap();
        let out = harness.path("out.ndjson");
        eventually("every message", || count_lines(&out) >= COUNT);
        process.stop();
        assert_eq!(all_are_there(&read_lines(&out), COUNT), 0, "version {version}");
    }
}
