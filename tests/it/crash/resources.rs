//! A resource on SQLite: what was answered with a 2xx is there, and a repeated request made nothing twice.

use super::Kills;
use crate::support::{Connection, Harness, Process, get};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

const STACK: &str = "stack: crash
resources:
  counters:
    key: id
    fields: { id: integer, count: integer }
  events:
    fields: { client: integer, number: integer }
services:
  api:
    listen: 0
    routes:
      /counters/: { resource: counters }
      /events/: { resource: events }
";

const CLIENTS: u64 = 4;

/// What the clients know, all together.
#[derive(Debug, Default)]
struct Known {
    /// For each counter: the last value that was answered with a 2xx, and the last that was sent.
    counters: BTreeMap<u64, (u64, u64)>,
    /// Events whose creation was answered.
    events: BTreeSet<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Clients {
    address: Mutex<String>,
    stop: AtomicBool,
    known: Mutex<Known>,
}

impl Clients {
    fn acknowledged(&self) -> u64 {
        self.known.lock().unwrap().events.len() as u64
    }

    /// One client: counts up its counter and creates an event with a name for the attempt, in turn, each until it
    /// is answered.
    fn work(&self, client: u64) {
        let mut connection = None;
        for number in 1.. {
            if self.stop.load(Relaxed) {
                return;
            }
            self.known.lock().unwrap().counters.entry(client).or_default().1 = number;
            let counter = format!("{{\"count\":{number}}}");
            let path = format!("/counters/{client}");
            self.until_done(&mut connection, "PUT", (&path, ""), &counter);
            self.known.lock().unwrap().counters.entry(client).or_default().0 = number;

            let event = format!("{{\"client\":{client},\"number\":{number}}}");
            let name = format!("idempotency-key: \"{client}-{number}\"\r\n");
            self.until_done(&mut connection, "POST", ("/events/", &name), &event);
            self.known.lock().unwrap().events.insert((client, number));
        }
    }

    fn until_done(
        &self,
        kept: &mut Option<Connection>,
        method: &str,
        (path, headers): (&str, &str),
        body: &str,
    ) {
        let headers = format!("content-type: application/json\r\n{headers}");
        loop {
            if kept.is_none() {
                *kept = Connection::open(&self.address.lock().unwrap()).ok();
            }
            let answer = kept
                .as_mut()
                .and_then(|kept| kept.exchange_with(method, path, &headers, body).ok());
            match answer {
                Some(answer) if answer.status < 300 => return,
                Some(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                None => *kept = None,
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn acknowledged_writes_are_there_and_repeats_made_nothing_twice() {
    let harness = Harness::new(STACK);
    let mut kills = Kills::of("resource on sqlite");
    let clients = Clients::default();
    let mut process = std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let clients = &clients;
            scope.spawn(move || clients.work(client));
        }
        let arrive = |process: &Process| {
            if let Some(address) = process.address_if("api") {
                *clients.address.lock().unwrap() = address;
            }
        };
        kills.run(&harness, |_| {}, arrive, || clients.acknowledged());
        let process = harness.start();
        arrive(&process);
        clients.stop.store(true, Relaxed);
        process
    });
    let address = clients.address.lock().unwrap().clone();
    let base = address.trim_end_matches("counters/");
    let known = clients.known.into_inner().unwrap();
    assert!(known.events.len() > 100, "hardly anything was sent");
    for (client, (answered, sent)) in &known.counters {
        let stored = get(&format!("{base}counters/{client}")).unwrap().json()["count"].as_u64();
        let is_right = stored.is_some_and(|stored| (*answered..=*sent).contains(&stored));
        assert!(is_right, "counter {client} is {stored:?}, answered {answered}, sent {sent}");
    }
    let mut stored = BTreeMap::new();
    for event in all(&format!("{base}events/")) {
        let name = (event["client"].as_u64().unwrap(), event["number"].as_u64().unwrap());
        *stored.entry(name).or_insert(0) += 1;
    }
    let lost: Vec<_> = known.events.iter().filter(|name| !stored.contains_key(name)).collect();
    let twice: Vec<_> = stored.iter().filter(|(_, count)| **count != 1).collect();
    assert!(lost.is_empty() && twice.is_empty(), "lost {lost:?}, not once {twice:?}");
    process.stop();
}

/// Every record of a resource, page by page.
fn all(list: &str) -> Vec<serde_json::Value> {
    let (mut records, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("{list}?limit=1000{after}")).unwrap().json();
        records.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return records,
        }
    }
}
