//! Reads what a client sent into a record, strictly, and tells everything that is wrong with it at once. The work and
//! the memory are bounded by the body's size, whatever is in it.

use crate::core::words::nearest;
use crate::formats::json::{Kind, Scanner};
use crate::resource::embedded::{self, MAX_DEPTH};
use crate::resource::limits::{faults, key_fault};
use crate::resource::values::{input, read};
use crate::resource::{FaultKind, Field, FieldFault, FieldKind, Key, Record, Schema, Value};

pub use crate::resource::limits::check;

/// Faults that one body is told; nobody reads more.
pub const MAX_FAULTS: usize = 100;

/// Letters of a name for which a nearest word is looked for.
const LONGEST_NAME: usize = 64;

/// What the body's surroundings ask of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The store can keep a NUL character.
    pub keeps_nul: bool,
    /// Members that are no fields are passed over.
    pub ignores_unknown: bool,
    /// The key of the path: the body may leave it out, or must have the same.
    pub key: Option<Key>,
}

/// What was given for a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Nothing,
    /// Something whose fault was told already.
    Broken,
    /// Of the field's type, or null.
    Value(Value),
}

/// Reads the whole body as one record.
pub fn record(schema: &Schema, body: &[u8], rules: &Rules) -> Result<Record, Vec<FieldFault>> {
    let (given, mut found) = members(schema, body, rules)?;
    match complete(schema, given, rules) {
        Ok(record) if found.is_empty() => Ok(record),
        Ok(_) => Err(sorted(schema, found)),
        Err(more) => {
            found.extend(more);
            Err(sorted(schema, found))
        }
    }
}

/// Makes a record of what was given for each field of the schema, however it was read: defaults, nulls, the key, and
/// all limits. For what is broken the caller has the fault, so the faults may be none.
pub fn complete(
    schema: &Schema,
    given: Vec<Given>,
    rules: &Rules,
) -> Result<Record, Vec<FieldFault>> {
    let mut found = Vec::new();
    let mut values = Vec::with_capacity(schema.fields.len());
    let mut is_broken = false;
    let given = given.into_iter().chain(std::iter::repeat(Given::Nothing));
    for ((position, field), given) in schema.fields.iter().enumerate().zip(given) {
        let value = match given {
            Given::Broken => {
                is_broken = true;
                continue;
            }
            given if position == schema.key => key_value(schema, given, rules),
            given => field_value(field, given),
        };
        match value {
            Ok(value) => {
                let is_key = position == schema.key;
                for kind in value_faults(field, &value, rules, is_key) {
                    found.push(fault(field, kind, Some(&value)));
                }
                values.push(value);
            }
            Err((kind, value)) => found.push(fault(field, kind, value.as_ref())),
        }
    }
    if found.is_empty() && !is_broken { Ok(Record::new(values)) } else { Err(found) }
}

/// Reads the body of a merge patch (RFC 7396): which fields become what, null for those that are cleared.
pub fn patch(
    schema: &Schema,
    body: &[u8],
    rules: &Rules,
) -> Result<Vec<(usize, Value)>, Vec<FieldFault>> {
    let (given, mut found) = members(schema, body, rules)?;
    let mut changes = Vec::new();
    for (position, given) in given.into_iter().enumerate() {
        let (Given::Value(value), Some(field)) = (given, schema.fields.get(position)) else {
            continue;
        };
        if position == schema.key {
            if rules.key.is_none() || rules.key != Key::from_value(&value) {
                found.push(fault(field, FaultKind::KeyMismatch, Some(&value)));
            }
            continue;
        }
        if value.is_null() && field.is_required {
            let kind = FaultKind::WrongType { expected: field.kind.name() };
            found.push(fault(field, kind, Some(&value)));
        }
        for kind in faults(field, &value, rules.keeps_nul) {
            found.push(fault(field, kind, Some(&value)));
        }
        changes.push((position, value));
    }
    if found.is_empty() { Ok(changes) } else { Err(sorted(schema, found)) }
}

/// The value of the key; the other side of the answer has what was sent.
fn key_value(
    schema: &Schema,
    given: Given,
    rules: &Rules,
) -> Result<Value, (FaultKind, Option<Value>)> {
    let kind = &schema.key_field().kind;
    match (given, &rules.key) {
        (Given::Value(value), Some(key)) if Key::from_value(&value).as_ref() != Some(key) => {
            Err((FaultKind::KeyMismatch, Some(value)))
        }
        (_, Some(key)) => Ok(key.to_value()),
        (Given::Value(value), None) if !value.is_null() => Ok(value),
        _ if schema.key_is_generated && *kind == FieldKind::Uuid => {
            Ok(Value::Uuid(uuid::Uuid::now_v7().as_u128()))
        }
        _ if schema.key_is_generated => Ok(Value::Null),
        (Given::Value(null), None) => {
            Err((FaultKind::WrongType { expected: kind.name() }, Some(null)))
        }
        _ => Err((FaultKind::Missing, None)),
    }
}

fn field_value(field: &Field, given: Given) -> Result<Value, (FaultKind, Option<Value>)> {
    match given {
        Given::Value(Value::Null) if field.is_required => {
            Err((FaultKind::WrongType { expected: field.kind.name() }, Some(Value::Null)))
        }
        Given::Value(value) => Ok(value),
        _ => match &field.default {
            Some(default) => Ok(default.clone()),
            None if field.is_required => Err((FaultKind::Missing, None)),
            None => Ok(Value::Null),
        },
    }
}

fn value_faults(field: &Field, value: &Value, rules: &Rules, is_key: bool) -> Vec<FaultKind> {
    let found = faults(field, value, rules.keeps_nul);
    if !is_key || !found.is_empty() {
        return found;
    }
    key_fault(value).into_iter().collect()
}

fn fault(field: &Field, kind: FaultKind, value: Option<&Value>) -> FieldFault {
    FieldFault { field: field.name.clone(), kind, input: value.map(input::of_value) }
}

/// A fault of the body as a whole.
fn whole(kind: FaultKind) -> Vec<FieldFault> {
    vec![FieldFault { field: String::new(), kind, input: None }]
}

/// In the order of the schema, and what belongs to no field behind; at most `MAX_FAULTS`.
pub(in crate::resource) fn sorted(schema: &Schema, mut found: Vec<FieldFault>) -> Vec<FieldFault> {
    found.sort_by_key(|fault| schema.position(&fault.field).unwrap_or(usize::MAX));
    found.truncate(MAX_FAULTS);
    found
}

type Members = (Vec<Given>, Vec<FieldFault>);

/// What the body gives for each field, and what is wrong with its members; a body that is no JSON object is the only
/// fault there is.
fn members(schema: &Schema, body: &[u8], rules: &Rules) -> Result<Members, Vec<FieldFault>> {
    let malformed = |reason: String| whole(FaultKind::Malformed(reason));
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed("the body is empty".to_owned()));
    }
    let mut scanner = Scanner::new(body).map_err(malformed)?.with_max_depth(MAX_DEPTH);
    let is_object = scanner.kind().map_err(malformed)? == Kind::Object;
    let mut given = vec![Given::Nothing; schema.fields.len()];
    let mut found = Vec::new();
    let result = if is_object {
        object(schema, rules, &mut scanner, (&mut given, &mut found))
    } else {
        scanner.skip()
    };
    result.and_then(|()| scanner.end()).map_err(malformed)?;
    if !is_object {
        return Err(whole(FaultKind::WrongType { expected: "object" }));
    }
    Ok((given, found))
}

fn object(
    schema: &Schema,
    rules: &Rules,
    scanner: &mut Scanner<'_>,
    (given, found): (&mut [Given], &mut Vec<FieldFault>),
) -> Result<(), String> {
    scanner.enter()?;
    let mut is_first = true;
    while scanner.next_item(is_first, b'}')? {
        is_first = false;
        let name = scanner.key()?;
        let start = scanner.position();
        // Half of a surrogate pair becomes a character that no field's name has.
        let name = name.decode();
        let position = schema.position(&name);
        let Some((field, place)) = position
            .and_then(|position| Some((schema.fields.get(position)?, given.get_mut(position)?)))
        else {
            scanner.skip()?;
            if !rules.ignores_unknown && found.len() < MAX_FAULTS {
                found.push(unknown(schema, &name, scanner.slice(start)));
            }
            continue;
        };
        let value = read::checked(&field.kind, scanner)?.and_then(compacted);
        let value = match place {
            Given::Nothing => value,
            Given::Value(_) => Err(FaultKind::Repeated),
            Given::Broken => continue,
        };
        *place = match value {
            Ok(value) => Given::Value(value),
            Err(kind) => {
                let input = Some(input::of_json(scanner.slice(start)));
                found.push(FieldFault { field: field.name.clone(), kind, input });
                Given::Broken
            }
        };
    }
    Ok(())
}

fn compacted(value: Value) -> Result<Value, FaultKind> {
    match value {
        Value::Json(text) => embedded::compact(&text).map(Value::Json),
        value => Ok(value),
    }
}

fn unknown(schema: &Schema, name: &str, raw: &str) -> FieldFault {
    let names = schema.fields.iter().map(|field| field.name.as_str());
    let nearest = if name.len() <= LONGEST_NAME { nearest(name, names) } else { None };
    FieldFault {
        field: input::beginning(name),
        kind: FaultKind::Unknown { nearest: nearest.map(str::to_owned) },
        input: Some(input::of_json(raw)),
    }
}
