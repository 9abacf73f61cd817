//! What `check` says about every kind of mistake. Each `mistakes/NAME.yaml` has its expected answer beside
//! it in `mistakes/NAME.txt`; a new mistake is a new pair of files.

use crate::support::{anywhere, compare, here, run};
use serde_json::Value;
use std::path::PathBuf;

fn mistakes() -> Vec<String> {
    let files = std::fs::read_dir(here("mistakes")).unwrap();
    let mut names: Vec<String> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            std::path::Path::new(name).extension().is_some_and(|ending| ending == "yaml")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn tells_every_mistake_with_its_place_and_a_remedy() {
    let directory = here("mistakes");
    let mut wrong = Vec::new();
    for name in mistakes() {
        let ran = run(&directory, &["check", &name]);
        assert_eq!((ran.code, ran.out.as_str()), (78, ""), "{name}: {}", ran.err);
        let errors = ran.err.lines().filter(|line| line.starts_with("error: ")).count();
        let places = ran.err.lines().filter(|line| line.contains(&format!("--> {name}:"))).count();
        assert!(errors > 0 && errors == places, "{name}: {errors} errors, {places} places");
        let expected = directory.join(&name).with_extension("txt");
        wrong.extend(compare(&expected, &ran.err).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_answer_is_left_without_its_stack_file() {
    for entry in std::fs::read_dir(here("mistakes")).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("yaml").exists(), "{} belongs to nothing", path.display());
    }
}

fn as_json(name: &str) -> Value {
    let ran = run(&here("mistakes"), &["check", "--json", name]);
    assert_eq!((ran.code, ran.err.as_str()), (78, ""));
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn tells_all_mistakes_of_a_file_in_one_run_in_the_order_of_the_text() {
    let answer = as_json("many-at-once.yaml");
    let places: Vec<(u64, u64)> = answer["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["line"].as_u64().unwrap(), it["column"].as_u64().unwrap()))
        .collect();
    assert!(places.len() >= 17, "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn the_json_form_says_the_same() {
    let answer = as_json("many-at-once.yaml");
    assert_eq!(answer["ok"], false);
    assert_eq!(answer["flows"], Value::Array(Vec::new()));
    let text = serde_json::to_string_pretty(&answer["diagnostics"]).unwrap();
    compare(&here("answers/many-at-once.json"), &text).unwrap();
}

#[test]
fn a_column_counts_characters_and_not_bytes() {
    let answer = as_json("wide-characters-before.yaml");
    assert_eq!(answer["diagnostics"][0]["column"], 47);
}

#[test]
fn a_file_that_is_not_utf_8_is_named_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let text = b"stack: test\nservices:\n  caf\xE9:\n    source: stdin\n    sink: drop\n";
    std::fs::write(directory.path().join("latin.yaml"), text).unwrap();
    let ran = run(directory.path(), &["check", "latin.yaml"]);
    assert_eq!(ran.code, 78);
    assert!(ran.err.contains("latin.yaml:3: this line is not UTF-8"), "{}", ran.err);
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\u{FEFF}stack: test\nservices:\n  pipe:\n    source: stdin\n    sink: drop\n";
    std::fs::write(directory.path().join("windows.yaml"), text.replace('\n', "\r\n")).unwrap();
    let ran = run(directory.path(), &["check", "windows.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_place_behind_a_byte_order_mark_is_exact() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        "\u{FEFF}stack: test\nsed: 1\nservices:\n  pipe:\n    source: stdin\n    sink: drp\n";
    std::fs::write(directory.path().join("windows.yaml"), text).unwrap();
    let ran = run(directory.path(), &["check", "windows.yaml"]);
    assert!(ran.err.contains("windows.yaml:2:1"), "{}", ran.err);
    assert!(ran.err.contains("windows.yaml:6:11"), "{}", ran.err);
}

#[test]
fn a_missing_file_and_a_directory_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(directory.path(), &["check", "nowhere.yaml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("there is no stack file nowhere.yaml"), "{}", missing.err);
    let folder = run(directory.path(), &["check", "."]);
    assert_eq!(folder.code, 1);
    let told = ". is a directory and holds no headwater.yaml; name a stack file";
    assert!(folder.err.contains(told), "{}", folder.err);
    std::fs::write(directory.path().join("headwater.yaml"), "").unwrap();
    let folder = run(directory.path(), &["check", "."]);
    assert_eq!(folder.code, 1);
    assert!(folder.err.contains("name the stack file in it: ./headwater.yaml"), "{}", folder.err);
}

#[test]
fn the_built_in_stacks_are_right_and_their_guarantees_are_said() {
    for name in ["random-file", "shared-data", "numbers", "users", "cached-users"] {
        let ran = anywhere(&["check", name]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        compare(&here(&format!("answers/check-{name}.txt")), &ran.out).unwrap();
    }
}

#[test]
fn the_json_form_of_a_right_stack_has_its_flows() {
    let ran = anywhere(&["check", "--json", "shared-data"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &answer["ok"]), (0, &Value::Bool(true)));
    let flows: Vec<(&str, &str)> = answer["flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| (flow["service"].as_str().unwrap(), flow["guarantee"].as_str().unwrap()))
        .collect();
    assert_eq!(flows, [("data-producer", "exactly-once"), ("data-consumer", "exactly-once")]);
}

#[test]
fn a_value_of_the_environment_is_used_and_checked() {
    let path = here("mistakes/unset-variable-number.yaml");
    let check = |port: &str| {
        let mut command = crate::support::command(&PathBuf::from("."), &["check"]);
        let output = command.arg(&path).env("HEADWATER_TEST_UNSET_PORT", port).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check("5000"), (Some(0), String::new()));
    let (code, told) = check("high");
    assert_eq!(code, Some(78));
    assert!(told.contains("`high` is neither a port"), "{told}");
}
