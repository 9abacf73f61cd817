//! Records and values as JSON: how they are written everywhere, and how what was written here is read again. What
//! clients send is read by `validate`.

use crate::formats::json::{Scanner, write_text};
use crate::resource::values::read;
use crate::resource::{Record, Schema, Value, parse};
use jiff::Timestamp;
use jiff::tz::Offset;

/// Appends a record as a compact object with all its fields, in the schema's order.
pub fn append_record(out: &mut Vec<u8>, schema: &Schema, record: &Record) {
    out.push(b'{');
    for (place, (field, value)) in schema.fields.iter().zip(record.values()).enumerate() {
        append_member(out, (place, &field.name), value);
    }
    out.push(b'}');
}

/// Appends only these fields, each by its place in the schema, in the order they are asked for.
pub fn append_fields(out: &mut Vec<u8>, schema: &Schema, record: &Record, fields: &[usize]) {
    out.push(b'{');
    let known = fields.iter().filter_map(|field| Some((*field, schema.fields.get(*field)?)));
    for (place, (position, field)) in known.enumerate() {
        append_member(out, (place, &field.name), record.value(position));
    }
    out.push(b'}');
}

fn append_member(out: &mut Vec<u8>, (place, name): (usize, &str), value: &Value) {
    if place > 0 {
        out.push(b',');
    }
    write_text(name, out);
    out.push(b':');
    append_value(out, value);
}

/// Appends a value; nothing is allocated but what `out` needs.
pub fn append_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Integer(number) => {
            out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
        }
        Value::Float(number) if number.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(*number).as_bytes());
        }
        // JSON has no word for other floats, and no field can hold one.
        Value::Null | Value::Float(_) => out.extend_from_slice(b"null"),
        Value::Text(text) => write_text(text, out),
        Value::Time(microseconds) => {
            out.push(b'"');
            append_time(out, *microseconds);
            out.push(b'"');
        }
        Value::Uuid(uuid) => {
            let mut room = [0; uuid::fmt::Hyphenated::LENGTH];
            let text = uuid::Uuid::from_u128(*uuid).hyphenated().encode_lower(&mut room);
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        Value::Json(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// Appends microseconds since 1970 as RFC 3339 in UTC, with no more fraction than there is: none, milliseconds or
/// microseconds.
pub fn append_time(out: &mut Vec<u8>, microseconds: i64) {
    let inside = microseconds.clamp(parse::EARLIEST, parse::LATEST);
    let time = Offset::UTC.to_datetime(Timestamp::from_microsecond(inside).unwrap_or_default());
    append_digits(out, i64::from(time.year()), 4);
    for (mark, part) in [
        (b'-', time.month()),
        (b'-', time.day()),
        (b'T', time.hour()),
        (b':', time.minute()),
        (b':', time.second()),
    ] {
        out.push(mark);
        append_digits(out, i64::from(part), 2);
    }
    match inside.rem_euclid(1_000_000) {
        0 => {}
        fraction if fraction % 1000 == 0 => {
            out.push(b'.');
            append_digits(out, fraction / 1000, 3);
        }
        fraction => {
            out.push(b'.');
            append_digits(out, fraction, 6);
        }
    }
    out.push(b'Z');
}

fn append_digits(out: &mut Vec<u8>, number: i64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10_i64.pow(place) % 10) as u8);
    }
}

/// Reads what `append_record` wrote, perhaps with an older or a newer schema: missing fields are null, unknown ones
/// are left out. `None` when it is not such an object.
pub fn record_from(schema: &Schema, json: &[u8]) -> Option<Record> {
    let mut scanner = Scanner::new(json).ok()?;
    let mut values = vec![Value::Null; schema.fields.len()];
    if scanner.kind().ok()? != crate::formats::json::Kind::Object {
        return None;
    }
    scanner.enter().ok()?;
    let mut is_first = true;
    while scanner.next_item(is_first, b'}').ok()? {
        is_first = false;
        let name = scanner.key().ok()?.decode();
        match schema.position(&name) {
            Some(field) => values[field] = read::value(&schema.fields[field].kind, &mut scanner)?,
            None => scanner.skip().ok()?,
        }
    }
    scanner.end().ok()?;
    Some(Record::new(values))
}
