//! The lists themselves: names, texts, examples, options.

use crate::support::{context, flow, real_disk};
use headwater::catalog::Catalog;
use headwater::core::kind::{About, Repeat, SinkKind};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Every component: its role, what it says of itself, and how a flow with it is written.
fn all() -> Vec<(&'static str, &'static About)> {
    let catalog = Catalog::all();
    let sources = catalog.sources.iter().map(|kind| ("source", &kind.about));
    let steps = catalog.steps.iter().map(|kind| ("step", &kind.about));
    let sinks = catalog.sinks.iter().map(|kind| ("sink", &kind.about));
    sources.chain(steps).chain(sinks).collect()
}

/// Checks a flow in which `text` plays a role and the others are as plain as can be.
fn check(role: &str, text: &str) -> Result<headwater::stack::model::Flow, String> {
    let needs_summary = role == "sink" && text.starts_with("report");
    let plain =
        if text.starts_with("summarise") || needs_summary { "file: a.csv" } else { "stdin: {}" };
    match role {
        "source" => flow(text, None, "drop: {}"),
        "step" => flow(plain, Some(text), "drop: {}"),
        _ => flow(plain, needs_summary.then_some("summarise"), text),
    }
}

#[test]
fn names_are_unique_and_those_of_their_files() {
    for (role, folder) in [("source", "sources"), ("step", "steps"), ("sink", "sinks")] {
        let names: Vec<&str> =
            all().iter().filter(|(of, _)| *of == role).map(|(_, about)| about.name).collect();
        let unique: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(unique.len(), names.len(), "a {role} is listed twice");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "mod")
            .collect();
        assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), unique);
    }
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase()) && text.ends_with('.') && text.len() > 8
}

#[test]
fn everything_has_a_name_in_snake_case_and_is_explained_in_sentences() {
    for (role, about) in all() {
        assert!(is_snake_case(about.name), "{role} {}", about.name);
        assert!(is_sentence(about.summary), "{role} {}: {}", about.name, about.summary);
        let mut names = BTreeSet::new();
        for option in about.options {
            let place = format!("{role} {}: {}", about.name, option.name);
            assert!(is_snake_case(option.name), "{place}");
            assert!(is_sentence(option.doc), "{place}: {}", option.doc);
            assert!(names.insert(option.name), "{place} stands twice");
        }
        let main = about.main.is_none_or(|main| names.contains(main));
        assert!(main, "{role} {}: its main option is not in its table", about.name);
    }
}

#[test]
fn every_example_is_right_and_builds() {
    let directory = tempfile::tempdir().unwrap();
    let context = context(&real_disk(), directory.path());
    for (role, about) in all() {
        let flow = check(role, about.example)
            .unwrap_or_else(|told| panic!("{role} {}: {told}", about.name));
        (flow.source.kind.build)(&flow.source.options, &context).unwrap();
        (flow.sink.kind.build)(&flow.sink.options, &context).unwrap();
        for step in &flow.steps {
            (step.kind.build)(&step.options).unwrap();
        }
        assert!(about.example.starts_with(about.name), "{}", about.example);
    }
}

#[test]
fn no_value_of_any_option_makes_check_panic() {
    let values = [
        "",
        "[]",
        "{}",
        "[1, 2]",
        "{ a: b }",
        "nonsense",
        "-1",
        "\"\"",
        "99999999999999999999",
        "\"{\"",
        "{ a: { b: [c] } }",
        "1e400s",
    ];
    for (role, about) in all() {
        let mut texts = vec![format!("{}: {{}}", about.name)];
        texts.extend(values.iter().map(|value| format!("{}: {value}", about.name)));
        for option in about.options {
            texts.extend(
                values
                    .iter()
                    .map(|value| format!("{}: {{ {}: {value} }}", about.name, option.name)),
            );
        }
        for text in texts {
            let checked = catch_unwind(AssertUnwindSafe(|| check(role, &text)));
            assert!(checked.is_ok(), "{role} {text} panics");
        }
    }
}

#[test]
fn whatever_check_lets_through_builds() {
    let values = [
        "nonsense",
        "0",
        "1",
        "true",
        "\"\"",
        "/x",
        "a*b",
        "0s",
        "http://localhost:1/",
        "{ a: b }",
        "99999999999999999999s",
        "{ a: integer 1..2 }",
    ];
    let directory = tempfile::tempdir().unwrap();
    let context = context(&real_disk(), directory.path());
    for (role, about) in all() {
        for option in about.options {
            for value in values {
                let rest = about.example.split_once(": {").map(|(_, rest)| rest.to_owned());
                let rest = rest.unwrap_or_else(|| "}".to_owned());
                let own = format!("{}:", option.name);
                if rest.contains(&own) {
                    continue;
                }
                let comma = if rest.trim() == "}" { "" } else { "," };
                let text = format!("{}: {{ {} {value}{comma}{rest}", about.name, own);
                let Ok(flow) = check(role, &text) else { continue };
                let built = catch_unwind(AssertUnwindSafe(|| {
                    let source = (flow.source.kind.build)(&flow.source.options, &context).is_ok();
                    let sink = (flow.sink.kind.build)(&flow.sink.options, &context).is_ok();
                    let steps =
                        flow.steps.iter().all(|step| (step.kind.build)(&step.options).is_ok());
                    source && sink && steps
                }));
                assert!(built.is_ok_and(|is_built| is_built), "{role} {text} does not build");
            }
        }
    }
}

#[test]
fn a_sink_that_never_repeats_says_what_it_alone_writes() {
    // Several flows may fill one table of a database, each with a position of its own there.
    let is_on_disk =
        |kind: &&&SinkKind| kind.repeat == Repeat::Never && kind.about.name != "postgres";
    for kind in Catalog::all().sinks.iter().filter(is_on_disk) {
        let flow = check("sink", kind.about.example).unwrap();
        assert!((kind.writes)(&flow.sink.options).is_some(), "{}", kind.about.name);
    }
}
