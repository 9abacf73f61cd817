//! What is wrong in the input is named, becomes a dead letter with its reason, and its neighbours go on.

use crate::sources::dataset;
use crate::support::{flow, read_all, source, step, write};
use headwater::core::batch::Batch;
use headwater::core::position::Checkpoint;
use std::path::Path;

/// The good records as JSON or text, and the reasons of the others.
fn outcome(batches: &[Batch], step_text: &str) -> (Vec<String>, Vec<String>) {
    let mut step = step(step_text);
    let (mut good, mut reasons) = (Vec::new(), Vec::new());
    for batch in batches {
        let applied = step.apply(batch.clone()).unwrap().unwrap();
        good.extend(String::from_utf8_lossy(&applied.records.bytes).lines().map(str::to_owned));
        reasons.extend(applied.rejected.into_iter().map(|rejected| rejected.reason));
    }
    (good, reasons)
}

/// Reads a file with these bytes and looks into every record.
fn file(name: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    write(&path, bytes);
    let text = format!("file: {}", path.display());
    let batches = read_all(source(&text).as_mut(), &Checkpoint::default())?;
    Ok(outcome(&batches, "map: \". + {}\""))
}

fn csv(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    file("input.csv", bytes).unwrap()
}

#[test]
fn ragged_rows_are_named_and_their_neighbours_stay() {
    let (good, reasons) = csv(b"a,b\n1,x\n2\n3,y,z\n\n4,w\n");
    assert_eq!(good, ["{\"a\":1,\"b\":\"x\"}", "{\"a\":4,\"b\":\"w\"}"]);
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains('1') && reasons[0].contains('2'), "{reasons:?}");
    assert!(reasons[1].contains('3') && reasons[1].contains('2'), "{reasons:?}");
}

#[test]
fn a_quote_in_the_middle_of_a_cell_stays_in_its_row() {
    let (good, reasons) = csv(b"a,b\n1,5\" pipe\n2,\"x\"y\n3,\"say \"\"hi\"\"\"\n4,w\n");
    assert!(good.contains(&"{\"a\":3,\"b\":\"say \\\"hi\\\"\"}".to_owned()), "{good:?}");
    assert!(good.contains(&"{\"a\":4,\"b\":\"w\"}".to_owned()), "{good:?}");
    assert_eq!(good.len() + reasons.len(), 4, "{good:?} {reasons:?}");
}

#[test]
fn a_quote_that_is_never_closed_takes_no_more_than_it_must() {
    let mut text = b"a,b\n1,x\n2,\"never closed\n".to_vec();
    text.extend(b"3,y\n".repeat(10));
    let (good, reasons) = csv(&text);
    assert_eq!(good[0], "{\"a\":1,\"b\":\"x\"}");
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains("quot"), "{reasons:?}");
}

#[test]
fn utf_16_is_named_with_the_cure() {
    for mark in [b"\xFF\xFE", b"\xFE\xFF"] {
        let told = file("input.csv", &[&mark[..], b"a\0,\0b\0\n\0"].concat()).unwrap_err();
        assert!(told.contains("UTF-16") && told.contains("iconv"), "{told}");
        assert!(told.contains("input.csv"), "{told}");
    }
}

#[test]
fn latin_1_is_told_for_its_row_alone() {
    let (good, reasons) = csv(b"a,b\n1,caf\xE9\n2,x\n");
    assert_eq!(good, ["{\"a\":2,\"b\":\"x\"}"]);
    assert!(reasons[0].contains("UTF-8"), "{reasons:?}");
    let (good, reasons) = file("input.ndjson", b"{\"a\":\"caf\xE9\"}\n{\"a\":2}\n").unwrap();
    assert_eq!(good, ["{\"a\":2}"]);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

#[test]
fn zero_bytes_do_no_harm_to_the_neighbours() {
    let (good, reasons) = csv(b"a,b\n1,x\0y\n2,z\n");
    assert!(good.contains(&"{\"a\":2,\"b\":\"z\"}".to_owned()), "{good:?}");
    assert_eq!(good.len() + reasons.len(), 2, "{good:?} {reasons:?}");
    for line in &good {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let (good, reasons) = file("input.ndjson", b"{\"a\":1}\n\0\0\0\n{\"a\":2}\n").unwrap();
    assert_eq!((good.len(), reasons.len()), (2, 1), "{good:?} {reasons:?}");
}

#[test]
fn a_line_of_ten_megabytes_is_left_out_with_its_reason() {
    let long = "x".repeat(10 * 1024 * 1024);
    for (name, text) in [
        ("input.csv", format!("a,b\n1,x\n2,{long}\n3,y\n")),
        ("input.csv", format!("a,b\n1,x\n2,\"{long}\"\n3,y\n")),
        ("input.ndjson", format!("{{\"a\":1}}\n{{\"a\":\"{long}\"}}\n{{\"a\":3}}\n")),
        ("input.log", format!("one\n{long}\nthree\n")),
    ] {
        let (good, reasons) = file(name, text.as_bytes()).unwrap();
        assert_eq!((good.len(), reasons.len()), (2, 1), "{name}: {reasons:?}");
        assert!(reasons[0].contains("long"), "{reasons:?}");
    }
}

#[test]
fn a_header_that_never_ends_is_told() {
    let outcome = file("input.csv", "x,".repeat(3 * 1024 * 1024).as_bytes());
    match outcome {
        Err(told) => assert!(told.contains("input.csv"), "{told}"),
        Ok((good, reasons)) => assert!(good.is_empty(), "{} {}", good.len(), reasons.len()),
    }
}

#[test]
fn an_empty_file_and_a_header_alone_have_no_records() {
    assert_eq!(csv(b""), (vec![], vec![]));
    assert_eq!(csv(b"a,b\n"), (vec![], vec![]));
    assert_eq!(csv(b"a,b"), (vec![], vec![]));
    assert_eq!(file("input.ndjson", b"").unwrap(), (vec![], vec![]));
    assert_eq!(csv(b"\xEF\xBB\xBF"), (vec![], vec![]));
}

#[test]
fn a_header_with_a_name_twice_is_told_or_made_whole() {
    match file("input.csv", b"a,a,\n1,2,3\n") {
        Err(told) => assert!(told.contains("input.csv"), "{told}"),
        Ok((good, reasons)) => {
            assert_eq!((good.len(), reasons.len()), (1, 0));
            let record: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&good[0]).unwrap();
            assert_eq!(record.len(), 3, "a column is lost: {good:?}");
        }
    }
}

#[test]
fn lines_that_are_no_json_are_named_and_their_neighbours_stay() {
    let (good, reasons) = file("input.ndjson", b"{\"a\":1}\n{\"a\":\nnull\n{\"a\":2}\n").unwrap();
    assert!(good.contains(&"{\"a\":1}".to_owned()) && good.contains(&"{\"a\":2}".to_owned()));
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

#[test]
fn a_missing_file_is_named_with_what_to_do_and_found_when_it_comes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("later.csv");
    let mut source = source(&format!("file: {}", path.display()));
    let told = read_all(source.as_mut(), &Checkpoint::default()).unwrap_err();
    assert!(told.contains("later.csv") && told.contains("create it"), "{told}");
    write(&path, "a\n1\n");
    let batches = read_all(source.as_mut(), &Checkpoint::default()).unwrap();
    assert_eq!(outcome(&batches, "map: .").0, ["{\"a\":1}"]);
}

#[test]
fn a_directory_in_place_of_a_file_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("file: {}", directory.path().display());
    let told = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap_err();
    assert!(told.contains(&directory.path().display().to_string()), "{told}");
    assert!(told.contains("irectory"), "{told}");
}

/// Reads a directory of datasets until nothing more comes.
fn datasets(directory: &Path) -> (Vec<String>, Vec<String>) {
    let text = format!("datasets: {{ path: {}, look: 1ms, patience: 0s }}", directory.display());
    let batches = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap();
    outcome(&batches, "map: .")
}

/// One dataset that is right, and another whose metadata was changed.
fn beside_a_good_one(metadata: &str) -> (Vec<String>, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    dataset(directory.path(), 1, b"n\n1\n");
    dataset(directory.path(), 2, b"n\n2\n");
    dataset(directory.path(), 3, b"n\n3\n");
    write(&directory.path().join("metadata_2.json"), metadata);
    datasets(directory.path())
}

#[test]
fn metadata_that_disagrees_makes_a_dead_letter_of_its_dataset_alone() {
    for (metadata, told) in [
        ("{\"bytes\": 5}", "the metadata says 5 bytes, the file has 4"),
        ("{\"sha256\": \"00\"}", "the metadata says sha256 00, the file has"),
        ("", "the metadata file is not JSON"),
        ("{\"bytes\": 4", "the metadata file is not JSON"),
        ("\u{0}\u{1}garbage", "the metadata file is not JSON"),
    ] {
        let (good, reasons) = beside_a_good_one(metadata);
        assert_eq!(good, ["{\"n\":1}", "{\"n\":3}"], "{metadata}");
        assert_eq!(reasons.len(), 1, "{metadata}: {reasons:?}");
        assert!(reasons[0].contains(told), "{metadata}: {reasons:?}");
    }
}

#[test]
fn metadata_of_strange_shape_does_no_harm() {
    for metadata in
        ["[]", "null", "7", "{\"bytes\": \"four\", \"sha256\": 4, \"rows\": -1, \"columns\": {}}"]
    {
        let (good, _) = beside_a_good_one(metadata);
        assert!(good.contains(&"{\"n\":1}".to_owned()) && good.contains(&"{\"n\":3}".to_owned()));
    }
}

#[test]
fn half_a_dataset_is_waited_for_and_hurts_nobody() {
    let directory = tempfile::tempdir().unwrap();
    dataset(directory.path(), 1, b"n\n1\n");
    write(&directory.path().join("data_2.csv"), "n\n2\n");
    write(&directory.path().join("metadata_3.json"), "{}");
    write(&directory.path().join("data_4.csv.tmp"), "n\n");
    let (good, reasons) = datasets(directory.path());
    assert_eq!((good, reasons), (vec!["{\"n\":1}".to_owned()], vec![]));
}

#[test]
fn a_dataset_in_utf_16_is_given_up_with_the_cure_and_the_next_is_read() {
    let directory = tempfile::tempdir().unwrap();
    dataset(directory.path(), 1, b"\xFF\xFEn\0\n\0");
    dataset(directory.path(), 2, b"n\n2\n");
    let (good, reasons) = datasets(directory.path());
    assert_eq!(good, ["{\"n\":2}"]);
    assert!(reasons.len() == 1 && reasons[0].contains("iconv"), "{reasons:?}");
}

#[test]
fn rows_and_columns_that_disagree_are_said_in_the_summary() {
    let directory = tempfile::tempdir().unwrap();
    dataset(directory.path(), 1, b"n,m\n1,2\nbad\n");
    write(
        &directory.path().join("metadata_1.json"),
        "{\"rows\": 9, \"columns\": [\"n\", \"other\"]}",
    );
    let text = format!("datasets: {{ path: {}, look: 1ms }}", directory.path().display());
    let batches = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap();
    let mut step = step("summarise");
    let summary = batches.into_iter().find_map(|batch| step.apply(batch).unwrap()).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary.records.bytes).unwrap();
    let check = summary["metadata_check"].to_string();
    assert!(check.contains("the metadata says 9 rows, the file has 2"), "{check}");
    assert!(check.contains("the metadata names the columns n, other"), "{check}");
}

#[test]
fn a_missing_directory_of_datasets_is_named() {
    let mut source = source("datasets: { path: /nowhere/shared, look: 1ms }");
    let told = read_all(source.as_mut(), &Checkpoint::default()).unwrap_err();
    assert!(told.contains("/nowhere/shared"), "{told}");
}

#[test]
fn an_expression_that_fails_for_one_record_leaves_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("input.ndjson");
    write(&path, "{\"a\":1}\n{\"a\":\"x\"}\n{\"b\":1}\n{\"a\":3}\n");
    let text = format!("file: {}", path.display());
    let batches = read_all(source(&text).as_mut(), &Checkpoint::default()).unwrap();
    let (good, reasons) = outcome(&batches, "map: \"{double: (.a * 2 + 1)}\"");
    assert!(good.contains(&"{\"double\":3}".to_owned()), "{good:?}");
    assert!(good.contains(&"{\"double\":7}".to_owned()), "{good:?}");
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.len() > 10), "{reasons:?}");
}

#[test]
fn a_stack_file_of_nested_defaults_does_not_end_the_process() {
    let deep = "${A:-".repeat(50_000);
    let told = flow(&format!("file: \"{deep}x{}\"", "}".repeat(50_000)), None, "drop: {}");
    assert!(told.is_ok() || told.unwrap_err().contains("never closed"));
}
