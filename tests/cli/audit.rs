//! `audit`: what was taken away, doubled, swapped or damaged by hand is found; what is right is clean.

use crate::support::{Ran, compare, here, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

const RECORD: &str = "{ id: sequence, name: person.name, value: float 0..1 decimals 2 }";

/// A directory with a stack of one flow that ran to its end.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(source: &str, steps: &str, sink: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write_stack(source, steps, sink);
        let ran = run(site.path(), &["up", "stack.yaml", "--admin", "127.0.0.1:0"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        site
    }

    fn write_stack(&self, source: &str, steps: &str, sink: &str) {
        let text = format!(
            "stack: audited\nseed: 7\nservices:\n  maker:\n    source:\n      generate: {{ {source}, \
             record: {RECORD} }}\n{steps}    sink:\n      {sink}\n"
        );
        std::fs::write(self.path().join("stack.yaml"), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Changes the lines of a file.
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) {
        let text = std::fs::read_to_string(self.file(name)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(self.file(name), lines.join("\n") + "\n").unwrap();
    }

    fn audit(&self, more: &[&str]) -> Ran {
        run(self.path(), &[&["audit", "maker", "--stack", "stack.yaml"], more].concat())
    }

    /// The exit code, and the answer for machines.
    fn answer(&self, more: &[&str]) -> (i32, Value) {
        let ran = self.audit(&[more, &["--json"]].concat());
        let answer = serde_json::from_str(&ran.out);
        (ran.code, answer.unwrap_or_else(|_| panic!("no answer: {} {}", ran.out, ran.err)))
    }

    fn clean(&self, more: &[&str]) -> Value {
        let (code, answer) = self.answer(more);
        assert_eq!(code, 0, "{answer:#}");
        answer
    }
}

fn counts(answer: &Value) -> [u64; 5] {
    ["missing", "twice", "out_of_order", "damaged", "foreign"]
        .map(|name| answer[name].as_u64().unwrap())
}

#[test]
fn what_arrived_whole_is_clean_and_what_was_spoilt_by_hand_is_named() {
    let site = Site::new("limit: 3000", "", "append_file: out.ndjson");
    let answer = site.clean(&[]);
    assert_eq!((&answer["made"], &answer["arrived"]), (&3000.into(), &3000.into()));
    site.change("out.ndjson", |lines| {
        lines[2500] = lines[2500].replace("\"name\"", "\"nome\"");
        lines.swap(2000, 2001);
        lines.insert(1001, lines[1000].clone());
        lines.remove(17);
        lines.push("{\"id\":\"nobody's\"}".to_owned());
    });
    let ran = site.audit(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (3, ""));
    compare(&here("answers/audit.txt"), &ran.out).unwrap();
    let (code, answer) = site.answer(&["--examples", "1"]);
    assert_eq!((code, counts(&answer)), (3, [1, 1, 1, 1, 1]));
    assert_eq!(answer["missing_indexes"][0], serde_json::json!({ "start": 17, "end": 18 }));
}

#[test]
fn records_that_went_through_steps_are_known_again() {
    let steps = "    steps:\n      - filter: .value < 0.5\n      - map: '{ key: .id, twice: (.value * 2) }'\n";
    let site = Site::new("limit: 2000", steps, "append_file: out.ndjson");
    let answer = site.clean(&[]);
    let expected = answer["expected"].as_u64().unwrap();
    assert!((800..1200).contains(&expected) && answer["arrived"] == expected, "{answer:#}");
    site.clean(&["--by", "key"]);
    site.change("out.ndjson", |lines| drop(lines.remove(100)));
    let (code, answer) = site.answer(&[]);
    assert_eq!((code, counts(&answer)), (3, [1, 0, 0, 0, 0]));
    // The index is the generator's, not the place in the file.
    assert!(answer["examples"][0]["index"].as_u64().unwrap() > 100, "{answer:#}");
    let ran = site.audit(&["--by", "twice"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("cannot be told apart by `twice`"), "{}", ran.err);
}

#[test]
fn parts_and_datasets_are_read_as_a_reader_would() {
    for compress in ["none", "gzip", "zstd"] {
        let sink = format!(
            "append_file: {{ path: out.ndjson, rotate_size: 20KiB, compress: {compress} }}"
        );
        let site = Site::new("count: 200, every: 5ms, limit: 3000", "", &sink);
        let files = std::fs::read_dir(site.path()).unwrap();
        let parts = files.filter(|it| {
            let name = it.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("out.")
        });
        // How many depends on how many groups were committed.
        assert!(parts.count() > 1, "there are parts");
        site.clean(&[]);
    }
    for format in ["csv", "ndjson"] {
        let sink = format!("dataset: {{ path: sets, format: {format} }}");
        let site = Site::new("count: 100, every: 1ms, limit: 1000", "", &sink);
        assert_eq!(site.clean(&[])["arrived"], 1000);
        let data = format!("sets/data_3.{format}");
        site.change(&data, |lines| drop(lines.pop()));
        std::fs::remove_file(site.file("sets/metadata_5.json")).unwrap();
        let (code, answer) = site.answer(&[]);
        // A reader takes neither of the two.
        assert_eq!((code, counts(&answer)), (3, [200, 0, 0, 0, 0]), "{answer:#}");
        let defects = answer["defects"].as_array().unwrap();
        assert_eq!(defects.len(), 2, "{defects:?}");
    }
}

#[test]
fn a_damaged_row_of_csv_is_found_between_its_neighbours() {
    let site = Site::new("count: 100, every: 1ms, limit: 1000", "", "dataset: sets");
    let rows = |name: &str| std::fs::read_to_string(site.file(name)).unwrap();
    let all: String = (1..=10)
        .map(|number| rows(&format!("sets/data_{number}.csv")))
        .flat_map(|text| text.lines().skip(1).map(|line| format!("{line}\n")).collect::<Vec<_>>())
        .collect();
    std::fs::write(site.file("all.csv"), format!("id,name,value\n{all}")).unwrap();
    site.clean(&["all.csv"]);
    site.change("all.csv", |lines| lines[400] = "399,torn".to_owned());
    let (code, answer) = site.answer(&["all.csv"]);
    assert_eq!((code, counts(&answer)), (3, [0, 0, 0, 1, 0]), "{answer:#}");
    assert_eq!(answer["examples"][0]["index"], 399);
}

#[test]
fn faults_on_purpose_are_told_from_others_and_the_ledger_says_the_same() {
    let faults = "limit: 3000, faults: { late: 2%, repeat: 1%, drop: 1%, corrupt: 1% }";
    let site = Site::new(faults, "", "append_file: out.ndjson");
    let on_purpose = &site.clean(&[])["on_purpose"];
    for kind in ["late", "repeat", "drop", "corrupt"] {
        assert!(on_purpose[kind].as_u64().unwrap() > 10, "{on_purpose:#}");
    }
    assert_eq!(on_purpose["ledger_differs"], 0);
    site.change("out.ndjson", |lines| drop(lines.remove(1500)));
    let (code, answer) = site.answer(&[]);
    assert_eq!((code, counts(&answer)), (3, [1, 0, 0, 0, 0]), "{answer:#}");
    site.change("headwater-data/audited/maker/faults.ndjson", |lines| drop(lines.remove(5)));
    assert_eq!(site.answer(&[]).1["on_purpose"]["ledger_differs"], 1);
}

#[test]
fn what_is_no_target_of_ours_is_told() {
    let site = Site::new("limit: 100", "", "append_file: out.ndjson");
    for (target, told) in [
        ("nowhere.ndjson", "there is no file nowhere.ndjson"),
        ("headwater-data", "holds no datasets"),
        ("http://127.0.0.1:1/", "nobody listens there"),
        ("mqtt://host/topic", "mqtt:// cannot be read"),
    ] {
        let ran = site.audit(&[target]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{target}: {}", ran.err);
        assert!(ran.err.contains(told), "{target}: {}", ran.err);
    }
    std::fs::write(site.file("empty.ndjson"), "").unwrap();
    let (code, answer) = site.answer(&["empty.ndjson"]);
    assert_eq!((code, counts(&answer)), (3, [100, 0, 0, 0, 0]));
    std::fs::write(site.file("binary.ndjson"), [0, 159, 146, 150, 10, 1, 2]).unwrap();
    let (code, answer) = site.answer(&["binary.ndjson"]);
    assert_eq!((code, answer["arrived"].as_u64()), (3, Some(0)));
    std::fs::write(site.file("headwater-data/audited/maker/checkpoint"), "rubbish").unwrap();
    let ran = site.audit(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("checkpoint"), "{}", ran.err);
}

#[test]
fn a_line_of_64_megabytes_is_passed_over() {
    let site = Site::new("limit: 100", "", "append_file: out.ndjson");
    let text = std::fs::read_to_string(site.file("out.ndjson")).unwrap();
    let (before, after) = text.split_at(text.find("{\"id\":51,").unwrap());
    let long = format!("{before}{}\n{after}", "x".repeat(64 << 20));
    std::fs::write(site.file("long.ndjson"), long).unwrap();
    let (code, answer) = site.answer(&["long.ndjson"]);
    assert_eq!((code, counts(&answer)), (3, [0, 0, 0, 0, 1]), "{answer:#}");
}

#[test]
fn another_seed_and_a_changed_record_are_guessed() {
    let site = Site::new("limit: 300", "", "append_file: out.ndjson");
    let stack = std::fs::read_to_string(site.file("stack.yaml")).unwrap();
    std::fs::write(site.file("stack.yaml"), stack.replace("seed: 7", "seed: 8")).unwrap();
    let (code, answer) = site.answer(&[]);
    assert_eq!((code, &answer["damaged"]), (3, &300.into()));
    let remark = answer["remarks"][0].as_str().unwrap();
    assert!(remark.contains("have the seed"), "{remark}");
    let unseeded = stack.replace("seed: 7\n", "");
    std::fs::write(site.file("stack.yaml"), unseeded).unwrap();
    let ran = site.audit(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the seed is not known"), "{}", ran.err);
    let ran = run(site.path(), &["audit", "maker", "--stack", "users"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
}

#[test]
fn a_flow_without_end_needs_a_checkpoint_or_a_number() {
    let site = Site::new("limit: 500", "", "append_file: out.ndjson");
    site.write_stack("every: 1s", "", "append_file: out.ndjson");
    assert_eq!(site.clean(&[])["made"], 500);
    let answer = site.clean(&["--made", "400"]);
    assert_eq!((&answer["arrived"], &answer["in_flight"]), (&400.into(), &100.into()));
    let ran = site.audit(&["--data", "elsewhere"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--made N"), "{}", ran.err);
}

#[test]
fn datasets_half_written_on_purpose_are_passed_over_and_named_as_such() {
    let sink = "dataset: { path: sets, faults: { no_metadata: 20%, torn: 20%, checksum: 20% } }";
    let site = Site::new("count: 50, every: 1ms, limit: 1000", "", sink);
    let answer = site.clean(&[]);
    let half = answer["on_purpose"]["half_written"].as_u64().unwrap();
    assert!(half > 10 && answer["arrived"] == 1000, "{answer:#}");
    let ledger = "headwater-data/audited/maker/half-written.ndjson";
    let noted = std::fs::read_to_string(site.file(ledger)).unwrap();
    assert_eq!(noted.lines().count() as u64, half);
    // One that nobody spoilt on purpose: the first number that is not in the ledger.
    let is_noted = |number: &u64| noted.contains(&format!("\"dataset\":{number},"));
    let number = (1..100).find(|number| !is_noted(number)).unwrap();
    std::fs::remove_file(site.file(&format!("sets/metadata_{number}.json"))).unwrap();
    let (code, answer) = site.answer(&[]);
    assert_eq!((code, &answer["missing"]), (3, &50.into()));
}
