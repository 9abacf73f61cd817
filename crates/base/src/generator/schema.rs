//! The schema of a record: fields in order, parsed and ready to be written.

use std::collections::{HashMap, HashSet};

use super::choice::Choice;
use super::clause::{Fault, share};
use super::kinds::{KINDS, Kind};
use super::literal::escape;
use super::parse;
use super::person::Locales;
use super::random::{draw_at, happens, hash, mix};
use super::spec::{Spec, SpecError};
use super::value::{Cell, Member, Value};

/// What a record consists of.
#[derive(Debug)]
pub struct Schema {
    pub(super) record: Object,
}

/// A record, or a map within one.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) fields: Vec<Field>,
}

/// One field with all that can be prepared before the first record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) path: String,
    /// `{"name":` or `,"name":`, with the opening quote if the value is a text.
    lead: Vec<u8>,
    /// The same with `null` for the value.
    null_lead: Vec<u8>,
    /// The share of values that are null.
    null: f64,
    salt: u64,
    pub(super) is_text: bool,
    pub(super) value: Value,
}

/// Sets the draws for null apart from those for the value.
const NULL: u64 = 0x6E75_6C6C;

impl Schema {
    /// Parses all fields and reports all mistakes at once.
    pub fn parse(fields: &[(String, Spec)]) -> Result<Self, Vec<SpecError>> {
        let mut parser = Parser { errors: Vec::new(), walks: 0 };
        let record = parser.object("", fields);
        let schema = Self { record };
        let mut seen = HashSet::new();
        for column in schema.columns() {
            if !seen.insert(column.clone()) {
                let message = format!("`{column}` is there twice");
                parser.error(&column, Fault::new(message, "give every field a name of its own"));
            }
        }
        if parser.errors.is_empty() { Ok(schema) } else { Err(parser.errors) }
    }

    /// Every value type there is, for a reference.
    pub fn kinds() -> &'static [Kind] {
        &KINDS
    }

    /// The fields of the record itself, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.record.fields.iter().map(|field| field.path.as_str())
    }

    /// The first field that no two records have in common.
    pub fn identity(&self) -> Option<&str> {
        let is_own = |value: &Value| match value {
            Value::Sequence(sequence) => sequence.is_distinct(),
            Value::Ulid(_) | Value::Uuid => true,
            _ => false,
        };
        let mut fields = self.record.fields.iter();
        fields.find(|field| field.null == 0.0 && is_own(&field.value)).map(|it| it.path.as_str())
    }

    /// The dotted paths of all values, in order.
    pub fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        self.record.collect_columns(&mut columns);
        columns
    }
}

impl Object {
    fn collect_columns(&self, columns: &mut Vec<String>) {
        for field in &self.fields {
            match &field.value {
                Value::Object(object) => object.collect_columns(columns),
                _ => columns.push(field.path.clone()),
            }
        }
    }

    pub(super) fn write_json(&self, cell: &Cell, out: &mut Vec<u8>) {
        for field in &self.fields {
            if field.is_null(cell) {
                out.extend_from_slice(&field.null_lead);
                continue;
            }
            out.extend_from_slice(&field.lead);
            field.write(cell, out);
            if field.is_text {
                out.push(b'"');
            }
        }
        out.push(b'}');
    }
}

impl Field {
    #[inline]
    pub(super) fn is_null(&self, cell: &Cell) -> bool {
        self.null > 0.0 && happens(draw_at(cell.key ^ mix(self.salt ^ NULL), cell.index), self.null)
    }

    pub(super) fn write(&self, cell: &Cell, out: &mut Vec<u8>) {
        self.value.write(cell, self.salt, out);
    }
}

struct Parser {
    errors: Vec<SpecError>,
    walks: usize,
}

impl Parser {
    fn error(&mut self, field: &str, fault: Fault) {
        self.errors.push(SpecError {
            field: field.to_owned(),
            message: fault.message,
            help: fault.help,
        });
    }

    fn object(&mut self, path: &str, specs: &[(String, Spec)]) -> Object {
        if specs.is_empty() {
            let help = "write at least one field, for example `number: integer 1..100`";
            self.error(path, Fault::new("there are no fields", help));
        }
        let mut fields = Vec::with_capacity(specs.len());
        for (name, spec) in specs {
            let field_path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match self.value(&field_path, spec) {
                Ok((value, null)) => {
                    fields.push(field(name, field_path, value, (null, fields.is_empty())));
                }
                Err(fault) => self.error(&field_path, fault),
            }
        }
        join_groups(path, &mut fields);
        Object { fields }
    }

    /// A value and the share of it that is null.
    fn value(&mut self, path: &str, spec: &Spec) -> Result<(Value, f64), Fault> {
        match spec {
            Spec::Text(line) => {
                let (line, null) = take_null(line)?;
                Ok((parse::value(line, &mut self.walks)?, null))
            }
            Spec::List(_) => Ok((Value::Choice(Choice::from_spec(spec)?), 0.0)),
            Spec::Map(entries) => match choice_map(entries) {
                Some((options, null)) => {
                    let null = null.map_or(Ok(0.0), |text| share("null", text))?;
                    Ok((Value::Choice(Choice::from_spec(options)?), null))
                }
                None => Ok((Value::Object(self.object(path, entries)), 0.0)),
            },
        }
    }
}

/// `{ choice: … }`, or the same with `null: SHARE`; every other map is a nested object.
fn choice_map(entries: &[(String, Spec)]) -> Option<(&Spec, Option<&str>)> {
    let (options, null) = match entries {
        [(name, options)] if name == "choice" => (options, None),
        [(name, options), (null, Spec::Text(share))] if name == "choice" && null == "null" => {
            (options, Some(share.as_str()))
        }
        _ => return None,
    };
    (!matches!(options, Spec::Text(_))).then_some((options, null))
}

/// Takes `null SHARE` off the end of a line.
fn take_null(line: &str) -> Result<(&str, f64), Fault> {
    let line = line.trim();
    let (before, last) = split_last(line);
    let (rest, word) = split_last(before);
    if word == "null" && !rest.is_empty() {
        return Ok((rest, share("null", last)?));
    }
    // `constant null` and the last option of a choice are values.
    if last == "null" && before != "constant" && !before.is_empty() && !before.ends_with(',') {
        return Err(Fault::new("`null` has no share", "write `null 0.05` for 5 %"));
    }
    Ok((line, 0.0))
}

/// The last word and what stands before it.
fn split_last(text: &str) -> (&str, &str) {
    match text.rsplit_once(char::is_whitespace) {
        Some((before, last)) => (before.trim_end(), last),
        None => ("", text),
    }
}

fn field(name: &str, path: String, value: Value, (null, is_first): (f64, bool)) -> Field {
    let mut lead = vec![if is_first { b'{' } else { b',' }, b'"'];
    lead.extend(escape(name));
    lead.extend_from_slice(b"\":");
    let null_lead = [lead.as_slice(), b"null"].concat();
    let is_text = value.is_text();
    if is_text {
        lead.push(b'"');
    }
    let salt = hash(&path);
    Field { path, lead, null_lead, null, salt, is_text, value }
}

/// Makes the n-th field of each kind in an object part of the n-th person or place of that object.
fn join_groups(path: &str, fields: &mut [Field]) {
    let persons = fields.iter_mut().filter_map(|field| match &mut field.value {
        Value::Person(member) => Some(member),
        _ => None,
    });
    join(&format!("{path}#person"), persons.collect());
    let places = fields.iter_mut().filter_map(|field| match &mut field.value {
        Value::Place(member) => Some(member),
        _ => None,
    });
    join(&format!("{path}#place"), places.collect());
}

fn join<Part: Copy + PartialEq>(name: &str, mut members: Vec<&mut Member<Part>>) {
    let mut parts: Vec<Part> = Vec::with_capacity(members.len());
    let mut locales: HashMap<usize, Locales> = HashMap::new();
    let mut numbers = Vec::with_capacity(members.len());
    for member in &members {
        let number = parts.iter().filter(|part| **part == member.part).count();
        parts.push(member.part);
        numbers.push(number);
        if member.locale_given {
            locales.entry(number).or_insert_with(|| member.locales.clone());
        }
    }
    for (member, number) in members.iter_mut().zip(numbers) {
        member.salt = hash(&format!("{name}{number}"));
        if let (false, Some(locales)) = (member.locale_given, locales.get(&number)) {
            member.locales = locales.clone();
        }
    }
}
