//! The simulator of `users` against an API that is not ours: what it refuses is neither stored nor a dead letter.

use super::{curl, python};
use crate::support::{Harness, PATIENCE, eventually};

fn number(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.rsplit(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[test]
fn a_duplicate_is_counted_as_refused() {
    let api = python("users.py", &["0", "0"]);
    let port = api.out.find(PATIENCE, |line| line.parse::<u16>().ok()).unwrap();
    // Twenty ids, so that most draws are of one that is there already.
    let harness = Harness::new(&format!(
        "stack: users
seed: 7
services:
  simulator:
    source:
      generate:
        limit: 200
        record: {{ user_id: integer 1..20, name: person.name, age: integer 18..80 }}
    sink:
      http: {{ url: \"http://127.0.0.1:{port}/users/\", as: query, refused_if: .error }}
  nothing:
    listen: 0
    routes: {{ /: {{ generate: {{ id: sequence }} }} }}
"
    ));
    let mut process = harness.start();
    let admin = process.address("admin");
    let metrics = || curl(&[&format!("{admin}metrics")]);
    let stored = |text: &str| number(text, "headwater_records_stored_total{flow=\"simulator\"}");
    let refused = |text: &str| number(text, "headwater_records_refused_total{flow=\"simulator\"}");
    eventually("all are sent", || stored(&metrics()) + refused(&metrics()) == 200);
    let users = curl(&[&format!("http://127.0.0.1:{port}/users/")]);
    let users: serde_json::Value = serde_json::from_str(&users).unwrap();
    let created = users.as_object().unwrap().len() as u64;
    let metrics = metrics();
    assert_eq!((stored(&metrics), refused(&metrics)), (created, 200 - created));
    assert_eq!(number(&metrics, "headwater_dead_letters_total{flow=\"simulator\"}"), 0);
    assert!(!harness.path("headwater-data/users/simulator/dead-letters.ndjson").exists());
    let line = process.says("refused by the target");
    assert!(line.contains("User already exists") && line.contains("\"user_id\":"), "{line}");
    let told = process.err.text().matches("refused by the target").count();
    assert!(told < 3, "told {told} times");
    process.stop();
}
