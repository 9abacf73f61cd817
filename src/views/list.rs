//! A list of records as APIs answer it, read as it comes: an object of objects by key, an array of objects, or
//! pages `{"items": [...], "next": "..."}`. No record is kept whole, only the fields that are wanted.

use crate::views::record::{Record, Wanted};
use crate::views::table::Table;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::io::{BufReader, Read};

/// The largest record that is read; an answer with a larger one is refused.
const RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Records of one answer that are read for each that there is room for: more of them are the same ones again and again.
const TIMES: usize = 4;

/// What an answer was, beside its records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What to ask for next.
    pub next: Option<String>,
    /// Every record came with its key, so that a change of one can be applied.
    pub has_keys: bool,
}

/// Reads one answer into the table, and no further once that has no more room.
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
        taken: 0,
    };
    match Root(&mut reader).deserialize(&mut deserializer) {
        Ok(()) => {}
        Err(_) if reader.table.is_cut() => {
            return Ok(Page { next: None, has_keys: reader.has_keys });
        }
        Err(error) => return Err(format!("no list of records: {error}")),
    }
    deserializer.end().map_err(|error| format!("no list of records: {error}"))?;
    if reader.others > 0 && !reader.has_records {
        return Err("no list of records: there is no object in it".to_owned());
    }
    Ok(Page { next: reader.next, has_keys: reader.has_keys })
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
    taken: usize,
}

impl Reader<'_> {
    /// An error is also how reading ends that has no more room for what comes.
    fn take<E: Error>(&mut self, name: Option<&str>, found: Found) -> Result<(), E> {
        self.budget.set(RECORD_BYTES);
        self.has_records = true;
        let key = match (name, &found.key) {
            (Some(name), _) => self.wanted.key(name),
            (None, Some(key)) => self.wanted.key(key),
            (None, None) => {
                self.has_keys = false;
                self.wanted.place(self.table.records() as u64)
            }
        };
        self.table.put(key, found.record);
        self.taken += 1;
        if self.table.is_cut() || self.taken / TIMES >= self.table.room() {
            return Err(E::custom("it has no end"));
        }
        Ok(())
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
    while let Some(record) = items.next_element_seed(One(reader.wanted))? {
        reader.take(None, record)?;
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
        let record = One(self.reader.wanted).visit_map(entries)?;
        self.reader.take(Some(&self.name), record)
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

/// One record, and its key if that stands inside.
struct One<'a>(&'a Wanted);

struct Found {
    key: Option<String>,
    record: Record,
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let wanted = self.0;
        let mut found = Found { key: None, record: Record::empty(wanted) };
        while let Some(name) = entries.next_key_seed(Name(wanted))? {
            let Some(name) = name else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: Value = entries.next_value()?;
            found.record.put(wanted, &name, &value);
            if wanted.key_field.as_ref() == Some(&name) {
                found.key = key_text(&value);
            }
        }
        Ok(found)
    }
}

/// A name behind which something is wanted.
struct Name<'a>(&'a Wanted);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<String>, E> {
        let is_key = self.0.key_field.as_deref() == Some(name);
        Ok((is_key || Record::is_wanted(self.0, name)).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::panel::Want;
    use crate::views::table::Plan;

    fn table() -> (Wanted, Table) {
        let wants = [Want::Numbers("age".to_owned())];
        let (wanted, plan) = Plan::new(&wants, Some("user_id".to_owned()));
        let table = Table::new(&wanted, &plan);
        (wanted, table)
    }

    fn check(text: &str) -> Result<(Page, Vec<f64>), String> {
        let (wanted, mut table) = table();
        let page = read(text.as_bytes(), &wanted, &mut table)?;
        let mut numbers = table.numbers("age");
        numbers.sort_by(f64::total_cmp);
        assert!(table.records() >= numbers.len());
        Ok((page, numbers))
    }

    fn page(next: Option<&str>, has_keys: bool) -> Page {
        Page { next: next.map(str::to_owned), has_keys }
    }

    #[test]
    fn reads_the_forms_of_a_list() {
        for (text, expected, ages) in [
            // The original: an object by key; nothing in it is an empty list.
            (
                r#"{"123":{"name":"Alice","age":30},"7":{"name":"É","age":41}}"#,
                page(None, true),
                &[30.0, 41.0][..],
            ),
            ("{}", page(None, true), &[]),
            (r#" {"items": {"age": 1}, "next": {"age": 2}} "#, page(None, true), &[1.0, 2.0]),
            // Arrays, with the key inside or without one.
            (
                r#"[{"user_id":1,"age":18},{"age":19,"user_id":"2"}]"#,
                page(None, true),
                &[18.0, 19.0],
            ),
            (r#"[{"age":18},{"age":18}]"#, page(None, false), &[18.0, 18.0]),
            ("[]", page(None, true), &[]),
            // Pages.
            (
                r#"{"items":[{"user_id":1,"age":18}],"next":"eyJ9"}"#,
                page(Some("eyJ9"), true),
                &[18.0],
            ),
            (r#"{"count":5,"next":null,"items":[]}"#, page(None, true), &[]),
        ] {
            assert_eq!(check(text), Ok((expected, ages.to_vec())), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_counts_as_a_record_without_one() {
        let text = r#"{"1":{"age":null},"2":{"age":"30"},"3":{},"4":{"age":[1,{"age":2}]},"5":{"age":-0.5}}"#;
        let (wanted, mut table) = table();
        read(text.as_bytes(), &wanted, &mut table).unwrap();
        assert_eq!((table.records(), table.numbers("age")), (5, vec![-0.5]));
    }

    #[test]
    fn a_key_that_comes_twice_is_one_record() {
        let twice = r#"[{"user_id":1,"age":18},{"user_id":"1","age":19}]"#;
        assert_eq!(check(twice).unwrap().1, [19.0]);
    }

    #[test]
    fn refuses_what_is_no_list() {
        for text in [
            "",
            "42",
            "\"text\"",
            "<html></html>",
            "{\"detail\":\"User not found\"}",
            "{\"users\":[{\"age\":1}]}",
            "[1,2]",
            "[{\"age\":1}",
            "[{\"age\":1}] x",
            "{\"1\":{\"age\":1}",
        ] {
            assert!(check(text).unwrap_err().starts_with("no list of records: "), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(check(&deep).unwrap_err().contains("no list of records"));
    }

    #[test]
    fn refuses_a_record_that_would_fill_the_memory() {
        for start in [&b"{\""[..], b"[{\"age\":\"", b"[{\"", b"{\"next\":\""] {
            let (wanted, mut table) = table();
            let endless = start.chain(std::io::repeat(b'x').take(1 << 40));
            let fault = read(endless, &wanted, &mut table);
            assert!(fault.unwrap_err().contains("larger than 4 MiB"));
        }
    }

    #[test]
    fn an_answer_without_an_end_is_read_until_there_is_no_more_room() {
        for (record, is_whole) in [("{\"age\":18},", true), ("{\"user_id\":1,\"age\":18},", false)]
        {
            let (wanted, table) = table();
            let mut table = table.with_room(100);
            let endless = b"[".chain(Again(record.as_bytes(), 0));
            match read(endless, &wanted, &mut table) {
                Ok(page) => assert!(is_whole && page.next.is_none() && table.records() == 100),
                Err(words) => assert!(!is_whole && words.contains("it has no end"), "{words}"),
            }
        }
    }

    /// The same bytes again and again.
    struct Again<'a>(&'a [u8], usize);

    impl Read for Again<'_> {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            for byte in room.iter_mut() {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(room.len())
        }
    }

    #[test]
    fn many_records_share_no_budget() {
        let one = format!("{{\"age\":18,\"name\":\"{}\"}}", "x".repeat(RECORD_BYTES / 2));
        let list = format!("[{}]", [one.as_str(); 5].join(","));
        assert_eq!(check(&list).unwrap().1.len(), 5);
    }

    #[test]
    fn a_key_is_a_text_or_a_number() {
        let keys = [serde_json::json!(123), serde_json::json!("123")];
        assert!(keys.iter().all(|key| key_text(key).as_deref() == Some("123")));
    }
}
