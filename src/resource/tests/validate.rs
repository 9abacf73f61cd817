//! Bodies of clients: what is taken, what is told about the others.

use super::{every_kind, field, record, users};
use crate::resource::validate::{self, MAX_FAULTS, Rules};
use crate::resource::{FaultKind, FieldFault, FieldKind, Key, Record, Schema, Value, json};
use proptest::prelude::*;

fn read(body: &str) -> Result<Record, Vec<FieldFault>> {
    validate::record(&users(), body.as_bytes(), &Rules::default())
}

/// Each fault as `field: kind`, short enough to compare.
pub fn told(faults: &[FieldFault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{}: {}", fault.field, short(&fault.kind))).collect()
}

fn short(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Unknown { nearest: Some(nearest) } => format!("unknown, {nearest}?"),
        FaultKind::WrongType { expected } => format!("wants {expected}"),
        FaultKind::Malformed(reason) => reason.clone(),
        other => {
            let text = format!("{other:?}");
            text.split([' ', '{']).next().unwrap().to_owned()
        }
    }
}

fn faults(body: &str) -> Vec<String> {
    told(&read(body).unwrap_err())
}

#[test]
fn takes_a_record_with_defaults_and_nulls() {
    let record = read(r#" {"age": 30.0, "id": 7, "name": "\u00e9va", "score": 3} "#).unwrap();
    let expected = [
        Value::Integer(7),
        Value::text("éva"),
        Value::Integer(30),
        Value::text("red"),
        Value::Float(3.0),
        Value::Null,
    ];
    assert_eq!(record.values(), expected);
    let body = r#"{"id":7,"name":"eva","age":1,"colour":null,"more":{ "a" : [ 1, 2 ] }}"#;
    let record = read(body).unwrap();
    assert_eq!(record.value(3), &Value::Null);
    assert_eq!(record.value(5), &Value::Json("{\"a\":[1,2]}".into()));
}

#[test]
fn tells_everything_at_once_in_the_order_of_the_schema() {
    let body = r#"{"nmae":"x","score":"1","more":{"a":1,"a":2},"age":14.5,"colour":"blue"}"#;
    assert_eq!(
        faults(body),
        [
            "id: Missing",
            "name: Missing",
            "age: wants integer",
            "colour: Choice",
            "score: wants float",
            "more: Repeated",
            "nmae: unknown, name?",
        ]
    );
    let body = r#"{"id":1,"name":"X","age":-1,"id":2,"id":3,"\u0061ge":5}"#;
    let expected = ["id: Repeated", "name: TooShort", "name: Pattern", "age: Repeated"];
    assert_eq!(faults(body), expected);
    let body = r#"{"id":1,"name":"abcdef","age":151}"#;
    assert_eq!(faults(body), ["name: TooLong", "age: TooLarge"]);
}

#[test]
fn numbers_are_exact_or_refused() {
    let number = |text: &str| {
        read(&format!(r#"{{"id":{text},"name":"eva","age":1}}"#))
            .map(|record| record.values()[0].clone())
    };
    assert_eq!(number("9007199254740993.0"), Ok(Value::Integer(9_007_199_254_740_993)));
    assert_eq!(number("-9223372036854775808"), Ok(Value::Integer(i64::MIN)));
    for huge in ["9223372036854775808", "1e400", "123456789012345678901234567890"] {
        let found = number(huge).unwrap_err();
        assert_eq!(told(&found), ["id: OutOfRange"], "{huge}");
        assert_eq!(found[0].input, Some(huge.into()), "every digit is shown");
    }
    let body = r#"{"id":1,"name":"eva","age":1,"score":1e400,"more":[1e400]}"#;
    assert_eq!(faults(body), ["score: OutOfRange", "more: OutOfRange"]);
    for wrong in ["\"7\"", "true", "[7]", "{}", "7.5", "null"] {
        assert_eq!(told(&number(wrong).unwrap_err()), ["id: wants integer"], "{wrong}");
    }
}

#[test]
fn what_is_no_json_object_is_one_fault() {
    let deep = format!(r#"{{"more":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    for (body, reason) in [
        ("", "the body is empty"),
        (" \n", "the body is empty"),
        ("{\"id\":1", "not JSON: expected `,` or `}` at byte 8, found the end"),
        ("{\"id\":1}x", "not JSON: expected the end of the record at byte 9, found `x`"),
        ("{\"id\":01}", "not JSON: expected `,` or `}` at byte 8, found `1`"),
        ("{\"id\":NaN}", "not JSON: expected a value at byte 7, found `N`"),
        ("\u{feff}{}", "not JSON: expected a value at byte 1, found `\u{feff}`"),
        (&deep, "the record is nested deeper than 64 levels"),
    ] {
        assert_eq!(faults(body), [format!(": {reason}")]);
    }
    for body in ["[]", "null", "7", "\"a\"", "[{\"id\":1}]"] {
        assert_eq!(faults(body), [": wants object"]);
    }
    let found = validate::record(&users(), b"{\"id\":\"\xff\"}", &Rules::default()).unwrap_err();
    assert_eq!(told(&found), [": not JSON: bad UTF-8 at byte 8"]);
}

#[test]
fn lone_surrogates_and_nul_are_faults_of_their_field() {
    let body = r#"{"id":1,"name":"a\ud800","age":1,"more":{"\udc00":1}}"#;
    let half = "half of a surrogate pair is no character";
    assert_eq!(faults(body), [format!("name: {half}"), format!("more: {half}")]);
    let mut schema = users();
    schema.fields[1].limits = crate::resource::FieldLimits::default();
    let body = br#"{"id":1,"name":"a\u0000","age":1,"more":["\u0000"]}"#;
    let found = validate::record(&schema, body, &Rules::default()).unwrap_err();
    assert_eq!(told(&found), ["name: Nul", "more: Nul"]);
    let keeps = Rules { keeps_nul: true, ..Rules::default() };
    assert_eq!(validate::record(&schema, body, &keeps).unwrap().value(1), &Value::text("a\0"));
}

#[test]
fn the_key_of_the_path_rules() {
    let rules = Rules { key: Some(Key::Integer(7)), ..Rules::default() };
    let read = |body: &str| validate::record(&users(), body.as_bytes(), &rules);
    assert_eq!(read(r#"{"name":"eva","age":1}"#).unwrap().value(0), &Value::Integer(7));
    assert_eq!(read(r#"{"id":7.0,"name":"eva","age":1}"#).unwrap().value(0), &Value::Integer(7));
    for id in ["8", "null"] {
        let body = format!(r#"{{"id":{id},"name":"eva","age":1}}"#);
        assert_eq!(told(&read(&body).unwrap_err()), ["id: KeyMismatch"]);
    }
}

fn keyed(kind: FieldKind) -> Schema {
    let fields = vec![field("id", kind)];
    Schema { name: "things".into(), fields, key: 0, key_is_generated: true }
}

#[test]
fn a_key_can_be_made_here_or_by_the_store() {
    let rules = Rules::default();
    let integer = keyed(FieldKind::Integer);
    assert_eq!(validate::record(&integer, b"{}", &rules).unwrap().value(0), &Value::Null);
    let given = validate::record(&integer, b"{\"id\":5}", &rules).unwrap();
    assert_eq!(given.value(0), &Value::Integer(5));
    let uuid = keyed(FieldKind::Uuid);
    let mut last = 0;
    for body in ["{}", "{\"id\":null}"] {
        let record = validate::record(&uuid, body.as_bytes(), &rules).unwrap();
        let Value::Uuid(made) = record.value(0) else { panic!("no uuid") };
        assert_eq!(uuid::Uuid::from_u128(*made).get_version_num(), 7);
        assert!(*made > last, "later ones are larger");
        last = *made;
    }
}

#[test]
fn a_text_key_is_neither_empty_nor_endless() {
    let mut schema = keyed(FieldKind::Text);
    schema.key_is_generated = false;
    let read = |id: &str| {
        let body = format!("{{\"id\":\"{id}\"}}");
        validate::record(&schema, body.as_bytes(), &Rules::default()).map_err(|found| told(&found))
    };
    assert!(read(&"é".repeat(512)).is_ok());
    assert_eq!(read(&"é".repeat(513)), Err(vec!["id: TooLong".to_owned()]));
    assert_eq!(read(""), Err(vec!["id: TooShort".to_owned()]));
}

#[test]
fn patches_hold_what_changes_and_nothing_else() {
    let rules = Rules { key: Some(Key::Integer(7)), ..Rules::default() };
    let read = |body: &str| validate::patch(&users(), body.as_bytes(), &rules);
    let changes = read(r#"{"age":31,"id":7,"more":{"a":null},"score":null}"#).unwrap();
    let expected =
        [(2, Value::Integer(31)), (4, Value::Null), (5, Value::Json("{\"a\":null}".into()))];
    assert_eq!(changes, expected);
    assert_eq!(read("{}"), Ok(vec![]));
    let found = read(r#"{"id":8,"name":null,"age":"x","colour":"blue","agee":1}"#).unwrap_err();
    assert_eq!(
        told(&found),
        [
            "id: KeyMismatch",
            "name: wants text",
            "age: wants integer",
            "colour: Choice",
            "agee: unknown, age?",
        ]
    );
}

#[test]
fn unknown_members_can_be_passed_over() {
    let rules = Rules { ignores_unknown: true, ..Rules::default() };
    let body = br#"{"id":1,"name":"eva","age":1,"other":[{}],"other":2}"#;
    assert!(validate::record(&users(), body, &rules).is_ok());
}

#[test]
fn a_hostile_body_is_told_a_bounded_answer() {
    let name = "x".repeat(10_000);
    let members: Vec<String> = (0..10_000).map(|i| format!("\"{name}{i}\":\"{name}\"")).collect();
    let body = format!("{{\"id\":\"{name}\",{}}}", members[..200].join(","));
    let found = read(&body).unwrap_err();
    assert_eq!(found.len(), MAX_FAULTS);
    assert_eq!(told(&found)[..3], ["id: wants integer", "name: Missing", "age: Missing"]);
    let shown: usize = found
        .iter()
        .map(|fault| {
            fault.field.len() + fault.input.as_ref().map_or(0, |input| input.to_string().len())
        })
        .sum();
    assert!(shown < 50_000, "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn takes_what_we_write(record in record()) {
        let mut body = Vec::new();
        json::append_record(&mut body, &every_kind(), &record);
        let rules = Rules { keeps_nul: true, ..Rules::default() };
        prop_assert_eq!(validate::record(&every_kind(), &body, &rules), Ok(record));
    }

    #[test]
    fn never_panics_on_bytes(body in any::<Vec<u8>>()) {
        drop(validate::record(&users(), &body, &Rules::default()));
        drop(validate::patch(&users(), &body, &Rules::default()));
    }

    #[test]
    fn never_panics_on_nearly_right_bodies(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"id\"", "\"more\"", "\"score\"", "\"age\"", "1", "-1.5e3",
            "\"\\ud800\"", "\"\\u0000\"", "null", "true", "1e999", "\"x\"", " ", "\"\\",
        ]), 0..24),
        is_object in any::<bool>(),
    ) {
        let text = parts.concat();
        let body = if is_object { format!("{{{text}}}") } else { text };
        let result = validate::record(&users(), body.as_bytes(), &Rules::default());
        let is_object = serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|tree| tree.is_object());
        // Whatever is taken is JSON for everybody; numbers too large for a tree are refused as well.
        prop_assert!(result.is_err() || is_object, "{}", body);
    }
}
