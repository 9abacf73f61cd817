//! The graphs and pictures of the built-in stacks, and of stacks that are large or strange.

use crate::catalog::Catalog;
use crate::map::picture::{Alert, AlertState, Now, Picture, Reading, Side, Totals};
use crate::map::{
    Condition, Drawing, Graph, Kind, Node, Rate, Series, UNKNOWN, bottleneck, configuration, home,
    plain,
};
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
pub(crate) fn assert_golden(name: &str, found: &str) {
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
fn a_stream_joins_who_writes_it_and_who_reads_it() {
    let text = "stack: s
services:
  writer: { source: { generate: { record: { n: sequence } } }, sink: { nats: { stream: S, subject: s.x } } }
  reader: { source: { nats: { url: \"nats://me:word@a,nats://me:word@b\", stream: S } }, sink: drop }
  other: { source: { nats: { url: \"me:word@a\", stream: T } }, sink: drop }
";
    let stack = stack(text);
    let told = told(&Graph::of(&stack));
    assert!(told.contains("writer -> stream:S (given)"), "{told}");
    assert!(told.contains("stream:S -> reader (taken)"), "{told}");
    let shown = format!("{told} {:?}", configuration(&stack));
    assert!(!shown.contains("word@") && shown.contains("nats://a,nats://b"), "no secrets: {shown}");
}

#[test]
fn what_a_flow_goes_on_with_is_on_the_map_too() {
    let text = "stack: s
resources:
  notes: { key: id, fields: { id: integer } }
services:
  all:
    source: { file: { path: old.ndjson } }
    then: { nats: { url: \"me:word@a\", stream: S } }
    sink: drop
  notes: { source: { file: { path: old.ndjson } }, then: { resource: notes }, sink: drop }
";
    let stack = stack(text);
    let told = told(&Graph::of(&stack));
    assert!(told.contains("flow all [source file old.ndjson; then nats"), "{told}");
    assert!(told.contains("file:old.ndjson -> all (taken)"), "{told}");
    assert!(told.contains("stream:S -> all (taken)"), "{told}");
    assert!(told.contains("resource:notes -> notes (taken)"), "{told}");
    let used: Vec<_> = stack.services.iter().map(|it| it.uses(&["notes".to_owned()])).collect();
    assert_eq!(used, [false, true]);
    let shown = format!("{:?}", configuration(&stack));
    assert!(shown.contains("then: stream") && !shown.contains("word@"), "{shown}");
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

#[test]
fn a_view_hangs_on_what_it_shows() {
    let text = "stack: s
services:
  maker: { source: { generate: { record: { n: integer 1..9 } } }, sink: drop }
  reports: { source: { datasets: in }, steps: [summarise], sink: { report: out } }
  numbers: { listen: 8601, view: { from: { flow: maker }, panels: [ { histogram: n } ] } }
  results: { listen: 8602, view: { from: { results: ./out } } }
";
    let told = told(&Graph::of(&stack(text)));
    assert!(told.contains("maker -> numbers (given)"), "{told}");
    assert!(told.contains("reports -> file:out (given)"), "{told}");
    assert!(told.contains("file:out -> results (unknown)"), "{told}");
}

/// A picture with numbers that never change.
pub(crate) fn picture_of(name: &str) -> Picture {
    picture_with(&builtin_stack(name))
}

fn picture_with(stack: &Stack) -> Picture {
    let graph = Graph::of(stack);
    let reading = |(at, node): (usize, &Node)| {
        let mut row = UNKNOWN;
        for (place, value) in row.iter_mut().enumerate() {
            *value = ((at + 1) * (place + 1)) as f32 / 10.0;
        }
        row[Series::HitRatio as usize] = 0.973;
        let is_flow = node.kind == Kind::Flow;
        Reading {
            condition: if node.kind.is_outside() { Condition::Outside } else { Condition::Running },
            replicas: 1,
            totals: Totals {
                taken: 120,
                given: 100,
                dead_letters: u64::from(is_flow),
                ..Totals::default()
            },
            now: Now::of(&row, &row, Some(0.012)),
            minute: (0..60).map(|it| Some((it % 7) as f32)).collect(),
            ..Reading::unknown(node.kind)
        }
    };
    let readings = graph.nodes.iter().enumerate().map(reading).collect();
    let mut picture = Picture::of(&graph, readings, "2026-11-21T12:00:00.000Z".to_owned());
    picture.verdict = bottleneck::verdict(&picture);
    picture
}

#[test]
fn the_pictures_of_the_built_in_stacks_are_the_same_to_the_byte_and_well_formed() {
    for name in BUILT_IN {
        let picture = picture_of(name);
        let svg = Drawing::of(&picture).svg(&picture, "");
        let document = roxmltree::Document::parse(&svg).expect("well-formed");
        let links = document.descendants().filter(|node| node.has_tag_name("a")).count();
        let inside = picture.nodes.iter().filter(|it| !it.node.kind.is_outside()).count();
        assert_eq!(links, inside, "every node is a link");
        assert_golden(&format!("{name}.svg"), &svg);
    }
}

#[test]
fn the_parts_that_change_are_the_ones_that_the_page_has() {
    for name in BUILT_IN {
        let picture = picture_of(name);
        let drawing = Drawing::of(&picture);
        let page = home::content(&picture, &drawing);
        for (id, inner) in home::parts(&picture, &drawing) {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            assert!(page.contains(&inner), "{id}");
        }
    }
}

/// Six columns of nodes: on a laptop their text was 6 pixels high.
#[test]
fn a_map_that_is_wide_scrolls_before_its_text_is_too_small_to_read() {
    let hop = |at: usize| {
        format!(
            "  step-{at}:\n    source: {{ file: {{ path: {at}.txt, follow: true }} }}\n    \
             sink: {{ append_file: {}.txt }}\n",
            at + 1
        )
    };
    let text = format!("stack: long\nservices:\n{}", (0..4).map(hop).collect::<String>());
    let picture = picture_with(&stack(&text));
    let svg = Drawing::of(&picture).svg(&picture, "");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    let number = |name: &str| root.attribute(name).unwrap().parse::<f64>().unwrap();
    let whole = root.attribute("viewBox").unwrap().split(' ').nth(2).unwrap();
    let scale = number("width") / whole.parse::<f64>().unwrap();
    assert_eq!(root.attribute("class"), Some("map large"));
    assert!(11.5 * scale > 8.5, "the smallest text is {} pixels high", 11.5 * scale);
}

#[test]
fn a_name_that_just_does_not_fit_is_set_smaller_and_not_cut() {
    let picture = picture_of("users");
    let svg = Drawing::of(&picture).svg(&picture, "");
    assert!(svg.contains(">data-ingestion-simulator</text>"), "{svg}");
}

#[test]
fn an_alert_leads_to_its_service() {
    let mut picture = picture_of("random-file");
    picture.alerts.push(Alert {
        service: "consumer".to_owned(),
        when: "backlog > 5".to_owned(),
        state: AlertState::Firing,
        since: "2026-11-21T12:00:00.000Z".to_owned(),
        value: "7".to_owned(),
    });
    let page = home::content(&picture, &Drawing::of(&picture));
    assert!(
        page.contains("Alert: <a href=\"node/consumer\">consumer</a> backlog &gt; 5"),
        "{page}"
    );
}

#[test]
fn as_text_the_columns_are_as_wide_as_what_stands_in_them() {
    let mut picture = picture_of("random-file");
    picture.nodes[0].node.name = "a-producer-of-the-regional-office".to_owned();
    picture.nodes[0].reading.replicas = 12;
    picture.nodes[0].reading.totals.taken = 1_234_567;
    let text = plain::text(&picture);
    assert!(text.contains("1,234,567 requests answered"), "{text}");
    let states: Vec<usize> = text.lines().filter_map(|line| line.find("running")).collect();
    let places: Vec<usize> = text.lines().filter_map(|line| line.find("/s re")).collect();
    assert_eq!(states[0], states[1] + "12x ".len(), "{text}");
    assert_eq!(places[0].abs_diff(places[1]), 0, "{text}");
}

#[test]
fn nothing_that_a_stack_or_an_error_says_becomes_markup() {
    let mut picture = picture_of("random-file");
    let hostile = "</text><script>alert(1)</script>\u{202e}\0";
    for node in &mut picture.nodes {
        node.node.name = hostile.to_owned();
        node.reading.reason = Some(hostile.to_owned());
        node.node.parts.iter_mut().for_each(|part| part.detail = hostile.to_owned());
    }
    picture.verdict.text = hostile.to_owned();
    let drawing = Drawing::of(&picture);
    let page = home::content(&picture, &drawing);
    assert!(!page.contains("<script"), "{page}");
    let svg = drawing.svg(&picture, "");
    assert!(roxmltree::Document::parse(&svg).is_ok());
}

#[test]
fn a_map_is_read_back_as_it_was_written() {
    let picture = picture_of("cached-users");
    let json = serde_json::to_string(&picture).unwrap();
    assert_eq!(serde_json::from_str::<Picture>(&json).unwrap(), picture);
    let newer = json.replacen("\"version\":1", "\"version\":1,\"more\":{\"new\":true}", 1);
    assert_eq!(serde_json::from_str::<Picture>(&newer).unwrap(), picture, "what is new is skipped");
    assert_golden("map.json", &serde_json::to_string_pretty(&picture).unwrap());
}

mod verdicts {
    use super::*;

    fn with(name: &str, change: impl FnOnce(&mut Reading)) -> Picture {
        let mut picture = picture_of(if name == "api" { "users" } else { "random-file" });
        for node in &mut picture.nodes {
            node.reading.now.oldest_seconds = Some(0.0);
            node.reading.now.errors_per_second = Some(0.0);
        }
        let node = picture.nodes.iter_mut().find(|node| node.node.id == name).unwrap();
        change(&mut node.reading);
        picture
    }

    fn said(picture: &Picture) -> String {
        bottleneck::verdict(picture).text
    }

    #[test]
    fn a_stack_where_all_is_well_says_so() {
        assert_eq!(said(&with("consumer", |_| {})), "Nothing holds it up.");
    }

    #[test]
    fn a_failed_service_comes_before_everything() {
        let mut picture = with("consumer", |reading| {
            reading.condition = Condition::Waiting;
            reading.waits = Some(Side::Sink);
            reading.reason = Some("no room".to_owned());
        });
        assert_eq!(
            said(&picture),
            "consumer cannot deliver, its sink append_file data/numbers.ndjson waits: no room."
        );
        let consumer = picture.nodes.iter_mut().find(|node| node.node.id == "consumer").unwrap();
        consumer.reading.reason = Some("cannot write to data/numbers.ndjson: no room".to_owned());
        assert_eq!(
            said(&picture),
            "consumer cannot deliver, its sink append_file waits: cannot write to data/numbers.ndjson: no room."
        );
        picture.nodes[0].reading.condition = Condition::Failed;
        assert_eq!(said(&picture), "producer has failed.");
    }

    #[test]
    fn a_sink_that_works_all_the_time_while_records_gather_is_named() {
        let picture = with("consumer", |reading| {
            reading.now.writing = Some(0.97);
            reading.now.waiting = Some(12_000.0);
            reading.now.oldest_seconds = Some(12.5);
            reading.growth = 900.0;
        });
        assert_eq!(
            said(&picture),
            "consumer is at capacity: its sink append_file data/numbers.ndjson works 97 % of the time, \
             and 12,000 records wait, the oldest for 12.5s."
        );
    }

    #[test]
    fn of_two_that_are_late_the_one_behind_is_to_blame() {
        let mut picture = picture_of("shared-data");
        for node in &mut picture.nodes {
            node.reading.now.oldest_seconds = Some(60.0);
        }
        assert_eq!(bottleneck::verdict(&picture).node.as_deref(), Some("data-consumer"));
    }

    #[test]
    fn answers_with_errors_are_told_by_their_share() {
        let picture = with("api", |reading| {
            reading.now.taken_per_second = Some(50.0);
            reading.now.errors_per_second = Some(5.0);
        });
        assert_eq!(said(&picture), "api answers 10 % of its requests with errors.");
    }
}

#[test]
fn flows_meet_at_a_topic_and_at_a_table() {
    let graph = Graph::of(&stack(
        "stack: s
services:
  a: { source: { file: a }, sink: { mqtt: { url: \"mqtt://h\", topic: \"plant/{id}\" } } }
  b: { source: { mqtt: { url: \"mqtt://me:secret@h:1883\", topics: [plant/#, other] } },
       sink: { postgres: { url: \"postgres://u@db/x\", table: t } } }
  c: { source: { postgres: { url: \"postgres://u@db/x\", table: t, key: id } }, sink: { append_file: o } }
",
    ));
    let text = told(&graph);
    for edge in [
        "a -> address:h:1883 plant/{id} (given)",
        "address:h:1883 plant/{id} -> b (taken)",
        "address:h:1883 other -> b (taken)",
        "b -> address:db/x t (given)",
        "address:db/x t -> c (taken)",
    ] {
        assert!(text.contains(edge), "{edge} is not in\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}
