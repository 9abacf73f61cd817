//! The text of a cursor: opaque to clients, it carries the order that it belongs to and a checksum.

use crate::formats::json::{Kind, Scanner, write_text};
use crate::resource::values::read;
use crate::resource::{Cursor, FieldKind, Order, Schema, Value, json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of the checksum in front: against damage, not against malice, which gains nothing here.
const CHECKSUM: usize = 4;

impl Cursor {
    /// A text that `decode` reads with the same schema and order; it needs no escape in a URL or in JSON.
    pub fn encode(&self, schema: &Schema, order: &Order) -> String {
        let mut payload = vec![b'['];
        write_text(&name_of(schema, order), &mut payload);
        for value in &self.0 {
            payload.push(b',');
            json::append_value(&mut payload, value);
        }
        payload.push(b']');
        let checksum = checksum(&payload);
        URL_SAFE_NO_PAD.encode([checksum.as_slice(), &payload].concat())
    }

    /// `None` for a text that was changed, or that belongs to a list of something else or in another order.
    pub fn decode(text: &str, schema: &Schema, order: &Order) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (found, payload) = bytes.split_at_checked(CHECKSUM)?;
        if found != checksum(payload) {
            return None;
        }
        let mut scanner = Scanner::new(payload).ok()?;
        if scanner.kind().ok()? != Kind::Array {
            return None;
        }
        scanner.enter().ok()?;
        let has_name = scanner.next_item(true, b']').ok()? && scanner.kind().ok()? == Kind::Text;
        if !has_name || !scanner.text().ok()?.equals(&name_of(schema, order)) {
            return None;
        }
        let kinds = kinds(schema, order);
        let mut values = Vec::with_capacity(kinds.len());
        while scanner.next_item(false, b']').ok()? {
            let kind = kinds.get(values.len())?;
            values.push(read::value(kind, &mut scanner)?);
        }
        // Only the key and the place of insertion are never null.
        let is_whole = values.len() == kinds.len() && !values.last().is_some_and(Value::is_null);
        (is_whole && scanner.end().is_ok()).then_some(Self(values))
    }
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM] {
    (xxh3_64(payload) as u32).to_le_bytes()
}

/// `users?-age,id`, or `users?` for the order of insertion.
fn name_of(schema: &Schema, order: &Order) -> String {
    let columns = order.columns(schema);
    let columns = columns.iter().filter_map(|sort| {
        let name = &schema.fields.get(sort.field)?.name;
        Some(format!("{}{name}", if sort.is_descending { "-" } else { "" }))
    });
    format!("{}?{}", schema.name, columns.collect::<Vec<_>>().join(","))
}

fn kinds(schema: &Schema, order: &Order) -> Vec<FieldKind> {
    match order {
        Order::Insertion => vec![FieldKind::Integer],
        Order::Fields(_) => {
            let columns = order.columns(schema).into_iter();
            let fields = columns.filter_map(|sort| schema.fields.get(sort.field));
            fields.map(|field| field.kind.clone()).collect()
        }
    }
}
