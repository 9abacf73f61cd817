//! The top-level fields of one JSON record, in the order they stand.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::value::Origin;

/// A field and its value: strings without quotes and escapes, anything else as it is written.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    /// `None` for null.
    pub(super) origin: Option<Origin>,
}

/// A string that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields<'a>(Vec<Field<'a>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((Text(name), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            let (value, origin) = value(raw.get()).map_err(serde::de::Error::custom)?;
            fields.push(Field { name, value, origin });
        }
        Ok(Fields(fields))
    }
}

fn value(raw: &str) -> Result<(Cow<'_, str>, Option<Origin>), serde_json::Error> {
    if raw == "null" {
        return Ok((Cow::Borrowed(raw), None));
    }
    if raw.starts_with('"') {
        let Text(text) = serde_json::from_str(raw)?;
        return Ok((text, Some(Origin::JsonString)));
    }
    Ok((Cow::Borrowed(raw), Some(Origin::JsonOther)))
}

/// The fields of a record, or why it is none.
pub(super) fn fields(record: &[u8]) -> Result<Vec<Field<'_>>, String> {
    let fields: Fields<'_> =
        serde_json::from_slice(record).map_err(|error| format!("not a JSON object: {error}"))?;
    Ok(fields.0)
}
