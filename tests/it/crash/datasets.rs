//! The two flows of `shared-data`: every dataset whole, numbered without gaps, and processed once.

use super::Kills;
use crate::support::{Harness, checksum, count_lines, eventually, read, read_lines};
use std::path::Path;

fn stack(limit: &str) -> String {
    format!(
        "stack: crash
seed: 7
services:
  producer:
    source:
      generate: {{ every: 40ms, count: 25, {limit} record: {{ id: sequence, value: integer 1..9 }} }}
    sink: {{ dataset: shared }}
  consumer:
    source: {{ datasets: {{ path: shared, look: 50ms }} }}
    steps: [summarise]
    sink: {{ report: {{ path: results, png: false }} }}
"
    )
}

fn count(directory: &Path, prefix: &str) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix) && !is_unfinished(Path::new(name))).count() as u64
}

fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "tmp")
}

#[test]
fn every_dataset_is_whole_and_processed_once() {
    let harness = Harness::new(&stack(""));
    assert_eq!(harness.guarantee("producer"), "exactly-once");
    assert_eq!(harness.guarantee("consumer"), "exactly-once");
    let (shared, results) = (harness.path("shared"), harness.path("results"));
    let log = results.join("processed.ndjson");
    let processed = || count_lines(&log);
    Kills::of("generate -> dataset -> report").run(&harness, |_| {}, |_| {}, processed);
    let datasets = count(&shared, "metadata_") + 3;
    harness.write_stack(&stack(&format!("limit: {},", datasets * 25)));
    let mut process = harness.start();
    eventually("all datasets are there", || count(&shared, "metadata_") == datasets);
    eventually("all datasets are processed", || processed() >= datasets);
    process.stop();
    check_datasets(&shared, datasets);
    check_results(&results, &shared, datasets);
}

/// Numbers 1 to N, the rows of all together the sequence, each as its metadata says.
fn check_datasets(shared: &Path, datasets: u64) {
    assert_eq!(count(shared, "data_"), datasets);
    let mut next = None;
    for number in 1..=datasets {
        let data = read(&shared.join(format!("data_{number}.csv")));
        let metadata = read(&shared.join(format!("metadata_{number}.json")));
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
        assert_eq!(metadata["sha256"], checksum(&data), "data_{number}.csv");
        assert_eq!(metadata["rows"], 25);
        let text = String::from_utf8(data).unwrap();
        let rows = text.lines().skip(1);
        for row in rows {
            let id: u64 = row.split(',').next().unwrap().parse().unwrap();
            let expected = *next.get_or_insert(id);
            assert_eq!(id, expected, "data_{number}.csv does not go on where the last one ended");
            next = Some(id + 1);
        }
    }
    assert_no_leftovers(shared);
}

/// One line and one whole set of files for each dataset.
fn check_results(results: &Path, shared: &Path, datasets: u64) {
    let mut names: Vec<String> = read_lines(&results.join("processed.ndjson"))
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let data = read(&shared.join(line["file"].as_str().unwrap()));
            assert_eq!(line["sha256"], checksum(&data));
            line["dataset"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names.len() as u64, datasets, "a dataset was processed twice or not at all");
    names.sort();
    names.dedup();
    assert_eq!(names.len() as u64, datasets);
    for number in 1..=datasets {
        let file = |name: String| read(&results.join(name));
        let summary: serde_json::Value =
            serde_json::from_slice(&file(format!("summary_{number}.json"))).unwrap();
        assert_eq!(summary["rows"], 25);
        assert!(file(format!("report_{number}.html")).trim_ascii_end().ends_with(b"</html>"));
        let svg = file(format!("chart_{number}_value.svg"));
        assert!(svg.trim_ascii_end().ends_with(b"</svg>"), "chart_{number}_value.svg");
    }
    let index = String::from_utf8(read(&results.join("index.html"))).unwrap();
    assert!(index.contains(&format!("report_{datasets}.html")));
    assert_no_leftovers(results);
}

fn assert_no_leftovers(directory: &Path) {
    assert_eq!(
        std::fs::read_dir(directory)
            .unwrap()
            .find(|entry| is_unfinished(&entry.as_ref().unwrap().path()))
            .map(|entry| entry.unwrap().path()),
        None
    );
}
