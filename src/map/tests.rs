//! The graphs and pictures of the built-in stacks, and of stacks that are large or strange.

use crate::catalog::Catalog;
use crate::map::{Graph, Rate};
use crate::stack::{Environment, Stack, builtin, load};
use std::path::Path;

/// A stack read without anybody's variables.
pub(super) fn stack(text: &str) -> Stack {
    let (stack, _) = load("test.yaml", text, &Catalog::all(), &Environment::Given(Vec::new()))
        .unwrap_or_else(|wrong| panic!("{:?}", wrong.list));
    stack
}

fn builtin_stack(name: &str) -> Stack {
    stack(builtin::find(name).unwrap().text)
}

/// `a -> b` with whose numbers it shows, one a line.
fn told(graph: &Graph) -> String {
    let mut text: Vec<String> = Vec::new();
    for node in &graph.nodes {
        let parts: Vec<String> = node
            .parts
            .iter()
            .map(|part| format!("{} {} {}", part.role, part.kind, part.detail).trim().to_owned())
            .collect();
        text.push(format!("{} {} [{}]", node.kind.word(), node.id, parts.join("; ")));
    }
    for edge in &graph.edges {
        let rate = match edge.rate {
            Rate::Taken => "taken",
            Rate::Given => "given",
            Rate::Unknown => "unknown",
        };
        let (from, to) = (&graph.nodes[edge.from].id, &graph.nodes[edge.to].id);
        text.push(format!("{from} -> {to} ({rate})"));
    }
    text.join("\n")
}

const BUILT_IN: [&str; 5] = ["users", "cached-users", "numbers", "random-file", "shared-data"];

/// Compares with a file of `golden/`; with `HEADWATER_WRITE_GOLDEN` set it is written instead.
pub(super) fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/map/golden").join(name);
    if std::env::var_os("HEADWATER_WRITE_GOLDEN").is_some() {
        #[expect(clippy::disallowed_methods, reason = "golden files lie on the real disk")]
        std::fs::write(&path, found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file can be read");
    assert!(found == golden, "{name} differs; look at it and set HEADWATER_WRITE_GOLDEN");
}

#[test]
fn the_graphs_of_the_built_in_stacks_are_what_they_are() {
    let told: Vec<String> = BUILT_IN
        .iter()
        .map(|name| format!("== {name}\n{}\n", told(&Graph::of(&builtin_stack(name)))))
        .collect();
    assert_golden("graphs.txt", &told.concat());
}

#[test]
fn addresses_lead_to_services_by_port_by_name_and_as_a_swarm_names_them() {
    let text = "stack: s
services:
  api: { listen: 8000, routes: { /: { generate: { n: sequence } } } }
  here: { source: { http_poll: http://localhost:8000/ }, sink: drop }
  named: { source: { http_poll: http://api:80/ }, sink: drop }
  replicas: { source: { http_poll: http://tasks.api:8000/ }, sink: drop }
  other: { source: { http_poll: http://me:word@localhost:9999/x?key=1 }, sink: drop }
";
    let graph = Graph::of(&stack(text));
    let told = told(&graph);
    for name in ["here", "named", "replicas"] {
        assert!(told.contains(&format!("api -> {name} (taken)")), "{told}");
    }
    assert!(told.contains("address:localhost:9999 -> other"), "{told}");
    assert!(!told.contains("word") && !told.contains("key"), "no secrets: {told}");
}

#[test]
fn paths_that_are_written_differently_are_one_file() {
    let text = "stack: s
services:
  writer: { source: { generate: { record: { n: sequence } } }, sink: { append_file: data/x.ndjson } }
  reader: { source: { file: { path: ./data//old/../x.ndjson } }, sink: drop }
";
    let told = told(&Graph::of(&stack(text)));
    assert!(told.contains("writer -> file:data/x.ndjson (given)"), "{told}");
    assert!(told.contains("file:data/x.ndjson -> reader (taken)"), "{told}");
}
