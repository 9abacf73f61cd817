//! `generate`: the same bytes for the same question, wherever they go.

use crate::support::{anywhere, command, run};
use std::io::Read as _;
use std::process::Stdio;

const SCHEMA: &str =
    "{ id: sequence, name: person.name, age: integer 18..80, note: { choice: [a, 'b,c'] } }";

#[test]
fn ten_records_without_being_told_a_number() {
    let ran = anywhere(&["generate", SCHEMA]);
    assert_eq!((ran.code, ran.err.as_str(), ran.out.lines().count()), (0, "", 10));
    for line in ran.out.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!((18..=80).contains(&record["age"].as_i64().unwrap()), "{line}");
    }
}

#[test]
fn csv_has_a_header_and_as_many_rows() {
    let ran = anywhere(&["generate", SCHEMA, "-n", "200", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["id", "name", "age", "note"]);
    assert_eq!(reader.records().map(Result::unwrap).count(), 200);
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_workers() {
    let of = |workers: &str, format: &str| {
        let options = ["-n", "20000", "--seed", "7", "--workers", workers, "--format", format];
        anywhere(&[&["generate", SCHEMA][..], &options].concat()).out
    };
    for format in ["ndjson", "csv"] {
        let one = of("1", format);
        assert_eq!(one.lines().count(), 20_000 + usize::from(format == "csv"));
        assert!(one == of("2", format) && one == of("8", format), "{format}");
    }
}

#[test]
fn a_seed_decides_and_a_start_is_a_place_in_the_same_stream() {
    let of = |options: &[&str]| anywhere(&[&["generate", SCHEMA][..], options].concat()).out;
    let whole = of(&["-n", "100"]);
    assert_eq!(of(&["-n", "100"]), whole);
    assert_ne!(of(&["-n", "100", "--seed", "1"]), whole);
    let tail: String = whole.split_inclusive('\n').skip(60).collect();
    assert_eq!(of(&["-n", "40", "--from", "60"]), tail);
    assert_eq!(of(&["-n", "0"]), "");
}

#[test]
fn a_file_gets_the_same_bytes_and_nothing_of_an_older_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/out.ndjson");
    let out = path.to_str().unwrap();
    assert_eq!(anywhere(&["generate", SCHEMA, "-n", "500", "-o", out]).code, 0);
    assert_eq!(anywhere(&["generate", SCHEMA, "-n", "5", "-o", out]).code, 0);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, anywhere(&["generate", SCHEMA, "-n", "5"]).out);
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let ran = anywhere(&["generate", SCHEMA, "-o", "/proc/nowhere/out"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: cannot create /proc/nowhere"), "{}", ran.err);
}

#[test]
fn a_schema_may_be_a_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("people.yaml"), "id: sequence\nname: person.name\n")
        .unwrap();
    let ran = run(directory.path(), &["generate", "people.yaml", "-n", "3"]);
    assert_eq!(
        ran.out,
        anywhere(&["generate", "{ id: sequence, name: person.name }", "-n", "3"]).out
    );
}

#[test]
fn every_mistake_of_a_schema_is_told() {
    let ran = anywhere(&["generate", "{ id: sequense, age: integer 9..1, name: person.name }"]);
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    for told in ["schema:1:7", "did you mean `sequence`?", "schema:1:22", "2 errors"] {
        assert!(ran.err.contains(told), "no {told} in {}", ran.err);
    }
    for text in ["", "[a]", "{ a: "] {
        let ran = anywhere(&["generate", text]);
        assert_eq!(ran.code, 78, "{text}: {}", ran.err);
        assert!(ran.err.contains("schema:1:"), "{text}: {}", ran.err);
    }
    let missing = anywhere(&["generate", "people.yaml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("there is no file people.yaml"), "{}", missing.err);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["generate", SCHEMA, "-n", "10000000"];
    let mut child = command(directory.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}
