//! What a merge patch (RFC 7396) makes of a record.

use crate::formats::json::{Scanner, write_text};
use crate::resource::{FaultKind, FieldFault, FieldKind, Record, Schema, Value, embedded};
use indexmap::IndexMap;
use std::borrow::Cow;

/// The members of an object in the order in which they are written, each value's text untouched; `None` is one that
/// was taken away.
type Members<'a> = IndexMap<Cow<'a, str>, Option<Cow<'a, str>>>;

/// Sets these fields, which `validate::patch` has checked: null clears, JSON is merged, anything else replaces.
pub fn apply(
    schema: &Schema,
    record: &Record,
    changes: &[(usize, Value)],
) -> Result<Record, Vec<FieldFault>> {
    let mut values = record.values().to_vec();
    values.resize(schema.fields.len(), Value::Null);
    let mut faults = Vec::new();
    for (position, change) in changes {
        let Some(field) = schema.fields.get(*position) else { continue };
        let merged = match (&field.kind, change) {
            (FieldKind::Json, Value::Json(patch)) => merge(&values[*position], patch),
            _ => Ok(change.clone()),
        };
        match merged {
            Ok(value) => values[*position] = value,
            Err(kind) => faults.push(FieldFault { field: field.name.clone(), kind, input: None }),
        }
    }
    if faults.is_empty() { Ok(Record::new(values)) } else { Err(faults) }
}

fn merge(target: &Value, patch: &str) -> Result<Value, FaultKind> {
    let target = match target {
        Value::Json(text) => text,
        _ => "null",
    };
    let merged = merge_text(target, patch).map_err(FaultKind::Malformed)?;
    if merged.len() > embedded::MAX_BYTES {
        return Err(FaultKind::TooLong { maximum: embedded::MAX_BYTES as u64 });
    }
    Ok(Value::Json(merged.into()))
}

/// What is not touched keeps its bytes: no number loses digits.
fn merge_text<'a>(target: &'a str, patch: &'a str) -> Result<String, String> {
    if !patch.starts_with('{') {
        return Ok(patch.to_owned());
    }
    let mut merged = if target.starts_with('{') { members(target)? } else { Members::new() };
    for (name, change) in members(patch)? {
        let change = change.as_deref().unwrap_or("null");
        let value = if change == "null" {
            None
        } else {
            let before = merged.get(&name).and_then(Option::as_deref).unwrap_or("null");
            Some(Cow::Owned(merge_text(before, change)?))
        };
        merged.insert(name, value);
    }
    Ok(written(&merged))
}

fn members(object: &str) -> Result<Members<'_>, String> {
    let mut scanner = Scanner::new(object.as_bytes())?;
    let mut members = Members::new();
    scanner.enter()?;
    while scanner.next_item(members.is_empty(), b'}')? {
        let name = scanner.key()?.decode();
        let start = scanner.position();
        scanner.skip()?;
        members.insert(name, Some(Cow::Borrowed(scanner.slice(start))));
    }
    Ok(members)
}

fn written(members: &Members<'_>) -> String {
    let mut out = vec![b'{'];
    for (name, value) in members.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        if out.len() > 1 {
            out.push(b',');
        }
        write_text(name, &mut out);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Field, FieldLimits};

    fn merged(target: &str, patch: &str) -> String {
        merge_text(target, patch).unwrap()
    }

    #[test]
    fn merges_as_rfc_7396_shows() {
        // The appendix of the RFC.
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merged(target, patch), result, "{target} {patch}");
        }
    }

    #[test]
    fn what_is_not_touched_keeps_every_digit() {
        let target = r#"{"big":123456789012345678901234567890,"f":1.50}"#;
        assert_eq!(merged(target, r#"{"f":null}"#), r#"{"big":123456789012345678901234567890}"#);
    }

    #[test]
    fn null_clears_and_a_json_field_that_grows_too_large_is_a_fault() {
        let field = |name: &str, kind| Field {
            name: name.to_owned(),
            kind,
            is_required: false,
            default: None,
            is_unique: false,
            is_indexed: false,
            limits: FieldLimits::default(),
        };
        let schema = Schema {
            name: "things".into(),
            fields: vec![field("id", FieldKind::Integer), field("more", FieldKind::Json)],
            key: 0,
            key_is_generated: false,
        };
        let record = Record::new(vec![Value::Integer(1), Value::Json(r#"{"a":1}"#.into())]);
        let cleared = apply(&schema, &record, &[(1, Value::Null)]).unwrap();
        assert_eq!(cleared.value(1), &Value::Null);
        let large = format!(r#"{{"b":"{}"}}"#, "x".repeat(embedded::MAX_BYTES - 10));
        let faults = apply(&schema, &record, &[(1, Value::Json(large.into()))]).unwrap_err();
        assert_eq!(faults[0].field, "more");
        assert!(matches!(faults[0].kind, FaultKind::TooLong { .. }));
    }
}
