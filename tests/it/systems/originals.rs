//! The clients of the original systems, written anew in Python, against ours: the simulator and the dashboard of
//! `users`, and the lines of curl of both.

use super::cached_users::System;
use super::python;
use crate::postgres::Postgres;
use crate::support::{Harness, PATIENCE, Process, eventually, get};
use serde_json::Value;
use std::time::Duration;

/// Scripts start some hundred processes of curl.
const SCRIPT: Duration = Duration::from_mins(2);

/// Runs a script to its end; answers what it printed.
#[track_caller]
fn script(name: &str, arguments: &[&str]) -> String {
    let mut process = python(&format!("originals/{name}"), arguments);
    let (status, _) = process.wait(SCRIPT);
    assert!(status.success(), "{name}:\n{}", process.err.to_end(PATIENCE));
    process.out.to_end(PATIENCE)
}

/// The API and the page of `users`, without our own simulator.
fn users(store: &str) -> (Harness, Process) {
    let mut harness = Harness::built_in("users");
    if !store.is_empty() {
        harness = harness.environment("USERS_STORE", store);
    }
    let mut api = harness.up();
    api.args(["--only", "api", "--port", "api=0"]);
    let process = Process::start(&mut api);
    (harness, process)
}

/// `http://HOST:PORT` of an address.
fn base(address: &str) -> &str {
    let path = address.trim_start_matches("http://").find('/');
    path.map_or(address, |path| &address[..path + "http://".len()])
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The simulator fills the API, and the dashboard of the original and ours show the same.
fn simulated(store: &str) {
    let (harness, mut process) = users(store);
    let api = base(&process.address("api")).to_owned();
    let list = format!("{api}/users/");
    let dashboard = || serde_json::from_str::<Value>(&script("dashboard.py", &[&list])).unwrap();
    assert_eq!(dashboard(), "No users found");
    // So few ids that many are drawn twice.
    let told = script("simulator.py", &[&api, "300", "250", "7"]);
    let told: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let created = told["created"].as_array().unwrap().len() as u64;
    assert_eq!(created + told["refused"].as_u64().unwrap(), 300);
    assert!(created > 100 && created < 300, "{created} created");
    let theirs = dashboard();
    assert_eq!(theirs["users"], told["created"], "what was created, in its order");
    let mut page = harness.up();
    page.args(["--only", "frontend", "--port", "frontend=0"]).env("API_URL", &list);
    let mut page = Process::start(&mut page);
    let address = page.address("frontend");
    // There is something to read from the first moment on.
    let ours = || get(&format!("{address}data.json")).unwrap().json()["panels"].clone();
    eventually("the page knows them all", || ours()[1]["count"] == created);
    let (histogram, statistics) = (&ours()[0], &ours()[1]);
    assert_eq!(histogram["counts"], theirs["counts"]);
    let edges = histogram["edges"].as_array().unwrap().iter().map(number);
    let expected = theirs["edges"].as_array().unwrap().iter().map(number);
    assert_eq!(edges.len(), 11);
    assert!(edges.zip(expected).all(|(ours, theirs)| (ours - theirs).abs() < 1e-9));
    let average = format!("{:.1}", number(&statistics["mean"]));
    assert_eq!(theirs["average"], average);
    assert_eq!(number(&statistics["min"]), number(&theirs["youngest"]));
    assert_eq!(number(&statistics["max"]), number(&theirs["oldest"]));
    let page_text = get(&address).unwrap().body;
    let total = format!("<dt>Total users</dt><dd>{created}</dd>");
    for words in [&total, theirs["found"].as_str().unwrap(), &format!("<dd>{average}</dd>")] {
        assert!(page_text.contains(words), "{words} in {page_text}");
    }
    page.stop();
    process.stop();
    let gone = dashboard();
    assert!(gone.as_str().unwrap().starts_with("Cannot connect to API."), "{gone}");
}

#[test]
fn the_simulator_and_the_dashboard_find_their_api() {
    simulated("");
}

#[test]
fn the_simulator_and_the_dashboard_find_their_api_on_postgres() {
    let postgres = Postgres::start();
    simulated(&postgres.url(&postgres.new_database()));
}

#[test]
fn every_line_of_curl_for_users_is_answered_as_by_the_original() {
    let postgres = Postgres::start();
    for store in [String::new(), "memory".to_owned(), postgres.url(&postgres.new_database())] {
        let (_harness, mut process) = users(&store);
        script("users.py", &[base(&process.address("api"))]);
        process.stop();
    }
}

#[test]
fn every_line_of_curl_for_cached_users_is_answered_as_by_the_original() {
    let harness = Harness::built_in("cached-users");
    let mut command = harness.up();
    command.args(["--port", "user-service=0", "--port", "data-service=0"]);
    let mut process = Process::start(&mut command);
    let addresses = [process.address("user-service"), process.address("data-service")];
    script("cached_users.py", &[base(&addresses[0]), base(&addresses[1])]);
    process.stop();
    let system = System::start();
    script("cached_users.py", &[&system.register, &system.read]);
    system.end();
}
