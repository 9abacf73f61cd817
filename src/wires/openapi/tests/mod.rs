//! Documents as golden files, and what must hold of every document.

use super::document::of;
use super::subject::Subject;
use super::{example, field};
use crate::resource::validate::{Rules, record};
use crate::resource::{
    Access, Field, FieldKind, FieldLimits, Pattern, Schema, Secret, Value, Wire,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

fn plain(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

fn schema(name: &str, fields: Vec<Field>) -> Schema {
    Schema { name: name.to_owned(), fields, key: 0, key_is_generated: false }
}

fn users() -> Schema {
    let age = plain("age", FieldKind::Integer);
    let fields = vec![plain("user_id", FieldKind::Integer), plain("name", FieldKind::Text), age];
    schema("users", fields)
}

fn cached_users() -> Schema {
    let mut name = plain("name", FieldKind::Text);
    (name.limits.min_length, name.limits.max_length) = (Some(1), Some(100));
    schema("users", vec![name, plain("info", FieldKind::Text)])
}

/// Every kind of field, and everything that can be said of one.
fn everything() -> Schema {
    let mut code = plain("code", FieldKind::Text);
    code.is_unique = true;
    code.limits.pattern = Some(Pattern::new("[A-Z]{3}-[0-9]{2,6}").unwrap());
    let mut amount = plain("amount", FieldKind::Integer);
    (amount.limits.minimum, amount.limits.maximum) = (Some(100.0), Some(2000.0));
    let mut ratio = plain("ratio", FieldKind::Float);
    ratio.limits.maximum = Some(0.5);
    ratio.is_required = false;
    let mut state = plain("state", FieldKind::Choice(vec!["open".into(), "closed".into()]));
    state.default = Some(Value::text("open"));
    state.is_required = false;
    let mut note = plain("note", FieldKind::Text);
    note.is_required = false;
    note.limits.pattern = Some(Pattern::new("(?i)[a-z ]*").unwrap());
    let mut seen = plain("seen_at", FieldKind::Time);
    seen.is_required = false;
    seen.is_indexed = true;
    let mut more = plain("more", FieldKind::Json);
    more.is_required = false;
    let reference = plain("reference", FieldKind::Uuid);
    let active = plain("is_active", FieldKind::Boolean);
    let id = plain("id", FieldKind::Integer);
    let fields = vec![id, code, amount, ratio, state, note, seen, more, reference, active];
    Schema { key_is_generated: true, ..schema("order_lines", fields) }
}

fn places() -> Schema {
    schema("places", vec![plain("name", FieldKind::Text), plain("area", FieldKind::Float)])
}

fn subject<'s>(path: &'s str, schema: &'s Schema, wire: Wire, access: &'s Access) -> Subject<'s> {
    Subject { path, schema, wire, access, has_cache: false, keeps_nul: true }
}

/// The documents of all wires, each by the name of its golden file.
fn documents() -> Vec<(&'static str, Json)> {
    let open = Access::default();
    let secret = |text: &str| Some(Secret(text.to_owned()));
    let guarded = Access { read: secret("r"), write: secret("w"), ..Access::default() };
    let (users, cached_users) = (users(), cached_users());
    let (everything, places) = (everything(), places());
    let native = Subject {
        has_cache: true,
        keeps_nul: false,
        ..subject("/order-lines/", &everything, Wire::Native, &guarded)
    };
    let read =
        Subject { has_cache: true, ..subject("/user/{name}", &cached_users, Wire::Message, &open) };
    vec![
        ("users", of("api", &[subject("/users/", &users, Wire::Fastapi, &open)])),
        (
            "user-service",
            of("user-service", &[subject("/register", &cached_users, Wire::Message, &open)]),
        ),
        ("data-service", of("data-service", &[read])),
        ("native", of("everything", &[native, subject("/places", &places, Wire::Native, &open)])),
        (
            "fastapi",
            of(
                "everything",
                &[
                    Subject {
                        has_cache: true,
                        ..subject("/order-lines", &everything, Wire::Fastapi, &guarded)
                    },
                    subject("/lines", &everything, Wire::Message, &guarded),
                ],
            ),
        ),
    ]
}

/// Run with `HEADWATER_BLESS=1` to write the files anew, and then look at the difference.
#[test]
fn documents_are_as_they_were() {
    for (name, document) in documents() {
        let path = format!("src/wires/openapi/tests/{name}.json");
        let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
        if std::env::var_os("HEADWATER_BLESS").is_some() {
            #[expect(
                clippy::disallowed_methods,
                reason = "golden files are no data of the product"
            )]
            std::fs::write(&path, &text).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == known, "{path} is another now; HEADWATER_BLESS=1 writes it anew");
    }
}

/// Calls `look` with every value in a document and its path.
fn walk(value: &Json, path: &str, look: &mut impl FnMut(&str, &Json)) {
    look(path, value);
    match value {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{at}"), look);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{path}/{name}"), look);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_no_component_is_left_over() {
    for (name, document) in documents() {
        let mut used = BTreeSet::new();
        walk(&document, "", &mut |path, value| {
            if let Some(target) = value.get("$ref").and_then(Json::as_str) {
                let found = document.pointer(target.trim_start_matches('#'));
                assert!(found.is_some(), "{name}{path}: {target}");
                used.insert(target.to_owned());
            }
        });
        for (kind, entries) in document["components"].as_object().unwrap() {
            for entry in entries.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
                assert!(used.contains(&format!("#/components/{kind}/{entry}")), "{name}: {entry}");
            }
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_an_answer_for_each_trouble() {
    for (name, document) in documents() {
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{name}: {id} twice");
                let answers = operation["responses"].as_object().unwrap();
                for status in ["400", "408", "414", "431", "503"] {
                    assert!(answers.contains_key(status), "{name}: {method} {path} {status}");
                }
                assert!(!answers.contains_key("default"), "{name}: {method} {path}");
                let has_parameter = path.contains('{');
                let in_path = operation["parameters"].as_array().into_iter().flatten();
                let in_path = in_path.filter(|parameter| parameter["in"] == "path").count();
                assert_eq!(in_path, usize::from(has_parameter), "{name}: {method} {path}");
            }
        }
    }
}

#[test]
fn keeps_the_names_that_clients_were_generated_from() {
    let (_, document) = documents().swap_remove(0);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "FastAPI");
    assert_eq!(document["info"]["version"], "0.1.0");
    let id = |path: &str, method: &str| document["paths"][path][method]["operationId"].clone();
    assert_eq!(id("/health", "get"), "health_check_health_get");
    assert_eq!(id("/users/", "post"), "create_user_users__post");
    assert_eq!(id("/users/", "get"), "get_all_users_users__get");
    assert_eq!(id("/users/{user_id}", "get"), "get_user_users__user_id__get");
    assert_eq!(id("/users/{user_id}", "put"), "update_user_users__user_id__put");
    assert_eq!(id("/users/{user_id}", "delete"), "delete_user_users__user_id__delete");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("HTTPValidationError") && schemas.contains_key("ValidationError"));
}

#[test]
fn asks_for_the_tokens_that_the_routes_ask_for() {
    let secret = Some(Secret("t".to_owned()));
    let places = places();
    let read = json!([{ "ReadToken": [] }]);
    let write = json!([{ "WriteToken": [] }]);
    let both = json!([{ "ReadToken": [] }, { "WriteToken": [] }]);
    let cases = [
        (None, None, Json::Null, Json::Null, false),
        (None, secret.clone(), Json::Null, write.clone(), false),
        (secret.clone(), None, read.clone(), read, false),
        (secret.clone(), secret, both, write, true),
    ];
    for (read, write, of_get, of_put, has_403) in cases {
        let access = Access { read, write, ..Access::default() };
        let document = of("x", &[subject("/places", &places, Wire::Native, &access)]);
        let item = &document["paths"]["/places/{name}"];
        assert_eq!(item["get"]["security"], of_get);
        assert_eq!(item["put"]["security"], of_put);
        assert_eq!(item["put"]["responses"].get("401").is_some(), of_put != Json::Null);
        assert_eq!(item["put"]["responses"].get("403").is_some(), has_403);
    }
}

const PATTERNS: [&str; 5] = ["[a-z]+", "\\d{3}-\\w{2,}", "(?:ab|c)*x?", "[^a-c]{2}.*", "é+|z"];

fn limited() -> impl Strategy<Value = Field> {
    let number = prop::option::of((-1000_i32..1000, 0_i32..50));
    let length = prop::option::of((0_u64..12, 0_u64..12));
    let pattern = prop::option::of(prop::sample::select(&PATTERNS[..]));
    (0_usize..4, number, length, pattern).prop_map(|(kind, number, length, pattern)| {
        let mut field = plain("x", FieldKind::Text);
        match kind {
            0 | 1 => {
                field.kind = if kind == 0 { FieldKind::Integer } else { FieldKind::Float };
                field.limits.minimum = number.map(|(low, _)| low.into());
                field.limits.maximum = number.map(|(low, more)| (low + more).into());
            }
            2 => {
                field.limits.min_length = length.map(|(low, _)| low);
                field.limits.max_length = length.map(|(low, more)| low + more);
            }
            _ => field.limits.pattern = pattern.map(|pattern| Pattern::new(pattern).unwrap()),
        }
        field
    })
}

proptest! {
    /// Whoever sends what the page shows is not refused.
    #[test]
    fn every_example_is_a_valid_record(fields in prop::collection::vec(limited(), 1..5)) {
        let key = plain("id", FieldKind::Integer);
        let named = fields.into_iter().enumerate();
        let named = named.map(|(at, field)| Field { name: format!("field_{at}"), ..field });
        let schema = schema("things", [key].into_iter().chain(named).collect());
        let body = example::object(&schema, |_| true);
        prop_assert!(body.is_some());
        let body = body.unwrap().to_string();
        let read = record(&schema, body.as_bytes(), &Rules::default());
        prop_assert!(read.is_ok(), "{body}: {read:?}");
    }
}

#[test]
fn tells_the_limits_that_hold_and_not_only_those_of_the_stack_file() {
    let schema = everything();
    let access = Access::default();
    let subject = Subject { keeps_nul: false, ..subject("/", &schema, Wire::Native, &access) };
    let of = |name: &str| Json::Object(field::value(&subject, schema.position(name).unwrap()));
    assert_eq!(of("id")["minimum"], i64::MIN);
    assert_eq!(
        of("amount"),
        json!({
            "type": "integer", "format": "int64", "minimum": 100, "maximum": 2000,
        })
    );
    assert_eq!(
        of("code"),
        json!({
            "type": "string", "maxLength": 512, "pattern": "^(?:[A-Z]{3}-[0-9]{2,6})$",
        })
    );
    // The dialect cannot say `(?i)`; that NUL is refused it can.
    assert_eq!(of("note")["pattern"], "^[^\\u0000]*$");
    assert_eq!(of("state"), json!({ "type": "string", "enum": ["open", "closed"] }));
    let open = field::property(&subject, schema.position("ratio").unwrap());
    assert_eq!(open["type"], json!(["number", "null"]));
}
