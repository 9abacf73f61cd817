//! Native functions over our values that jaq leaves to the value type.

use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Error, ValR, ValT as _};
use jaq_json::Num;

use super::super::budget;
use super::super::value::{Value, read_line};
use super::engine::Values;

pub(super) fn all() -> Vec<Fun<Values>> {
    vec![
        run(("length", v(0), |cv| bome(length(&cv.1)))),
        run(("contains", v(1), |cv| unary(cv, |left, right| Ok(contains(&left, &right).into())))),
        run(("has", v(1), |cv| unary(cv, |value, key| has(&value, &key)))),
        run(("indices", v(1), |cv| unary(cv, |value, part| indices(&value, &part)))),
        run(("bsearch", v(1), |cv| unary(cv, |value, wanted| search(&value, &wanted)))),
        run(("fromjson", v(0), |cv| bome(from_json(&cv.1)))),
        run(("tojson", v(0), |cv| bome(Ok(Value::text(cv.1.to_json()))))),
        run(("implode", v(0), |cv| bome(implode(&cv.1)))),
    ]
}

fn length(value: &Value) -> ValR<Value> {
    Ok(match value {
        Value::Null => Value::integer(0),
        Value::Bool(_) => return Err(Error::str(format!("{value} has no length"))),
        Value::Number(number) if *number < Num::Int(0) => return -value.clone(),
        Value::Number(_) => value.clone(),
        Value::Text(text) => {
            budget::spend_bytes(text.len());
            Value::integer(text.chars().count())
        }
        Value::Array(array) => Value::integer(array.items.len()),
        Value::Object(object) => Value::integer(object.entries.len()),
    })
}

fn contains(left: &Value, right: &Value) -> bool {
    budget::spend(1);
    if budget::reached().is_some() {
        return false;
    }
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            budget::spend_bytes(left.len());
            left.contains(right.as_str())
        }
        (Value::Array(left), Value::Array(right)) => {
            right.items.iter().all(|right| left.items.iter().any(|left| contains(left, right)))
        }
        (Value::Object(left), Value::Object(right)) => right
            .entries
            .iter()
            .all(|(key, right)| left.entries.get(key).is_some_and(|left| contains(left, right))),
        _ => left == right,
    }
}

fn has(value: &Value, key: &Value) -> ValR<Value> {
    match (value, key) {
        (Value::Null, _) => Ok(Value::Bool(false)),
        (Value::Object(object), Value::Text(key)) => {
            Ok(Value::Bool(object.entries.contains_key(&**key)))
        }
        (Value::Array(array), Value::Number(number)) => {
            let at = number.as_isize().and_then(|at| usize::try_from(at).ok());
            Ok(Value::Bool(at.is_some_and(|at| at < array.items.len())))
        }
        _ => Err(Error::str(format!("cannot check whether {value} has {key}"))),
    }
}

/// Positions of a part: counted in characters for strings, as in jq.
fn indices(value: &Value, part: &Value) -> ValR<Value> {
    match (value, part) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Text(text), Value::Text(part)) if part.is_empty() => {
            budget::spend_bytes(text.len());
            Ok(Value::array(Vec::new()))
        }
        (Value::Text(text), Value::Text(part)) => {
            budget::spend_bytes(text.len());
            let starts = text.char_indices().map(|(at, _)| at).enumerate();
            let here = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with(&**part));
            Ok(starts.filter(|(_, at)| here(*at)).map(|(count, _)| Value::integer(count)).collect())
        }
        (Value::Array(_), Value::Array(_)) => value.clone().index(part),
        (Value::Array(array), _) => {
            let found = array.items.iter().enumerate().filter(|(_, item)| *item == part);
            Ok(found.map(|(at, _)| Value::integer(at)).collect())
        }
        _ => Err(Error::str(format!("cannot look for {part} in {value}"))),
    }
}

fn search(value: &Value, wanted: &Value) -> ValR<Value> {
    let Value::Array(array) = value else {
        return Err(Error::typ(value.clone(), "array"));
    };
    Ok(match array.items.binary_search(wanted) {
        Ok(at) => Value::integer(at),
        Err(at) => Value::from(-1 - isize::try_from(at).unwrap_or(isize::MAX - 1)),
    })
}

fn from_json(value: &Value) -> ValR<Value> {
    let Value::Text(text) = value else {
        return Err(Error::typ(value.clone(), "string"));
    };
    read_line(text.as_bytes()).map_err(|reason| Error::str(format!("{value}: {reason}")))
}

fn implode(value: &Value) -> ValR<Value> {
    let Value::Array(array) = value else {
        return Err(Error::typ(value.clone(), "array"));
    };
    let character = |item: &Value| {
        let Value::Number(number) = item else { return None };
        char::from_u32(u32::try_from(number.as_isize()?).ok()?)
    };
    budget::spend(array.items.len() / 16);
    let characters = array.items.iter().map(|item| {
        character(item).ok_or_else(|| Error::str(format!("cannot use {item} as a character")))
    });
    Ok(Value::text(characters.collect::<Result<String, _>>()?))
}
