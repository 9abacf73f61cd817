//! `up` and `run`: which stack is meant, which part of it runs, and what is said when none can.

use crate::support::{Running, anywhere, run};
use std::path::Path;

const ADMIN: [&str; 2] = ["--admin", "127.0.0.1:0"];

/// A server on a free port and a flow that ends by itself.
const STACK: &str = "\
stack: test
services:
  api:
    listen: 0
    routes:
      /number: { generate: { n: sequence } }
  maker:
    source:
      generate: { limit: 20, record: { n: sequence } }
    sink:
      append_file: out.ndjson
";

fn in_directory(stack: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("headwater.yaml"), stack).unwrap();
    directory
}

fn up(directory: &Path, arguments: &[&str]) -> Running {
    Running::start(directory, &[&["up"][..], &ADMIN, arguments].concat())
}

#[test]
fn an_empty_directory_gets_users() {
    let directory = tempfile::tempdir().unwrap();
    let ports = ["--port", "api=0", "--port", "frontend=0", "--only", "api", "frontend"];
    let mut running = up(directory.path(), &ports);
    running.wait_for("runs users");
    let line = running.wait_for("api ");
    let url = line.split_whitespace().last().unwrap().to_owned();
    assert_eq!(anywhere(&["health", &url]).out.trim(), format!("{url} answers 200: {{}}"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_stack_file_here_is_run_without_being_named() {
    let directory = in_directory(STACK);
    let mut running = up(directory.path(), &[]);
    running.wait_for("runs test");
    running.wait_for("maker");
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_init_copies_is_what_up_runs() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(directory.path(), &["init", "numbers", "."]).code, 0);
    let mut running = up(directory.path(), &["--port", "producer=0", "--only", "producer"]);
    running.wait_for("runs numbers");
    assert!(running.wait_for("producer").contains("/number"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn only_the_named_services_run_and_ended_flows_end_the_command() {
    let directory = in_directory(STACK);
    let mut running = up(directory.path(), &["--only", "maker"]);
    assert_eq!(running.wait(), 0, "{}", running.told);
    assert!(!running.told.contains("api"), "{}", running.told);
    let written = std::fs::read_to_string(directory.path().join("out.ndjson")).unwrap();
    assert_eq!(written.lines().count(), 20);
}

#[test]
fn run_is_one_service() {
    let directory = in_directory(STACK);
    let ran = run(directory.path(), &[&["run", "maker"][..], &ADMIN].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let missing = run(directory.path(), &[&["run", "nobody"][..], &ADMIN].concat());
    assert_eq!(missing.code, 2);
    assert!(
        missing.err.contains("has no service `nobody`: it has api, maker; name another stack with"),
        "{}",
        missing.err
    );
}

#[test]
fn one_service_takes_a_port_without_its_name() {
    let directory = in_directory(STACK);
    for port in ["0", "api=0"] {
        let arguments =
            ["run", "api", "--port", port, "--bind", "localhost", "--admin", "localhost:0"];
        let mut running = Running::start(directory.path(), &arguments);
        running.wait_for("  api                     http://127.0.0.1:");
        assert_eq!(running.stop(), 0);
    }
}

#[test]
fn a_second_run_goes_on_and_repeats_nothing() {
    let directory = in_directory(STACK);
    for _ in 0..2 {
        assert_eq!(up(directory.path(), &["--only", "maker"]).wait(), 0);
    }
    let written = std::fs::read_to_string(directory.path().join("out.ndjson")).unwrap();
    assert_eq!(written.lines().count(), 20);
}

#[test]
fn what_cannot_be_chosen_is_refused_with_the_reason() {
    let directory = in_directory(STACK);
    for (arguments, told) in [
        (["--only", "apj"], "has no service `apj`: did you mean `api`?"),
        (["--port", "nobody=1"], "has no service `nobody`: it has api, maker"),
        (["--port", "maker=1"], "the service `maker` listens on no port"),
        (["--scale", "api=2"], "`api` cannot run 2 times in one process: a server's port"),
        (["--scale", "maker=2"], "only one may write out.ndjson; write `{replica}` into"),
        (["--scale", "maker=0"], "`maker`"),
    ] {
        let mut running = up(directory.path(), &arguments);
        assert_eq!(running.wait(), 2, "{arguments:?}: {}", running.told);
        assert!(running.told.contains(told), "{arguments:?}: {}", running.told);
    }
}

#[test]
fn a_flow_that_may_run_twice_does() {
    let stack = STACK.replace("append_file: out.ndjson", "print: \"{n}\"");
    let directory = in_directory(&stack);
    let arguments = ["up", "--only", "maker", "--scale", "maker=2"];
    let ran = run(directory.path(), &[&arguments[..], &ADMIN].concat());
    assert_eq!((ran.code, ran.out.lines().count()), (0, 40), "{}", ran.err);
    assert!(ran.err.contains("maker-1") && ran.err.contains("maker-2"), "{}", ran.err);
}

#[test]
fn a_bad_stack_is_told_and_nothing_starts() {
    let directory = in_directory(&STACK.replace("limit: 20", "limmit: 20"));
    let ran = run(directory.path(), &[&["up"][..], &ADMIN].concat());
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    assert!(ran.err.contains("headwater.yaml:9:19"), "{}", ran.err);
    assert!(ran.err.contains("did you mean `limit`?"), "{}", ran.err);
    assert!(!directory.path().join("headwater-data").exists());
}

#[test]
fn a_port_in_use_is_named_and_ends_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let directory = in_directory(STACK);
    let assignment = format!("api={port}");
    let mut running = up(directory.path(), &["--port", &assignment]);
    assert_eq!(running.wait(), 1);
    assert!(running.told.contains(&port.to_string()), "{}", running.told);
    assert!(running.told.contains("in use"), "{}", running.told);
}

#[test]
fn a_source_that_is_printed_comes_line_by_line() {
    let directory = tempfile::tempdir().unwrap();
    let stack = "stack: test\nservices:\n  maker:\n    source:\n      generate: { every: 10ms, record: { n: sequence } }\n    sink:\n      print: \"Received number: {n}\"\n";
    std::fs::write(directory.path().join("headwater.yaml"), stack).unwrap();
    let mut running = up(directory.path(), &[]);
    let lines = [running.line(), running.line()];
    assert!(lines[0].starts_with("Received number: "), "{lines:?}");
    assert_ne!(lines[0], lines[1]);
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_cannot_be_delivered_is_kept_with_its_reason_and_the_rest_goes_on() {
    let directory = in_directory(
        "stack: test\nservices:\n  rows:\n    source:\n      file: in.csv\n    sink:\n      append_file: out.ndjson\n  lines:\n    source:\n      file: in.ndjson\n    sink:\n      print: \"got {n}!\"\n",
    );
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("in.csv"), "a,b\n1,x\n2\n3,caf\u{e9}\n").unwrap();
    std::fs::write(at("in.ndjson"), "{\"n\":1}\nno json\n{\"n\":2}\n").unwrap();
    let ran = run(directory.path(), &[&["up"][..], &ADMIN].concat());
    assert_eq!((ran.code, ran.out.as_str()), (0, "got 1!\ngot 2!\n"), "{}", ran.err);
    let written = std::fs::read_to_string(at("out.ndjson")).unwrap();
    assert_eq!(written, "{\"a\":1,\"b\":\"x\"}\n{\"a\":3,\"b\":\"caf\u{e9}\"}\n");
    for (service, record) in [("rows", "2"), ("lines", "no json")] {
        let path = at(&format!("headwater-data/test/{service}/dead-letters.ndjson"));
        let letters = std::fs::read_to_string(&path).unwrap();
        let letter: serde_json::Value = serde_json::from_str(letters.trim()).unwrap();
        assert_eq!(letter["record"], record);
        assert!(letter["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{letters}");
        assert!(ran.err.contains("became dead letters"), "{}", ran.err);
    }
}

#[test]
fn urls_of_the_stack_follow_a_port_of_the_command_line() {
    let stack = "stack: test
services:
  api-that-has-a-long-name:
    listen: 8000
    routes: { /number: { generate: { number: integer 1..9 } } }
  follower-with-a-long-name:
    source: { http_poll: { url: \"${TEST_URL:-http://localhost:8000/number}\", every: 20ms } }
    sink: { append_file: out.ndjson }
";
    let directory = in_directory(stack);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut running =
        up(directory.path(), &["--port", &format!("api-that-has-a-long-name={port}")]);
    running.wait_for("  api-that-has-a-long-name   http://127.0.0.1:");
    let flow = running.wait_for("  follower-with-a-long-name ");
    assert!(flow.contains(&format!("http_poll http://localhost:{port}/number")), "{flow}");
    running.wait_for(&format!("URLs of the stack to localhost:8000 go to localhost:{port}"));
    assert_eq!(running.stop(), 0);
}
