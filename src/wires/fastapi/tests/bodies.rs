//! Bodies: ignored where the query says all, as in the original, and read as JSON where it does not.

use super::original;
use super::support::Service;

const JSON: &str = "Content-Type: application/json\r\n";
const CREATED: &str = r#"{"message":"User created successfully"}"#;

fn post(service: &Service, query: &str, headers: &str, body: &str) -> (u16, String) {
    let seen = service.ask_with("POST", &format!("/users/{query}"), headers, body);
    (seen.status, seen.body)
}

#[test]
fn takes_from_a_json_body_what_the_query_lacks() {
    let service = original();
    for (number, query, body, stored) in [
        (1, "", r#"{"user_id":1,"name":"Ada","age":36}"#, r#"{"name":"Ada","age":36}"#),
        (2, "?user_id=2", r#"{"user_id":9,"name":"B","age":"41"}"#, r#"{"name":"B","age":41}"#),
        (3, "?name=q&age=1", r#"{"user_id":3.0,"name":"x"}"#, r#"{"name":"q","age":1}"#),
        (
            4,
            "",
            r#"{"user_id":4,"name":"\u00e9","age":1,"age":2,"x":[]}"#,
            r#"{"name":"é","age":2}"#,
        ),
        (5, "?user_id=5&name=a&age=1", "{broken", r#"{"name":"a","age":1}"#),
        (6, "?user_id=6&name=a&age=1", r#"{"age":"x"}"#, r#"{"name":"a","age":1}"#),
    ] {
        assert_eq!(post(&service, query, JSON, body), (200, CREATED.to_owned()), "{query} {body}");
        assert_eq!(service.ask("GET", &format!("/users/{number}")).body, stored);
    }
    let seen = service.ask_with("PUT", "/users/1", JSON, r#"{"name":"C","age":3,"user_id":7}"#);
    assert_eq!(seen.body, r#"{"message":"User updated successfully"}"#);
    assert_eq!(service.ask("GET", "/users/1").body, r#"{"name":"C","age":3}"#);
}

#[test]
fn tells_what_is_wrong_in_a_body() {
    let service = original();
    let entry = |kind: &str, name: &str, message: &str, input: &str| {
        format!(r#"{{"type":"{kind}","loc":["body","{name}"],"msg":"{message}","input":{input}}}"#)
    };
    for (body, entries) in [
        (
            r#"{"user_id":1.5,"name":5,"age":[1]}"#,
            [
                entry(
                    "int_from_float",
                    "user_id",
                    "Input should be a valid integer, got a number with a fractional part",
                    "1.5",
                ),
                entry("string_type", "name", "Input should be a valid string", "5"),
                entry("int_type", "age", "Input should be a valid integer", "[1]"),
            ],
        ),
        (
            r#"{"user_id":99999999999999999999,"name":null,"age":"x"}"#,
            [
                entry(
                    "int_parsing_size",
                    "user_id",
                    "Unable to parse input string as an integer, exceeded maximum size",
                    "99999999999999999999",
                ),
                entry("string_type", "name", "Input should be a valid string", "null"),
                entry(
                    "int_parsing",
                    "age",
                    "Input should be a valid integer, unable to parse string as an integer",
                    "\"x\"",
                ),
            ],
        ),
    ] {
        let expected = format!("{{\"detail\":[{}]}}", entries.join(","));
        assert_eq!(post(&service, "", JSON, body), (422, expected), "{body}");
    }
}

#[test]
fn misses_everything_where_a_body_cannot_fill_in() {
    let service = original();
    let missing = |names: &[&str]| {
        let entries = names.iter().map(|name| {
            format!(r#"{{"type":"missing","loc":["query","{name}"],"msg":"Field required","input":null}}"#)
        });
        entries.collect::<Vec<_>>().join(",")
    };
    let all = missing(&["user_id", "name", "age"]);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (headers, body) in [
        (form, "user_id=1&name=a&age=1"),
        ("", r#"{"user_id":1,"name":"a","age":1}"#),
        ("Content-Type: text/plain\r\n", r#"{"user_id":1,"name":"a","age":1}"#),
        (JSON, ""),
        (JSON, "[1]"),
        (JSON, "null"),
        (JSON, "{}"),
    ] {
        let expected = (422, format!("{{\"detail\":[{all}]}}"));
        assert_eq!(post(&service, "", headers, body), expected, "{headers}{body}");
    }
    // The original never looks at a body, so it has nothing to say of one that is no JSON.
    let expected = (422, format!("{{\"detail\":[{}]}}", missing(&["user_id", "age"])));
    assert_eq!(post(&service, "?name=a", JSON, r#"{"user_id":1,"age":}"#), expected);
    let deep = format!("{{\"age\":{}", "[".repeat(100_000));
    assert_eq!(post(&service, "", JSON, &deep).0, 422);
    assert_eq!(post(&service, "", JSON, "{\"name\":\"\u{0}\"}").0, 422);
    let long = format!("{{\"age\":\"{}\"}}", "x".repeat(1 << 20));
    let (status, body) = post(&service, "", JSON, &long);
    assert!(status == 422 && body.len() < 20_000, "{}", body.len());
    assert_eq!(service.store.len(), 0);
}
