//! `dead-letters` on a stack that runs, on one that does not, and with wrong words; and the button of the map.

use crate::support::{Running, address_in, compare, here, run};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

const BROKEN: &str = "\
stack: post
services:
  convert:
    source: { file: in.ndjson }
    steps:
      - filter: .n > 0
      - map: 'if .n == 2 then error(\"two is not wanted\") else . end'
    sink: { append_file: out.ndjson }
  rows:
    source: { file: { path: in.csv, follow: true } }
    sink: { append_file: rows.ndjson }
";

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

/// A stack whose flows have letters: of the source, and of both steps.
fn with_letters(is_running: bool) -> (tempfile::TempDir, Running, String) {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write(at, "headwater.yaml", BROKEN);
    write(at, "in.ndjson", "{\"n\":1}\nno json\n{\"n\":2}\n{\"n\":3}\n");
    write(at, "in.csv", "a,b\n1,x\n2\n");
    let mut running = Running::start(at, &["up", "--admin", "127.0.0.1:0"]);
    let admin = address_in(&running.wait_for("admin "));
    for flow in ["convert", "rows"] {
        let wanted = if flow == "convert" { 2 } else { 1 };
        // In the file they are earlier than the checkpoint knows them.
        let shown = || {
            let ran = run(at, &["dead-letters", "show", flow, "--json"]);
            let shown: Value = serde_json::from_str(&ran.out).unwrap_or_default();
            shown.as_array().map_or(0, Vec::len)
        };
        while shown() < wanted {
            std::thread::yield_now();
        }
    }
    if !is_running {
        running.signal("-TERM");
        running.wait();
    }
    (directory, running, admin)
}

/// Times differ from run to run.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.len() > 20 && word.starts_with("20") && word.contains('T');
    let line = |line: &str| {
        let words = line.split(' ').map(|word| if is_time(word) { "TIME" } else { word });
        words.collect::<Vec<_>>().join(" ") + "\n"
    };
    text.lines().map(line).collect()
}

fn letters(at: &Path, arguments: &[&str]) -> String {
    let ran = run(at, &[&["dead-letters"], arguments].concat());
    format!(
        "$ headwater dead-letters {}\n{}{}-> {}\n",
        arguments.join(" "),
        ran.out,
        ran.err,
        ran.code
    )
}

#[test]
fn says_what_could_not_be_delivered_and_what_to_do() {
    let (directory, _running, _) = with_letters(false);
    let at = directory.path();
    let said: String = [
        &["list"][..],
        &["show", "convert"],
        &["show", "convert", "2"],
        &["show", "convert", "--last", "1"],
        &["show", "convert", "7"],
        &["show", "convrt"],
        &["show", "elsewhere"],
        &["replay", "convert"],
        &["replay", "convert", "7"],
        &["replay", "convert", "--reason", "nothing like this"],
        &["replay", "rows", "--all"],
        &["drop", "convert", "7"],
        &["replay", "convert", "--reason", "two is"],
        &["list"],
    ]
    .into_iter()
    .map(|arguments| letters(at, arguments))
    .collect();
    compare(&here("answers/dead-letters.txt"), &without_times(&said)).unwrap();
}

#[test]
fn nothing_of_a_letter_commands_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    write(at, "headwater.yaml", BROKEN);
    write(at, "in.csv", "a,b\n");
    write(at, "in.ndjson", "no \u{1b}[31mjson\u{7}\n");
    run(at, &["up", "--only", "convert", "--admin", "127.0.0.1:0"]);
    let shown = letters(at, &["show", "convert"]);
    assert!(shown.contains("no \u{FFFD}[31mjson\u{FFFD}\n"), "{shown}");
    let listed = letters(at, &["list"]);
    assert!(!listed.contains('\u{1b}'), "{listed}");
}

#[test]
fn a_request_on_a_stopped_stack_is_carried_out_by_the_next_start() {
    let (directory, _running, _) = with_letters(false);
    let at = directory.path();
    write(at, "headwater.yaml", &BROKEN.replace("two is not wanted", "still not wanted"));
    let asked = letters(at, &["replay", "convert", "2"]);
    assert!(asked.contains("no running flow has done it yet"), "{asked}");
    let ran = run(at, &["up", "--only", "convert", "--admin", "127.0.0.1:0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // Rejected again: a new letter with its count, and no round without end.
    let shown: Value =
        serde_json::from_str(&run(at, &["dead-letters", "show", "convert", "--json"]).out).unwrap();
    let last = &shown.as_array().unwrap()[1];
    assert_eq!((&last["number"], &last["tries"]), (&3.into(), &1.into()), "{shown}");
    assert!(last["reason"].as_str().unwrap().contains("still not wanted"), "{shown}");

    write(at, "headwater.yaml", &BROKEN.replace("error(\"two is not wanted\")", "{n, late: true}"));
    letters(at, &["drop", "convert", "1"]);
    letters(at, &["replay", "convert", "--all"]);
    assert_eq!(run(at, &["up", "--only", "convert", "--admin", "127.0.0.1:0"]).code, 0);
    let out = std::fs::read_to_string(at.join("out.ndjson")).unwrap();
    assert_eq!(out, "{\"n\":1}\n{\"n\":3}\n{\"n\":2,\"late\":true}\n");
    assert!(letters(at, &["list"]).contains("convert: 0 dead letters\n"));
}

#[test]
fn a_step_that_is_another_now_takes_no_letters_of_the_old_one() {
    let (directory, _running, _) = with_letters(false);
    let at = directory.path();
    write(at, "headwater.yaml", &BROKEN.replace("      - filter: .n > 0\n", ""));
    letters(at, &["replay", "convert", "2"]);
    assert_eq!(run(at, &["up", "--only", "convert", "--admin", "127.0.0.1:0"]).code, 0);
    let list = letters(at, &["list"]);
    assert!(list.contains("there is no such step any more"), "{list}");
    assert!(list.contains("convert: 2 dead letters"), "{list}");
}

#[test]
fn a_flow_that_runs_or_has_ended_carries_a_request_out_at_once() {
    let (directory, running, _) = with_letters(true);
    let at = directory.path();
    // The source of `convert` has ended, that of `rows` waits for more.
    let replayed = letters(at, &["replay", "convert", "--all"]);
    assert!(replayed.contains("0 letters delivered, 2 rejected again"), "{replayed}");
    let dropped = letters(at, &["drop", "rows", "1"]);
    assert!(dropped.contains("rows: 1 letter dropped"), "{dropped}");
    assert_eq!(running.stop(), 0);
}

fn post(admin: &str, path: &str, body: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {admin}\r\n{header}content-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_button_of_the_map_replays_and_obeys_no_other_origin() {
    let (directory, running, admin) = with_letters(true);
    for header in ["origin: http://evil.example\r\n", "sec-fetch-site: cross-site\r\n"] {
        let answer = post(&admin, "/replay/convert", "letter=all", header);
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let list = letters(directory.path(), &["list"]);
    assert!(!list.contains("rejected again"), "{list}");
    let answer = post(&admin, "/replay/convert", "letter=2", "sec-fetch-site: same-origin\r\n");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(answer.contains("/node/convert#dead-letters"), "{answer}");
    let list = letters(directory.path(), &["list"]);
    assert!(list.contains("0 letters delivered, 1 rejected again"), "{list}");
    for (path, body, status) in [
        ("/replay/convert", "letter=99", "404"),
        ("/replay/convert", "letter=two", "400"),
        ("/replay/convert", "", "400"),
        ("/replay/nobody", "letter=all", "404"),
    ] {
        let answer = post(&admin, path, body, "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path} {body}: {answer}");
    }
    let metrics = run(directory.path(), &["health", &format!("http://{admin}/metrics")]).out;
    assert!(
        metrics.contains("headwater_dead_letters_replayed_total{flow=\"convert\"} 1"),
        "{metrics}"
    );
    assert_eq!(running.stop(), 0);
}
