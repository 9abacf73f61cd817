//! `kinds --schema`: the built-in stacks are valid by it, and what `check` refuses for its shape is not.

use crate::support::{anywhere, here};
use headwater::stack::node::{self, Node, Yaml};
use serde_json::{Map, Value};

/// Whether a value fits a schema, as far as the keywords that ours uses go; any other keyword panics.
fn fits(schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().unwrap();
    keywords.iter().all(|(keyword, wanted)| match keyword.as_str() {
        "$schema" | "title" | "description" | "default" => true,
        "type" => is_type(wanted, value),
        "const" => wanted == value,
        "enum" => wanted.as_array().unwrap().contains(value),
        "anyOf" => wanted.as_array().unwrap().iter().any(|one| fits(one, value)),
        "oneOf" => wanted.as_array().unwrap().iter().filter(|one| fits(one, value)).count() == 1,
        "not" => !fits(wanted, value),
        "dependentSchemas" => value.as_object().is_none_or(|fields| {
            let rules = wanted.as_object().unwrap();
            rules.iter().all(|(name, rule)| !fields.contains_key(name) || fits(rule, value))
        }),
        "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| {
            regex_lite::Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(wanted, item))),
        "required" => value.as_object().is_none_or(|fields| {
            wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|name| fields.contains_key(name.as_str().unwrap()))
        }),
        "minProperties" => {
            value.as_object().is_none_or(|fields| fields.len() as u64 >= wanted.as_u64().unwrap())
        }
        "maxProperties" => {
            value.as_object().is_none_or(|fields| fields.len() as u64 <= wanted.as_u64().unwrap())
        }
        "properties" => value.as_object().is_none_or(|fields| {
            let known = wanted.as_object().unwrap();
            fields.iter().all(|(name, field)| known.get(name).is_none_or(|one| fits(one, field)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|fields| {
            let known = keywords.get("properties").and_then(Value::as_object);
            let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
            fields.iter().filter(|(name, _)| !is_known(name)).all(|(_, field)| match wanted {
                Value::Bool(allowed) => *allowed,
                schema => fits(schema, field),
            })
        }),
        other => panic!("the keyword {other} is not known to this test"),
    })
}

fn is_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known to this test"),
    };
    wanted.as_array().map_or_else(|| is(wanted), |all| all.iter().any(is))
}

/// The value as an editor sees it: plain scalars are numbers and truths where they look so.
fn json(node: &Node) -> Value {
    match &node.yaml {
        Yaml::Null => Value::Null,
        Yaml::Scalar { text, is_quoted: true } => Value::from(text.as_str()),
        Yaml::Scalar { text, .. } => match serde_json::from_str(text) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => Value::from(text.as_str()),
        },
        Yaml::List(items) => items.iter().map(json).collect(),
        Yaml::Map(entries) => {
            let fields: Map<String, Value> =
                entries.iter().map(|(key, value)| (key.name.clone(), json(value))).collect();
            Value::Object(fields)
        }
    }
}

fn schema() -> Value {
    let ran = anywhere(&["kinds", "--schema"]);
    assert_eq!(ran.code, 0);
    serde_json::from_str(&ran.out).unwrap()
}

fn is_valid(schema: &Value, text: &str) -> bool {
    fits(schema, &json(&node::parse(text).unwrap()))
}

#[test]
fn every_stack_that_is_built_fits() {
    let schema = schema();
    for name in ["users", "random-file", "shared-data", "numbers", "cached-users"] {
        let text = anywhere(&["stacks", "show", name]).out;
        assert!(is_valid(&schema, &text), "{name} does not fit its schema");
    }
}

#[test]
fn the_example_of_every_kind_fits() {
    let schema = schema();
    let kinds: Value = serde_json::from_str(&anywhere(&["kinds", "--json"]).out).unwrap();
    for kind in kinds.as_array().unwrap() {
        let example = kind["example"].as_str().unwrap();
        let (source, step, sink) = match kind["role"].as_str().unwrap() {
            "source" => (example, "summarise", "drop: {}"),
            "step" => ("stdin: {}", example, "drop: {}"),
            "panel" => {
                let view = format!("view: {{ from: \"http://localhost/\", panels: [{example}] }}");
                let text = format!("stack: test\nservices:\n  page: {{ listen: 1, {view} }}\n");
                assert!(is_valid(&schema, &text), "{text}");
                continue;
            }
            _ => ("stdin: {}", "summarise", example),
        };
        let text = format!(
            "stack: test\nservices:\n  pipe:\n    source:\n      {source}\n    steps:\n      - {step}\n    sink:\n      {sink}\n"
        );
        assert!(is_valid(&schema, &text), "{text}");
    }
}

#[test]
fn what_check_refuses_for_its_shape_does_not_fit() {
    let schema = schema();
    for name in [
        "unknown-key-top-far",
        "view-wrong",
        "unknown-key-service",
        "unknown-key-option",
        "unknown-key-route",
        "unknown-key-no-options",
        "choice-wrong",
        "options-apart",
        "required-missing",
        "kind-unknown",
        "kinds-two",
        "stack-name-missing",
        "services-missing",
        "steps-not-a-list",
        "type-wrong",
    ] {
        let text = std::fs::read_to_string(here(&format!("mistakes/{name}.yaml"))).unwrap();
        assert!(!is_valid(&schema, &text), "{name} fits");
    }
}
