//! `+ - * / %` on values with jq's meaning; what grows a value is charged and bounded.

use std::collections::BTreeSet;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use jaq_core::ops::Math;
use jaq_core::{Error, ValR};
use jaq_json::Num;

use super::super::budget::{self, Limit, MAX_SIZE};
use super::data::{Object, Value, own_array, own_object, own_text};
use super::numbers::bounded;

impl Add for Value {
    type Output = ValR<Self>;
    fn add(self, right: Self) -> Self::Output {
        budget::spend(1);
        Ok(match (self, right) {
            (Self::Null, other) | (other, Self::Null) => other,
            (Self::Number(left), Self::Number(right)) => return bounded(left + right),
            (Self::Text(left), Self::Text(right)) => append_text(left, &right),
            (Self::Array(left), Self::Array(right)) => {
                let mut left = own_array(left);
                budget::spend(right.items.len() / 4);
                left.items.extend(right.items.iter().cloned());
                Self::array_of(left.items, left.extent.join(right.extent))
            }
            (Self::Object(left), Self::Object(right)) => merge(left, right, false),
            (left, right) => return Err(Error::math(left, Math::Add, right)),
        })
    }
}

fn append_text(left: Arc<String>, right: &str) -> Value {
    let mut left = own_text(left);
    if left.len() + right.len() > MAX_SIZE {
        budget::reach(Limit::Size);
        return Value::Null;
    }
    budget::spend_bytes(right.len());
    left.push_str(right);
    Value::Text(Arc::new(left))
}

/// Puts the members of `right` over those of `left`; `deep` merges objects in both.
fn merge(left: Arc<Object>, right: Arc<Object>, deep: bool) -> Value {
    let Object { mut entries, mut extent } = own_object(left);
    budget::spend(right.entries.len());
    for (key, value) in own_object(right).entries {
        let Some(place) = entries.get_mut(&*key) else {
            extent = extent.with_key(&key).with(value.extent());
            entries.insert(key, value);
            continue;
        };
        let old = std::mem::replace(place, Value::Null);
        extent = extent.without(old.extent());
        *place = match (old, value) {
            (Value::Object(old), Value::Object(new)) if deep => merge(old, new, true),
            (_, value) => value,
        };
        extent = extent.with(place.extent());
    }
    Value::object_of(entries, extent)
}

impl Sub for Value {
    type Output = ValR<Self>;
    fn sub(self, right: Self) -> Self::Output {
        budget::spend(1);
        match (self, right) {
            (Self::Number(left), Self::Number(right)) => bounded(left - right),
            (Self::Array(left), Self::Array(right)) => {
                let gone: BTreeSet<_> = right.items.iter().collect();
                let mut items = own_array(left).items;
                items.retain(|item| !gone.contains(item));
                Ok(Self::array(items))
            }
            (left, right) => Err(Error::math(left, Math::Sub, right)),
        }
    }
}

impl Mul for Value {
    type Output = ValR<Self>;
    fn mul(self, right: Self) -> Self::Output {
        budget::spend(1);
        match (self, right) {
            (Self::Number(left), Self::Number(right)) => bounded(left * right),
            (Self::Text(text), Self::Number(times)) | (Self::Number(times), Self::Text(text)) => {
                repeat(&text, &times)
            }
            (Self::Object(left), Self::Object(right)) => Ok(merge(left, right, true)),
            (left, right) => Err(Error::math(left, Math::Mul, right)),
        }
    }
}

/// `"ab" * 3`; zero and negative numbers give null, as in jq.
fn repeat(text: &Arc<String>, times: &Num) -> ValR<Value> {
    let times = match times {
        Num::Int(_) | Num::BigInt(_) if *times <= Num::Int(0) => return Ok(Value::Null),
        Num::Int(times) => times.unsigned_abs(),
        Num::BigInt(_) => usize::MAX,
        _ => {
            let times = Value::Number(times.clone());
            return Err(Error::math(Value::Text(text.clone()), Math::Mul, times));
        }
    };
    if text.len().saturating_mul(times) > MAX_SIZE {
        budget::reach(Limit::Size);
        return Err(Error::str(Limit::Size.message()));
    }
    Ok(Value::text(text.repeat(times)))
}

impl Div for Value {
    type Output = ValR<Self>;
    fn div(self, right: Self) -> Self::Output {
        budget::spend(1);
        match (self, right) {
            (Self::Number(left), Self::Number(right)) => bounded(left / right),
            (Self::Text(text), Self::Text(separator)) => Ok(split(&text, &separator)),
            (left, right) => Err(Error::math(left, Math::Div, right)),
        }
    }
}

fn split(text: &str, separator: &str) -> Value {
    budget::spend_bytes(text.len());
    let part = |part: &str| Value::text(part.to_owned());
    if text.is_empty() {
        Value::array(Vec::new())
    } else if separator.is_empty() {
        text.chars().map(|character| Value::text(character.to_string())).collect()
    } else {
        text.split(separator).map(part).collect()
    }
}

impl Rem for Value {
    type Output = ValR<Self>;
    fn rem(self, right: Self) -> Self::Output {
        budget::spend(1);
        let whole = |number: &Num| matches!(number, Num::Int(_) | Num::BigInt(_));
        match (self, right) {
            (Self::Number(left), Self::Number(right))
                if !(whole(&left) && whole(&right) && right == Num::Int(0)) =>
            {
                bounded(left % right)
            }
            (left, right) => Err(Error::math(left, Math::Rem, right)),
        }
    }
}

impl Neg for Value {
    type Output = ValR<Self>;
    fn neg(self) -> Self::Output {
        match self {
            Self::Number(number) => bounded(-number),
            other => Err(Error::typ(other, "number")),
        }
    }
}
