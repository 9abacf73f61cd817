//! The `mqtt` source with quality 2: a message stands once, whatever becomes of its acknowledgement.

use super::{Publisher, all_are_there, arrived, is_subscribed, numbers};
use crate::mosquitto::Mosquitto;
use crate::proxy::Proxy;
use crate::support::{Harness, Process, eventually, read_lines};
use headwater::testing::random::Random;

const AT_ONCE: u64 = 15;

/// It sends without an end while nothing is acknowledged, also with 3.1.1.
const BROKER: &str = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 20000\n";

/// A flow behind a proxy, and who publishes to it past the proxy.
struct Lives {
    proxy: Proxy,
    harness: Harness,
    process: Process,
    publisher: Publisher,
    /// Ends last.
    _broker: Mosquitto,
}

impl Lives {
    fn begin(version: &str, qos: u8) -> Self {
        let broker = Mosquitto::with(BROKER);
        let proxy = Proxy::to(&broker.address());
        let harness = Harness::new(&format!(
            "stack: edge
services:
  in:
    source: {{ mqtt: {{ url: \"mqtt://{}\", topics: \"plant/#\", version: {version}, qos: {qos}, keep_alive: 10m }} }}
    sink: {{ append_file: out.ndjson }}
",
            proxy.address()
        ));
        let process = harness.start();
        is_subscribed(&harness, &process, "in");
        let publisher = Publisher::start(&broker, "plant/a", qos);
        Self { proxy, harness, process, publisher, _broker: broker }
    }

    fn publish_and_wait(&mut self, count: u64) {
        self.publisher.publish(count);
        let (out, published) = (self.harness.path("out.ndjson"), self.publisher.next);
        eventually("every message", || numbers(&arrived(&out)).len() as u64 == published);
    }

    /// The broker does not hear of what comes from now on.
    fn lose_acknowledgements(&mut self) {
        self.publish_and_wait(1);
        self.proxy.be_deaf();
        self.publish_and_wait(AT_ONCE);
    }

    /// The process is gone, and what it said last with it.
    fn kill_and_begin_again(&mut self) {
        self.process.kill();
        self.proxy.drop_connections();
        self.proxy.release();
        self.process = self.harness.start();
    }

    /// Answers how many came again.
    fn end(mut self) -> usize {
        self.publish_and_wait(AT_ONCE);
        let published = self.publisher.end();
        self.process.stop();
        all_are_there(&read_lines(&self.harness.path("out.ndjson")), published)
    }
}

#[test]
fn messages_whose_acknowledgement_was_lost_stand_once_with_quality_2_and_twice_with_1() {
    for (version, qos) in [("5", 2), ("3.1.1", 2), ("5", 1)] {
        let mut lives = Lives::begin(version, qos);
        for _ in 0..3 {
            lives.lose_acknowledgements();
            lives.kill_and_begin_again();
        }
        let again = lives.end();
        // With QoS 1 nobody can know that they came before: that they do come again is what is seen there.
        let is_right = if qos == 1 { again as u64 >= 3 * AT_ONCE } else { again == 0 };
        assert!(is_right, "version {version}, QoS {qos}: {again}");
    }
}

#[test]
fn no_message_stands_twice_or_never_when_killed_anywhere_between_receipt_and_release() {
    for version in ["5", "3.1.1"] {
        let mut lives = Lives::begin(version, 2);
        let mut random = Random::new(17);
        for _ in 0..12 {
            match random.below(4) {
                0 => lives.lose_acknowledgements(),
                1 => lives.publish_and_wait(1 + random.below(400)),
                2 => lives.publisher.publish(1 + random.below(400)),
                _ => {
                    lives.publish_and_wait(1 + random.below(400));
                    lives.proxy.hold();
                    lives.publisher.publish(AT_ONCE);
                }
            }
            lives.kill_and_begin_again();
        }
        assert_eq!(lives.end(), 0, "version {version}");
    }
}
