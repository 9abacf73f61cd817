//! Lists in every form that is read, and those that are refused.

use super::*;

fn wanted() -> Wanted {
    Wanted::new(vec!["age".to_owned()], Some("user_id".to_owned()))
}

fn check(text: &str) -> Result<(Page, Vec<f64>), String> {
    let wanted = wanted();
    let mut table = Table::new(&wanted);
    let page = read(text.as_bytes(), &wanted, &mut table)?;
    let mut numbers = table.numbers(0);
    numbers.sort_by(f64::total_cmp);
    assert!(table.records() >= numbers.len());
    Ok((page, numbers))
}

fn page(next: Option<&str>, has_keys: bool) -> Page {
    Page { next: next.map(str::to_owned), has_keys }
}

#[test]
fn reads_the_forms_of_a_list() {
    for (text, expected, ages) in [
        // The original: an object by key; nothing in it is an empty list.
        (
            r#"{"123":{"name":"Alice","age":30},"7":{"name":"É","age":41}}"#,
            page(None, true),
            &[30.0, 41.0][..],
        ),
        ("{}", page(None, true), &[]),
        (r#" {"items": {"age": 1}, "next": {"age": 2}} "#, page(None, true), &[1.0, 2.0]),
        // Arrays, with the key inside or without one.
        (r#"[{"user_id":1,"age":18},{"age":19,"user_id":"2"}]"#, page(None, true), &[18.0, 19.0]),
        (r#"[{"age":18},{"age":18}]"#, page(None, false), &[18.0, 18.0]),
        ("[]", page(None, true), &[]),
        // Pages.
        (r#"{"items":[{"user_id":1,"age":18}],"next":"eyJ9"}"#, page(Some("eyJ9"), true), &[18.0]),
        (r#"{"count":5,"next":null,"items":[]}"#, page(None, true), &[]),
    ] {
        assert_eq!(check(text), Ok((expected, ages.to_vec())), "{text}");
    }
}

#[test]
fn what_is_no_number_counts_as_a_record_without_one() {
    let text =
        r#"{"1":{"age":null},"2":{"age":"30"},"3":{},"4":{"age":[1,{"age":2}]},"5":{"age":-0.5}}"#;
    let wanted = wanted();
    let mut table = Table::new(&wanted);
    read(text.as_bytes(), &wanted, &mut table).unwrap();
    assert_eq!((table.records(), table.numbers(0)), (5, vec![-0.5]));
}

#[test]
fn a_key_that_comes_twice_is_one_record() {
    let twice = r#"[{"user_id":1,"age":18},{"user_id":"1","age":19}]"#;
    assert_eq!(check(twice).unwrap().1, [19.0]);
}

#[test]
fn refuses_what_is_no_list() {
    for text in [
        "",
        "42",
        "\"text\"",
        "<html></html>",
        "{\"detail\":\"User not found\"}",
        "{\"users\":[{\"age\":1}]}",
        "[1,2]",
        "[{\"age\":1}",
        "[{\"age\":1}] x",
        "{\"1\":{\"age\":1}",
    ] {
        assert!(check(text).unwrap_err().starts_with("no list of records: "), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(check(&deep).unwrap_err().contains("no list of records"));
}

#[test]
fn refuses_a_record_that_would_fill_the_memory() {
    for start in [&b"{\""[..], b"[{\"age\":\"", b"[{\"", b"{\"next\":\""] {
        let wanted = wanted();
        let fault = read(
            start.chain(std::io::repeat(b'x').take(1 << 40)),
            &wanted,
            &mut Table::new(&wanted),
        );
        assert!(fault.unwrap_err().contains("larger than 4 MiB"));
    }
}

#[test]
fn many_records_share_no_budget() {
    let one = format!("{{\"age\":18,\"name\":\"{}\"}}", "x".repeat(RECORD_BYTES / 2));
    let list = format!("[{}]", [one.as_str(); 5].join(","));
    assert_eq!(check(&list).unwrap().1.len(), 5);
}

#[test]
fn a_change_is_read_like_a_record_of_the_list() {
    let record = serde_json::json!({ "user_id": 1, "name": "a", "age": 30 });
    assert_eq!(*numbers_of(&record, &wanted()), [30.0]);
    assert!(numbers_of(&Value::Null, &wanted())[0].is_nan());
    let keys = [serde_json::json!(123), serde_json::json!("123")];
    assert!(keys.iter().all(|key| key_text(key).as_deref() == Some("123")));
}
