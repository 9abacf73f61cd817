//! `shared-data`: datasets in a directory that the consumer may only read, results in another.

use super::python;
use crate::support::{
    Harness, Namespace, PATIENCE, Process, checksum, count_lines, eventually, read, read_lines,
};
use std::path::Path;

fn run(harness: &Harness, service: &str) -> Process {
    Process::start(harness.up().args(["--only", service]))
}

#[test]
fn the_producer_numbers_its_datasets_through_restarts() {
    let harness = Harness::built_in("shared-data").environment("INTERVAL", "0.05");
    let file = |name: String| harness.path("shared-data").join(name);
    let has = |number: u32| file(format!("metadata_{number}.json")).exists();
    let mut process = run(&harness, "data-producer");
    eventually("datasets come", || has(3));
    process.stop();
    let before = read(&file("data_1.csv".to_owned()));
    let mut last = 3;
    while has(last + 1) {
        last += 1;
    }
    let mut process = run(&harness, "data-producer");
    eventually("the numbers go on", || has(last + 2));
    process.stop();
    assert!(read(&file("data_1.csv".to_owned())) == before, "a dataset was written again");
    let text = String::from_utf8(before).unwrap();
    assert_eq!(text.lines().next(), Some("id,timestamp,category,value,quantity"));
    assert_eq!(text.lines().count(), 101);
    for number in 1..=last + 2 {
        let metadata = read(&file(format!("metadata_{number}.json")));
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
        for key in ["dataset", "file", "rows", "columns", "created", "sha256"] {
            assert!(metadata.get(key).is_some(), "metadata_{number}.json has no {key}");
        }
        let data = read(&file(format!("data_{number}.csv")));
        assert_eq!(metadata["sha256"], checksum(&data));
    }
}

/// As in the original: the volume is read-only for the consumer, and a second one is mounted below it.
#[test]
fn the_consumer_works_from_a_directory_that_it_may_only_read() {
    let mut harness = Harness::built_in("shared-data");
    let (shared, written) = (harness.path("shared-data"), harness.path("volume"));
    std::fs::create_dir_all(shared.join("results")).unwrap();
    std::fs::create_dir_all(&written).unwrap();
    let (s, w) = (shared.display(), written.display());
    let namespace = Namespace::with(&format!(
        "mount --bind '{s}' '{s}' && mount -o remount,ro,bind '{s}' && mount --bind '{w}' '{s}/results'"
    ));
    harness.enter(&namespace);
    let touch = format!("touch '{s}/test_file.txt'");
    let refused = namespace.command("sh").args(["-c", &touch]).output().unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("Read-only file system"), "{words}");

    let mut process = run(&harness, "data-consumer");
    let mut writer = python("datasets.py", &[&s.to_string(), "1", "2"]);
    assert!(writer.wait(PATIENCE).0.success());
    let log = written.join("processed.ndjson");
    let processed = || count_lines(&log);
    eventually("both datasets are processed", || processed() == 2);
    process.stop();

    let mut process = run(&harness, "data-consumer");
    let mut writer = python("datasets.py", &[&s.to_string(), "3", "3"]);
    assert!(writer.wait(PATIENCE).0.success());
    eventually("the third one is processed", || processed() >= 3);
    eventually("the index has it", || {
        String::from_utf8_lossy(&read(&written.join("index.html"))).contains("report_3.html")
    });
    process.stop();
    assert_eq!(processed(), 3, "a dataset was processed again after a restart");
    check_results(&written, &shared);
    let beside = std::fs::read_dir(&shared).unwrap().count();
    assert_eq!(beside, 3 * 2 + 1, "something was written to the input");
}

fn check_results(results: &Path, shared: &Path) {
    let lines = read_lines(&results.join("processed.ndjson"));
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["dataset"], format!("data_{number}"));
        let data = read(&shared.join(format!("data_{number}.csv")));
        assert_eq!(line["sha256"], checksum(&data));
        let summary = read(&results.join(format!("summary_{number}.json")));
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["rows"], 40);
        assert_eq!(summary["columns"].as_array().unwrap().len(), 5);
        let page = read(&results.join(format!("report_{number}.html")));
        let page = String::from_utf8(page).unwrap();
        assert!(page.trim_end().ends_with("</html>"));
        assert!(
            !page.contains("http://") || !page.contains("<script src"),
            "the page asks the net"
        );
        let svg = read(&results.join(format!("chart_{number}_value.svg")));
        assert!(svg.trim_ascii_end().ends_with(b"</svg>"));
        let png = read(&results.join(format!("chart_{number}_value.png")));
        assert!(png.starts_with(b"\x89PNG") && png.ends_with(b"IEND\xaeB`\x82"));
    }
}
