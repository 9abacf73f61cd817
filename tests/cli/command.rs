//! The commands that answer and end: help, stacks, init, kinds, health, and their exit codes.

use crate::support::{Running, address_in, anywhere, compare, here, run};
use serde_json::Value;

#[test]
fn the_version_is_that_of_the_package() {
    let ran = anywhere(&["--version"]);
    assert_eq!(ran.out, format!("headwater {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(ran.code, 0);
}

#[test]
fn wrong_arguments_are_told_with_what_was_meant_and_end_with_2() {
    for (arguments, told) in [
        (&["upp"][..], "'up'"),
        (&["up", "--onyl", "a"], "'--only'"),
        (&[], "Usage: headwater"),
        (&["up", "--port", "producer"], "`producer` is not SERVICE=N"),
        (&["up", "--port", "producer=high"], "`producer=high` is not SERVICE=N"),
        (&["up", "--scale", "a=-1"], "`a=-1` is not SERVICE=N"),
        (&["check", "--bind", "here"], "0.0.0.0 for all"),
        (&["check", "--admin", "7070"], "an address with a port is wanted: 127.0.0.1:7070"),
        (&["render", "compose", "--set", "a"], "`a` is not NAME=VALUE"),
        (&["run"], "<SERVICE>"),
        (
            &["run", "consumer"],
            "the stack users has no service `consumer`: it has api, frontend, data-ingestion-simulator; \
             name another stack with --stack",
        ),
        (&["run", "api", "--port", "high"], "`high` is no port, such as 8000"),
        (&["generate", "{ a: sequence }", "--workers", "0"], "0 is not in 1..=256"),
        (&["generate", "{ a: sequence }", "--format", "xml"], "ndjson, csv"),
    ] {
        let ran = anywhere(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(told), "{arguments:?} says {}", ran.err);
    }
}

#[test]
fn bash_completions_know_every_command() {
    let ran = anywhere(&["completions", "bash"]);
    assert_eq!(ran.code, 0);
    for word in ["up", "run", "check", "stacks", "init", "kinds", "generate", "health", "--json"] {
        assert!(ran.out.contains(word), "no {word}");
    }
}

#[test]
fn lists_the_five_stacks() {
    let ran = anywhere(&["stacks"]);
    assert_eq!(ran.code, 0);
    compare(&here("answers/stacks.txt"), &ran.out).unwrap();
    let listed: Value = serde_json::from_str(&anywhere(&["stacks", "--json"]).out).unwrap();

    assert_eq!(listed.as_array().unwrap().len(), 5);
}

#[test]
fn shows_a_stack_as_it_stands_in_the_repository() {
    for name in ["random-file", "shared-data", "numbers", "users", "cached-users"] {
        let file = here(&format!("../../stacks/{name}/headwater.yaml"));
        let ran = anywhere(&["stacks", "show", name]);
        assert_eq!((ran.code, ran.out), (0, std::fs::read_to_string(file).unwrap()));
    }
}

#[test]
fn a_misspelt_stack_is_asked_back_everywhere() {
    let all: [&[&str]; 5] = [
        &["stacks", "show", "random-fil"],
        &["init", "random-fil"],
        &["check", "random-fil"],
        &["up", "random-fil"],
        &["run", "producer", "--stack", "random-fil"],
    ];
    for arguments in all {
        let ran = anywhere(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("did you mean `random-file`?"), "{arguments:?}: {}", ran.err);
    }
    let far = anywhere(&["check", "kubernetes"]);
    assert!(far.err.contains("built in are random-file, shared-data, numbers"), "{}", far.err);
}

#[test]
fn init_copies_a_stack_that_is_right_and_never_overwrites() {
    let directory = tempfile::tempdir().unwrap();
    let ran = run(directory.path(), &["init", "numbers"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("headwater up numbers/headwater.yaml"), "{}", ran.out);
    let copy = directory.path().join("numbers/headwater.yaml");
    let shown = anywhere(&["stacks", "show", "numbers"]).out;
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), shown);
    assert!(directory.path().join("numbers/README.md").exists());
    assert_eq!(run(directory.path(), &["check", "numbers/headwater.yaml"]).code, 0);

    std::fs::write(&copy, "mine").unwrap();
    let again = run(directory.path(), &["init", "numbers"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("numbers/headwater.yaml is there already"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "mine");
}

#[test]
fn init_leaves_nothing_behind_where_only_a_readme_stands() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("README.md"), "mine").unwrap();
    let ran = run(directory.path(), &["init", "numbers", "."]);
    assert_eq!(ran.code, 1);
    assert!(!directory.path().join("headwater.yaml").exists());
}

#[test]
fn a_copy_here_is_what_is_checked_without_a_name() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run(directory.path(), &["check"]).out.contains("built-in users"));
    assert_eq!(run(directory.path(), &["init", "shared-data", "."]).code, 0);
    let ran = run(directory.path(), &["check"]);
    assert!(ran.out.starts_with("headwater.yaml: the stack shared-data is right"), "{}", ran.out);
}

#[test]
fn lists_the_kinds_and_shows_each_with_its_options() {
    let all = anywhere(&["kinds"]);
    compare(&here("answers/kinds.txt"), &all.out).unwrap();
    let one = anywhere(&["kinds", "append_file"]);
    compare(&here("answers/kinds-append_file.txt"), &one.out).unwrap();
    let generate = anywhere(&["kinds", "generate"]).out;
    assert!(generate.contains("types of values") && generate.contains("lognormal"));
}

#[test]
fn a_misspelt_kind_is_asked_back() {
    let ran = anywhere(&["kinds", "apend_file"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("there is no source, step, sink or panel `apend_file`"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("did you mean `append_file`?"), "{}", ran.err);
    assert!(anywhere(&["kinds", "kafka"]).err.contains("known: datasets, file"));
}

#[test]
fn names_the_guarantee_of_every_source_with_every_sink() {
    let ran = anywhere(&["kinds", "--guarantees", "--json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let all = all.as_array().unwrap();
    let kinds: Value = serde_json::from_str(&anywhere(&["kinds", "--json"]).out).unwrap();
    let count =
        |role: &str| kinds.as_array().unwrap().iter().filter(|it| it["role"] == role).count();
    assert_eq!(all.len(), count("source") * count("sink"));
    let of = |source: &str, sink: &str| {
        let found = all.iter().find(|it| it["source"] == source && it["sink"] == sink).unwrap();
        found["guarantee"].as_str().unwrap().to_owned()
    };
    assert_eq!(of("generate", "append_file"), "exactly-once");
    assert_eq!(of("http_listen", "append_file"), "exactly-once");
    assert_eq!(of("file", "http"), "at-least-once");
    assert_eq!(of("http_poll", "append_file"), "at-most-once");
    assert_eq!(of("generate", "drop"), "at-most-once");
}

#[test]
fn health_asks_the_admin_listener_or_any_url() {
    let directory = tempfile::tempdir().unwrap();
    let stack = "stack: test\nservices:\n  api:\n    listen: 0\n    routes:\n      /: { generate: { n: sequence } }\n";
    std::fs::write(directory.path().join("headwater.yaml"), stack).unwrap();
    let mut running = Running::start(directory.path(), &["up", "--admin", "127.0.0.1:0"]);
    let line = running.wait_for("admin ");
    let admin = address_in(&line);
    let line = running.wait_for("api ");
    let route = line.split_whitespace().last().unwrap().to_owned();

    let up = anywhere(&["health", "--admin", &admin]);
    assert_eq!((up.code, up.err.as_str()), (0, ""), "{}", up.out);
    assert!(up.out.contains("answers 200"), "{}", up.out);
    assert_eq!(anywhere(&["health", &route]).code, 0);
    let wrong = anywhere(&["health", &format!("http://{admin}/nowhere")]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("answers 404"), "{}", wrong.err);
    let said: Value =
        serde_json::from_str(&anywhere(&["health", "--json", "--admin", &admin]).out).unwrap();
    assert_eq!(said["healthy"], true);

    assert_eq!(running.stop(), 0);
    let down = anywhere(&["health", "--admin", &admin]);
    assert_eq!((down.code, down.out.as_str()), (1, ""));
    assert!(down.err.contains(&admin), "{}", down.err);
}
