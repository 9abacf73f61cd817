//! The `http` sink over a network that breaks, and a resource at its other end.

use super::cut_as_it_goes;
use crate::proxy::Proxy;
use crate::support::{Connection, Harness, Process, eventually, get};

const API: &str = "stack: there
resources:
  events:
    fields: { n: integer }
services:
  api:
    listen: 0
    routes: { /: { resource: events } }
";

fn place(address: &str) -> &str {
    address.split_once("://").unwrap().1.trim_end_matches('/')
}

fn count(address: &str) -> u64 {
    let answer = get(&format!("{address}?limit=1&count=exact")).unwrap();
    answer.json()["count"].as_u64().unwrap()
}

fn all(address: &str) -> Vec<u64> {
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let page = get(&format!("{address}?limit=1000{after}")).unwrap().json();
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| item["n"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn each_record_stands_once_at_a_resource_behind_a_network_that_breaks() {
    let there = Harness::new(API);
    let receives = there.start();
    let address = receives.address("api");
    let proxy = Proxy::to(place(&address));
    let records = 2_000;
    let here = Harness::new(&format!(
        "stack: here
services:
  out:
    source: {{ generate: {{ limit: {records}, record: {{ n: sequence }} }} }}
    sink: {{ http: \"http://{}/\" }}
",
        proxy.address()
    ));
    let process = here.start();
    cut_as_it_goes(&proxy, &process, records, &|| count(&address));
    assert_eq!(all(&address), (1..=records).collect::<Vec<_>>());
}

#[test]
fn records_that_are_the_same_to_the_letter_all_arrive_from_two_machines_with_one_stack_file() {
    let there = Harness::new(API);
    let receives = there.start();
    let address = receives.address("api");
    let machines = [0, 1].map(|_| {
        Harness::new(&format!(
            "stack: machine
services:
  take: {{ source: {{ http_listen: {{ listen: 0 }} }}, sink: {{ http: \"{address}\" }} }}
"
        ))
    });
    for (machine, expected) in machines.iter().zip([20, 40]) {
        let process = machine.start();
        post(&process, 20);
        eventually("all of them arrive", || count(&address) == expected);
    }
}

fn post(process: &Process, records: u64) {
    let mut connection = Connection::open(&process.address("take")).unwrap();
    for n in 0..records {
        let json = "content-type: application/json\r\n";
        let body = format!("{{\"n\":{n}}}");
        let answer = connection.exchange_with("POST", "/", json, &body).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
