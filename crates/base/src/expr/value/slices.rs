//! Positions and slices of arrays and strings: `.[2]`, `.[-1]`, `.[1:3]`, read and updated.

use std::sync::Arc;

use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValR, ValX};
use jaq_json::Num;

use super::super::budget;
use super::data::{Value, own_array};
use super::numbers::to_float;

/// Where an index points to; negative ones count from the end.
pub(super) fn position(number: &Num, length: usize) -> Option<usize> {
    let at = match number {
        Num::Int(_) | Num::BigInt(_) => number.as_isize()?,
        // jq rounds down; the cast keeps far away places out of reach.
        Num::Float(_) | Num::Dec(_) => to_float(number).floor() as isize,
    };
    let at = if at < 0 { length.checked_sub(at.unsigned_abs())? } else { at.unsigned_abs() };
    (at < length).then_some(at)
}

/// One end of a slice, kept between 0 and `length`.
fn end(bound: Option<&Value>, length: usize, default: usize) -> Result<usize, Error<Value>> {
    match bound {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Number(number @ (Num::Int(_) | Num::BigInt(_)))) => {
            let at = number.as_isize().unwrap_or(if *number < Num::Int(0) {
                isize::MIN
            } else {
                isize::MAX
            });
            let distance = at.unsigned_abs();
            Ok(if at < 0 { length.saturating_sub(distance) } else { distance.min(length) })
        }
        Some(other) => Err(Error::typ(other.clone(), "integer")),
    }
}

fn ends(range: &Range<&Value>, length: usize) -> Result<(usize, usize), Error<Value>> {
    let from = end(range.start, length, 0)?;
    Ok((from, end(range.end, length, length)?.max(from)))
}

/// The byte ends of a slice counted in characters.
fn text_ends(range: &Range<&Value>, text: &str) -> Result<(usize, usize), Error<Value>> {
    budget::spend_bytes(text.len());
    let (from, to) = ends(range, text.chars().count())?;
    let mut starts = text.char_indices().map(|(at, _)| at).skip(from);
    let first = starts.next().unwrap_or(text.len());
    if to == from {
        return Ok((first, first));
    }
    Ok((first, starts.nth(to - from - 1).unwrap_or(text.len())))
}

pub(super) fn slice(value: &Value, range: &Range<&Value>) -> ValR<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(array) => {
            let (from, to) = ends(range, array.items.len())?;
            Ok(Value::array(array.items.get(from..to).unwrap_or_default().to_vec()))
        }
        Value::Text(text) => {
            let (from, to) = text_ends(range, text)?;
            Ok(Value::text(text.get(from..to).unwrap_or_default().to_owned()))
        }
        other => Err(Error::str(format!("cannot take a slice of {}", other.kind().name()))),
    }
}

pub(super) fn map_slice<'a, I: Iterator<Item = ValX<'a, Value>>>(
    value: Value,
    range: &Range<&Value>,
    opt: Opt,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    let Value::Array(array) = value else {
        return opt.fail(value, |value| {
            let kind = value.kind().name();
            Exn::from(Error::str(format!("cannot update a slice of {kind}")))
        });
    };
    let (from, to) = match ends(range, array.items.len()) {
        Ok(ends) => ends,
        Err(error) => return opt.fail(Value::Array(array), |_| Exn::from(error)),
    };
    let part = Value::array(array.items.get(from..to).unwrap_or_default().to_vec());
    let new = match f(part).next().transpose()? {
        None => Vec::new(),
        Some(Value::Array(new)) => own_array(Arc::clone(&new)).items,
        Some(other) => return Err(Exn::from(Error::typ(other, "array"))),
    };
    let mut items = own_array(array).items;
    budget::spend(new.len());
    items.splice(from..to, new);
    Ok(Value::array(items))
}
