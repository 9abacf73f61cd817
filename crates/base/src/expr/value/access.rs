//! What jaq's core asks of a value: conversions, indexing, iteration and updates.

use std::sync::Arc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValR, ValT, ValX};
use jaq_json::Num;

use super::super::budget;
use super::data::{Array, Entries, Object, Value, own_array, own_object};
use super::numbers::number_from_text;
use super::slices::{map_slice, position, slice};
use crate::formats::json::Kind;

/// The message for `.key` on something that has no keys.
pub(in crate::expr) fn cannot_index(kind: Kind, key: &str) -> String {
    format!("cannot index {} with \"{key}\"", kind.name())
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::Number(Num::Int(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl From<Range<Value>> for Value {
    fn from(range: Range<Self>) -> Self {
        let bounds = [("start", range.start), ("end", range.end)];
        let named = |(name, bound): (&str, Option<Self>)| Some((Arc::new(name.to_owned()), bound?));
        Self::object(bounds.into_iter().filter_map(named).collect())
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(values: I) -> Self {
        let mut items = Vec::new();
        for value in values {
            budget::spend(1);
            if budget::reached().is_some() {
                return Self::Null;
            }
            items.push(value);
        }
        Self::array(items)
    }
}

fn not_iterable(value: &Value) -> Error<Value> {
    Error::str(format!("cannot iterate over {}", value.kind().name()))
}

fn index_error(value: &Value, index: &Value) -> Error<Value> {
    match index {
        Value::Text(key) => Error::str(cannot_index(value.kind(), key)),
        _ => Error::str(format!("cannot index {} with {index}", value.kind().name())),
    }
}

impl ValT for Value {
    fn from_num(text: &str) -> ValR<Self> {
        Ok(Self::Number(number_from_text(text)))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> ValR<Self> {
        let mut entries = Entries::default();
        for (key, value) in members {
            budget::spend(1);
            match key {
                Self::Text(key) => entries.insert(key, value),
                other => {
                    return Err(Error::str(format!("an object key must be a string, not {other}")));
                }
            };
        }
        Ok(Self::object(entries))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self {
            Self::Array(array) => {
                let items = own_array(array).items.into_iter().enumerate();
                Box::new(items.map(|(index, item)| Ok((Self::integer(index), item))))
            }
            Self::Object(object) => {
                let entries = own_object(object).entries.into_iter();
                Box::new(entries.map(|(key, value)| Ok((Self::Text(key), value))))
            }
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self {
            Self::Array(array) => Box::new(own_array(array).items.into_iter().map(Ok)),
            Self::Object(object) => Box::new(own_object(object).entries.into_values().map(Ok)),
            other => box_once(Err(not_iterable(&other))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        match (&self, index) {
            (Self::Null, Self::Text(_) | Self::Number(_) | Self::Null) => Ok(Self::Null),
            (Self::Object(object), Self::Text(key)) => {
                Ok(object.entries.get(&**key).cloned().unwrap_or(Self::Null))
            }
            (Self::Array(array), Self::Number(number)) => {
                let found = position(number, array.items.len()).and_then(|at| array.items.get(at));
                Ok(found.cloned().unwrap_or(Self::Null))
            }
            (Self::Array(array), Self::Array(part)) => Ok(occurrences(array, part)),
            (_, Self::Object(range)) => {
                let bound = |name: &str| range.entries.get(&name.to_owned());
                slice(&self, &(bound("start")..bound("end")))
            }
            _ => Err(index_error(&self, index)),
        }
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        slice(&self, &range)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self {
            Self::Array(array) => own_array(array).items.into_iter().flat_map(f).collect(),
            Self::Object(object) => {
                let entries = own_object(object).entries.into_iter();
                let entries = entries.filter_map(|(key, value)| {
                    f(value).next().map(|value| value.map(|value| (key, value)))
                });
                Ok(Self::object(entries.collect::<Result<_, _>>()?))
            }
            other => opt.fail(other, |value| Exn::from(not_iterable(&value))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        budget::spend(1);
        match (self, index) {
            (Self::Object(object), Self::Text(key)) => update_member(own_object(object), key, &f),
            // In jq null becomes an object when something is put into it.
            (Self::Null, Self::Text(key)) => match f(Self::Null).next().transpose()? {
                Some(value) => Ok(Self::from_map([(Self::Text(key.clone()), value)])?),
                None => Ok(Self::Null),
            },
            (Self::Array(array), Self::Number(number)) => {
                match position(number, array.items.len()) {
                    Some(at) => update_item(own_array(array), at, &f),
                    None => opt.fail(Self::Array(array), |_| {
                        Exn::from(Error::str(format!("index {number} is out of bounds")))
                    }),
                }
            }
            (value @ (Self::Array(_) | Self::Text(_)), Self::Object(range)) => {
                let bound = |name: &str| range.entries.get(&name.to_owned());
                map_slice(value, &(bound("start")..bound("end")), opt, f)
            }
            (value, index) => opt.fail(value, |value| Exn::from(index_error(&value, index))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        map_slice(self, &range, opt, f)
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Text(_) => self,
            other => Self::text(other.to_json()),
        }
    }
}

/// Where `part` begins in the array.
fn occurrences(array: &Array, part: &Array) -> Value {
    if part.items.is_empty() {
        return Value::array(Vec::new());
    }
    let windows = array.items.windows(part.items.len()).enumerate();
    windows.filter(|(_, window)| *window == part.items).map(|(at, _)| Value::integer(at)).collect()
}

fn update_member<'a, I: Iterator<Item = ValX<'a, Value>>>(
    object: Object,
    key: &Arc<String>,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    let Object { mut entries, mut extent } = object;
    let old = entries.get_mut(&**key).map(|place| std::mem::replace(place, Value::Null));
    if let Some(old) = &old {
        extent = extent.without(old.extent());
    }
    let known = old.is_some();
    match f(old.unwrap_or(Value::Null)).next().transpose()? {
        Some(value) => {
            extent = if known { extent } else { extent.with_key(key) }.with(value.extent());
            entries.insert(key.clone(), value);
        }
        // Unlike jaq's own values this keeps the order of the other members, as jq does.
        None if known => {
            budget::spend(entries.len() / 64);
            entries.shift_remove(&**key);
        }
        None => {}
    }
    Ok(Value::object_of(entries, extent))
}

fn update_item<'a, I: Iterator<Item = ValX<'a, Value>>>(
    array: Array,
    at: usize,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    let Array { mut items, extent } = array;
    let Some(place) = items.get_mut(at) else { return Ok(Value::array_of(items, extent)) };
    let old = std::mem::replace(place, Value::Null);
    let extent = extent.without(old.extent());
    let Some(value) = f(old).next().transpose()? else {
        budget::spend(items.len() / 64);
        items.remove(at);
        return Ok(Value::array_of(items, extent));
    };
    let extent = extent.with(value.extent());
    *place = value;
    Ok(Value::array_of(items, extent))
}
