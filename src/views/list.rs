//! A list of records as APIs answer it, read as it comes: an object of objects by key, an array of objects, or
//! pages `{"items": [...], "next": "..."}`. No record is kept, only the numbers that are wanted.

use crate::views::table::{Numbers, Table, Wanted};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::io::{BufReader, Read};

/// The largest record that is read; an answer with a larger one is refused.
const RECORD_BYTES: usize = 4 * 1024 * 1024;

/// What an answer was, beside its records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What to ask for next.
    pub next: Option<String>,
    /// Every record came with its key, so that a change of one can be applied.
    pub has_keys: bool,
}

/// Reads one answer into the table.
pub(super) fn read(body: impl Read, wanted: &Wanted, table: &mut Table) -> Result<Page, String> {
    let budget = Cell::new(RECORD_BYTES);
    let bounded = Bounded { inner: BufReader::with_capacity(64 * 1024, body), budget: &budget };
    let mut deserializer = serde_json::Deserializer::from_reader(bounded);
    let mut reader = Reader {
        wanted,
        table,
        budget: &budget,
        next: None,
        has_keys: true,
        has_records: false,
        others: 0,
    };
    let root = Root(&mut reader);
    root.deserialize(&mut deserializer).map_err(|error| format!("no list of records: {error}"))?;
    deserializer.end().map_err(|error| format!("no list of records: {error}"))?;
    if reader.others > 0 && !reader.has_records {
        return Err("no list of records: there is no object in it".to_owned());
    }
    Ok(Page { next: reader.next, has_keys: reader.has_keys })
}

/// The record of an event.
pub(super) fn numbers_of(record: &Value, wanted: &Wanted) -> Numbers {
    let number = |field: &String| record.get(field).and_then(Value::as_f64).unwrap_or(f64::NAN);
    wanted.fields.iter().map(number).collect()
}

/// A key as it stands in an object: `123` and `"123"` are the same one.
pub(super) fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Ends an answer with a record that is too large, before it fills the memory.
struct Bounded<'a, R> {
    inner: R,
    budget: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let left = self.budget.get();
        if left == 0 {
            return Err(std::io::Error::other("a record is larger than 4 MiB"));
        }
        let read = self.inner.read(room)?;
        self.budget.set(left.saturating_sub(read));
        Ok(read)
    }
}

struct Reader<'a> {
    wanted: &'a Wanted,
    table: &'a mut Table,
    budget: &'a Cell<usize>,
    next: Option<String>,
    has_keys: bool,
    has_records: bool,
    /// Values that are no records.
    others: u64,
}

impl Reader<'_> {
    fn take(&mut self, name: Option<&str>, record: &Found) {
        self.budget.set(RECORD_BYTES);
        self.has_records = true;
        let key = match (name, &record.key) {
            (Some(name), _) => self.wanted.key(name),
            (None, Some(key)) => self.wanted.key(key),
            (None, None) => {
                self.has_keys = false;
                self.wanted.place(self.table.records() as u64)
            }
        };
        // What finds no room is left out, and the page says so.
        self.table.put(key, &record.numbers);
    }
}

/// The whole answer.
struct Root<'a, 'r>(&'a mut Reader<'r>);

impl<'de> DeserializeSeed<'de> for Root<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object or an array of records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(name) = entries.next_key::<String>()? {
            entries.next_value_seed(Entry { reader: self.0, name })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        read_items(self.0, items)
    }
}

fn read_items<'de, A: SeqAccess<'de>>(reader: &mut Reader, mut items: A) -> Result<(), A::Error> {
    reader.has_records = true;
    while let Some(record) = items.next_element_seed(Record(reader.wanted))? {
        reader.take(None, &record);
    }
    Ok(())
}

/// A value in the outermost object: a record by its key, the items of a page, or what a page says of itself.
struct Entry<'a, 'r> {
    reader: &'a mut Reader<'r>,
    name: String,
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        let record = Record(self.reader.wanted).visit_map(entries)?;
        self.reader.take(Some(&self.name), &record);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        if self.name != "items" {
            return Err(A::Error::custom(format_args!("`{}` is an array", self.name)));
        }
        read_items(self.reader, items)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.name == "next" {
            self.reader.next = Some(text.to_owned());
        }
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.reader.others += 1;
        Ok(())
    }
}

/// One record: its numbers, and its key if that stands inside.
struct Record<'a>(&'a Wanted);

struct Found {
    key: Option<String>,
    numbers: Numbers,
}

impl<'de> DeserializeSeed<'de> for Record<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let wanted = self.0;
        let mut found =
            Found { key: None, numbers: wanted.fields.iter().map(|_| f64::NAN).collect() };
        while let Some(name) = entries.next_key_seed(Name(wanted))? {
            match name {
                Place::Other => drop(entries.next_value::<IgnoredAny>()?),
                Place::Known { field, is_key } => {
                    let value: Value = entries.next_value()?;
                    if let Some(number) = field.and_then(|field| found.numbers.get_mut(field)) {
                        *number = value.as_f64().unwrap_or(f64::NAN);
                    }
                    if is_key {
                        found.key = key_text(&value);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// What the value behind a name is for.
enum Place {
    Known { field: Option<usize>, is_key: bool },
    Other,
}

struct Name<'a>(&'a Wanted);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Place;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Place, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Place;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Place, E> {
        let is_key = self.0.key_field.as_deref() == Some(name);
        let field = self.0.fields.iter().position(|field| field == name);
        Ok(match field {
            None if !is_key => Place::Other,
            field => Place::Known { field, is_key },
        })
    }
}

#[cfg(test)]
mod tests;
