//! The `mqtt` source: nothing that a broker was told is safe is lost.

use super::{Publisher, all_are_there, arrived, is_subscribed, numbers};
use crate::mosquitto::{Mosquitto, TELLS_ALL};
use crate::proxy::Proxy;
use crate::support::{Harness, count_lines, eventually, read_lines};
use headwater::testing::random::Random;
use std::process::Command;
use std::time::Duration;

fn stack(url: &str, more: &str) -> String {
    format!(
        "stack: edge
services:
  in:
    source: {{ mqtt: {{ url: \"{url}\", topics: \"plant/#\", {more} }} }}
    sink: {{ append_file: out.ndjson }}
"
    )
}

fn dead_letters(harness: &Harness) -> Vec<serde_json::Value> {
    let path = harness.path("headwater-data/edge/in/dead-letters.ndjson");
    if !path.exists() {
        return Vec::new();
    }
    read_lines(&path).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_published_while_the_flow_is_away_arrives_once_when_it_is_back() {
    for version in ["5", "3.1.1"] {
        let broker = Mosquitto::start();
        let harness = Harness::new(&stack(&broker.url(), &format!("version: {version}")));
        assert_eq!(harness.guarantee("in"), "exactly-once");
        let mut process = harness.start();
        is_subscribed(&harness, &process, "in");
        let mut publisher = Publisher::start(&broker, "plant/a", 1);
        publisher.publish(300);
        let out = harness.path("out.ndjson");
        eventually("the first messages", || count_lines(&out) == 300);
        process.stop();
        publisher.publish(700);
        let published = publisher.end();
        // What is kept outlives the broker too.
        broker.stop();
        broker.resume();
        let mut process = harness.start();
        eventually("the others", || count_lines(&out) >= published);
        process.stop();
        assert_eq!(all_are_there(&read_lines(&out), published), 0, "version {version}");
    }
}

#[test]
fn nothing_is_lost_when_the_worker_is_killed_again_and_again() {
    for (version, qos) in [("5", 1), ("3.1.1", 1), ("5", 2), ("3.1.1", 2)] {
        let broker = Mosquitto::with(TELLS_ALL);
        let more = format!("version: {version}, qos: {qos}, session: 1h");
        let harness = Harness::new(&stack(&broker.url(), &more));
        let mut process = harness.start();
        is_subscribed(&harness, &process, "in");
        let mut publisher = Publisher::start(&broker, "plant/a", qos);
        let mut random = Random::new(7);
        let out = harness.path("out.ndjson");
        for _ in 0..12 {
            publisher.publish(random.below(400));
            std::thread::sleep(Duration::from_millis(random.below(250)));
            process.kill();
            publisher.publish(random.below(100));
            process = harness.start();
        }
        let published = publisher.end();
        eventually("every message", || numbers(&arrived(&out)).len() as u64 == published);
        process.stop();
        let again = all_are_there(&read_lines(&out), published);
        eprintln!("version {version}, QoS {qos}: {published} published, {again} came again");
        let excused = broker.sent_after_receipt("headwater-edge-in");
        assert!(qos == 1 || again <= excused, "version {version}: {again} stand twice with QoS 2");
    }
}

#[test]
fn nothing_is_lost_when_the_network_breaks() {
    for qos in [1, 2] {
        breaks_the_network(qos);
    }
}

fn breaks_the_network(qos: u8) {
    let broker = Mosquitto::with(TELLS_ALL);
    let proxy = Proxy::to(&broker.address());
    let more = format!("keep_alive: 2s, qos: {qos}");
    let harness = Harness::new(&stack(&format!("mqtt://{}", proxy.address()), &more));
    let mut process = harness.start();
    is_subscribed(&harness, &process, "in");
    let mut publisher = Publisher::start(&broker, "plant/a", qos);
    let mut random = Random::new(11);
    for mishap in [0, 1, 2, 3, 1, 2, 0, 3, 2, 1] {
        publisher.publish(200 + random.below(400));
        match mishap {
            0 => proxy.drop_connections(),
            1 => proxy.halve_next_answer(),
            2 => {
                proxy.cut();
                std::thread::sleep(Duration::from_millis(random.below(300)));
                proxy.mend();
            }
            _ => {
                proxy.hold();
                std::thread::sleep(Duration::from_millis(random.below(200)));
                proxy.release();
            }
        }
        publisher.publish(random.below(200));
    }
    let published = publisher.end();
    let out = harness.path("out.ndjson");
    eventually("every message", || numbers(&arrived(&out)).len() as u64 == published);
    process.stop();
    let again = all_are_there(&read_lines(&out), published);
    eprintln!("{published} published, {again} came again, {} connections", proxy.taken());
    let excused = broker.sent_after_receipt("headwater-edge-in");
    assert!(qos == 1 || again <= excused, "{again} stand twice with QoS 2, not {excused} at most");
}

#[test]
fn a_broker_that_was_killed_and_has_lost_the_session_is_subscribed_to_again_and_it_is_said() {
    let broker = Mosquitto::start();
    let harness = Harness::new(&stack(&broker.url(), ""));
    let process = harness.start();
    is_subscribed(&harness, &process, "in");
    broker.publish("plant/a", "{\"n\":0}");
    let out = harness.path("out.ndjson");
    eventually("the first message", || count_lines(&out) == 1);
    broker.kill();
    process.says("nobody listens there");
    drop(std::fs::remove_file(broker.folder().join("mosquitto.db")));
    broker.resume();
    process.says("has lost the session of `headwater-edge-in`");
    // The log says it before the subscription is made.
    broker.until(|| broker.log().matches("headwater-edge-in 1 plant/#").count() >= 2);
    broker.publish("plant/a", "{\"n\":1}");
    eventually("the second message", || count_lines(&out) == 2);
    assert_eq!(all_are_there(&read_lines(&out), 2), 0);
}

#[test]
fn what_is_no_record_becomes_a_dead_letter_and_its_neighbours_go_on() {
    let broker = Mosquitto::start();
    let harness = Harness::new(&stack(&broker.url(), "payload_max: 64KiB, topic_field: topic"));
    let process = harness.start();
    is_subscribed(&harness, &process, "in");
    let huge = harness.path("huge");
    std::fs::write(&huge, vec![b'7'; 64 * 1024 * 1024]).unwrap();
    broker.publish("plant/a", "{\"n\":0}");
    broker.publish("plant/a", "{\"n\":");
    let empty = broker.publisher(&["-q", "1", "-t", "plant/b", "-n"]).status().unwrap();
    let file = ["-q", "1", "-t", "plant/c", "-f", huge.to_str().unwrap()];
    assert!(empty.success() && broker.publisher(&file).status().unwrap().success());
    broker.publish("plant/a", "{\n\"n\": 1\n}");
    let out = harness.path("out.ndjson");
    eventually("the good ones", || count_lines(&out) == 2);
    let lines = read_lines(&out);
    assert_eq!(lines, ["{\"n\":0,\"topic\":\"plant/a\"}", "{\"n\":1,\"topic\":\"plant/a\"}"]);
    eventually("the bad ones", || dead_letters(&harness).len() == 3);
    let letters = dead_letters(&harness);
    let reasons: Vec<&str> = letters.iter().map(|it| it["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("topic plant/a: the payload is not JSON"), "{reasons:?}");
    assert!(reasons[1].contains("topic plant/b: the payload is empty"), "{reasons:?}");
    assert!(
        reasons[2].contains("67108864 bytes, more than `payload_max` (65.5 kB)"),
        "{reasons:?}"
    );
    assert_eq!(letters[2]["record"].as_str().unwrap().len(), 4096);
}

#[test]
fn wrong_credentials_are_told_with_the_remedy_and_right_ones_are_found_without_a_restart() {
    for version in ["5", "3.1.1"] {
        let broker = Mosquitto::with("allow_anonymous true\n");
        let users = broker.folder().join("users");
        let mut made = Command::new("mosquitto_passwd");
        made.args(["-b", "-c"]).arg(&users).args(["me", "right"]);
        assert!(made.status().unwrap().success());
        broker.stop();
        broker.configure(&format!("allow_anonymous false\npassword_file {}\n", users.display()));
        broker.resume();
        let harness = Harness::new(&stack(
            &broker.url(),
            &format!("version: {version}, username: me, password_file: password"),
        ));
        std::fs::write(harness.path("password"), "wrong\n").unwrap();
        let process = harness.start();
        let told = process.says("does not let us in");
        assert!(told.contains("password_file") && !told.contains("wrong"), "{told}");
        std::fs::write(harness.path("password"), "right\n").unwrap();
        is_subscribed(&harness, &process, "in");
    }
}

#[test]
fn a_shared_subscription_gives_each_message_to_one_of_two_flows() {
    let broker = Mosquitto::start();
    let flow = |name: &str| {
        format!(
            "  {name}:
    source: {{ mqtt: {{ url: \"{}\", topics: \"$share/both/plant/#\" }} }}
    sink: {{ append_file: {name}.ndjson }}
",
            broker.url()
        )
    };
    let text = format!("stack: edge\nservices:\n{}{}", flow("one"), flow("two"));
    let harness = Harness::new(&text);
    let mut process = harness.start();
    is_subscribed(&harness, &process, "one");
    is_subscribed(&harness, &process, "two");
    let mut publisher = Publisher::start(&broker, "plant/a", 1);
    publisher.publish(1000);
    let published = publisher.end();
    let (one, two) = (harness.path("one.ndjson"), harness.path("two.ndjson"));
    eventually("all of them", || count_lines(&one) + count_lines(&two) >= published);
    process.stop();
    assert!(count_lines(&one) > 0 && count_lines(&two) > 0, "one of them got nothing");
    let mut all = read_lines(&one);
    all.extend(read_lines(&two));
    assert_eq!(all_are_there(&all, published), 0);
}

#[test]
fn workers_of_one_flow_share_a_subscription_under_names_of_their_own() {
    let broker = Mosquitto::start();
    let text = format!(
        "stack: edge
services:
  in:
    scale: 3
    source: {{ mqtt: {{ url: \"{}\", topics: \"$share/plant/plant/#\", client_id: worker }} }}
    sink: {{ append_file: \"out-{{replica}}.ndjson\" }}
",
        broker.url()
    );
    let harness = Harness::new(&text);
    let mut process = harness.start();
    for number in 1..=3 {
        is_subscribed(&harness, &process, &format!("in-{number}"));
    }
    let mut publisher = Publisher::start(&broker, "plant/a", 1);
    publisher.publish(3000);
    let published = publisher.end();
    let files = [1, 2, 3].map(|number| harness.path(&format!("out-{number}.ndjson")));
    let count = || files.iter().map(|file| count_lines(file)).sum::<u64>();
    eventually("all of them", || count() >= published);
    process.stop();
    assert!(files.iter().all(|file| count_lines(file) > 0), "one of them got nothing");
    let all: Vec<String> = files.iter().flat_map(|file| read_lines(file)).collect();
    assert_eq!(all_are_there(&all, published), 0);
    for number in 1..=3 {
        assert!(broker.log().contains(&format!("as worker-{number} ")), "{}", broker.log());
    }
}

#[test]
fn a_retained_message_comes_at_the_first_start_alone_and_the_will_speaks_when_we_are_killed() {
    let broker = Mosquitto::start();
    let kept = ["-q", "1", "-r", "-t", "plant/state", "-m", "{\"n\":0}"];
    assert!(broker.publisher(&kept).status().unwrap().success());
    let harness = Harness::new(&stack(&broker.url(), "will_topic: gone/in, will: killed"));
    let mut process = harness.start();
    let out = harness.path("out.ndjson");
    eventually("the retained message", || count_lines(&out) == 1);
    process.stop();
    let mut process = harness.start();
    broker.until(|| broker.log().matches("as headwater-edge-in").count() == 2);
    broker.publish("plant/a", "{\"n\":1}");
    eventually("the next message", || count_lines(&out) == 2);
    assert_eq!(all_are_there(&read_lines(&out), 2), 0);
    process.kill();
    let will = ["-t", "gone/in", "-C", "1", "-W", "30"];
    let output = broker.subscriber(&will).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "killed\n");
}
