//! Many records at once: all faults, bounds, and nothing stored of what is refused.

use super::support::{Service, users};
use serde_json::Value;
use std::fmt::Write as _;

const LINES: &[&str] = &["content-type: application/x-ndjson"];

#[test]
fn lists_the_first_faults_of_a_large_body_and_counts_the_rest() {
    let service = Service::of(users());
    let rows = "{\"name\":\"\",\"age\":-1}\n".repeat(300);
    let seen = service.ask("POST /users/", LINES, &rows);
    assert_eq!(seen.status, 422);
    let problem: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(problem["errors"].as_array().unwrap().len(), 100);
    assert_eq!(problem["more"], 500);
    assert_eq!(problem["errors"][99]["loc"], serde_json::json!(["body", 49, "age"]));
    assert_eq!(service.everything(), "");
}

#[test]
fn takes_as_many_records_as_it_says_and_no_more() {
    let service = Service::of(users());
    let row = "{\"name\":\"n\"}\n";
    let seen = service.ask("POST /users/", LINES, &row.repeat(100_001));
    assert_eq!(seen.status, 413, "{}", seen.body);
    assert!(seen.body.contains("send at most 100000 records at a time"), "{}", seen.body);
    assert_eq!(service.everything(), "");
    let minimal = &["content-type: application/x-ndjson", "prefer: return=minimal"];
    let seen = service.ask("POST /users/", minimal, &row.repeat(5000));
    assert_eq!(seen.body, "{\"created\":5000,\"updated\":0,\"unchanged\":0}");
}

#[test]
fn a_group_is_stored_whole_or_not_at_all() {
    let service = Service::of(users());
    service.post("{\"user_id\":500,\"name\":\"there\",\"email\":\"a@b\"}");
    let before = service.everything();
    for last in ["{\"user_id\":500,\"name\":\"x\"}", "{\"name\":\"x\",\"email\":\"a@b\"}"] {
        let mut rows = String::new();
        for n in 0..1000 {
            writeln!(rows, "{{\"user_id\":{},\"name\":\"n\"}}", 1000 + n).unwrap();
        }
        let seen = service.ask("POST /users/", LINES, &(rows + last));
        assert_eq!(seen.status, 409);
        assert!(seen.body.contains("\"loc\":[\"body\",1000,"), "{}", seen.body);
        assert_eq!(service.everything(), before);
    }
}

#[test]
fn each_record_for_itself_stores_what_can_be_stored() {
    let service = Service::of(users());
    let rows = "{\"user_id\":1,\"name\":\"a\"}\n{\"user_id\":1,\"name\":\"b\"}\nnonsense\n{\"name\":\"c\"}\n";
    let seen = service.ask("POST /users/?atomic=false", LINES, rows);
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((seen.status, &body["created"], &body["failed"]), (200, &2.into(), &2.into()));
    let statuses: Vec<&Value> =
        body["results"].as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, [201, 409, 400, 201]);
    assert_eq!(body["results"][1]["problem"]["type"], "urn:headwater:problem:already-exists");
    assert_eq!(service.everything().lines().count(), 2);
}
