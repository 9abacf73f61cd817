//! The form in which a store keeps the schema that its table was made with, so that the next start can compare.

use crate::formats::json::Scanner;
use crate::resource::values::read;
use crate::resource::{Field, FieldKind, FieldLimits, Pattern, Schema, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An older version is read, a newer one refused: it may mean what this program does not know.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoredSchema {
    version: u32,
    name: String,
    key: String,
    key_is_generated: bool,
    fields: Vec<StoredField>,
}

#[derive(Serialize, Deserialize)]
struct StoredField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    is_required: bool,
    is_unique: bool,
    is_indexed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maximum: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u32,
}

impl Schema {
    /// The text that `from_json` reads, now and in every later version.
    pub fn to_json(&self) -> String {
        let stored = StoredSchema {
            version: VERSION,
            name: self.name.clone(),
            key: self.key_field().name.clone(),
            key_is_generated: self.key_is_generated,
            fields: self.fields.iter().map(stored_field).collect(),
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Fails with what is wrong with the text.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| format!("the stored schema is damaged: {error}");
        let OnlyVersion { version } = serde_json::from_str(text).map_err(wrong)?;
        if version > VERSION {
            return Err(format!(
                "the stored schema has version {version}, this program knows {VERSION}: use a newer one"
            ));
        }
        let stored: StoredSchema = serde_json::from_str(text).map_err(wrong)?;
        let fields = stored.fields.into_iter().map(field_of).collect::<Result<Vec<_>, String>>()?;
        let key = fields.iter().position(|field| field.name == stored.key);
        let key = key.ok_or_else(|| format!("the stored schema has no field `{}`", stored.key))?;
        Ok(Self { name: stored.name, fields, key, key_is_generated: stored.key_is_generated })
    }
}

fn stored_field(field: &Field) -> StoredField {
    let choices = match &field.kind {
        FieldKind::Choice(choices) => choices.clone(),
        _ => Vec::new(),
    };
    let default = field.default.as_ref().and_then(|value| {
        let mut text = Vec::new();
        json::append_value(&mut text, value);
        RawValue::from_string(String::from_utf8(text).ok()?).ok()
    });
    let limits = &field.limits;
    StoredField {
        name: field.name.clone(),
        kind: field.kind.name().to_owned(),
        choices,
        is_required: field.is_required,
        is_unique: field.is_unique,
        is_indexed: field.is_indexed,
        default,
        minimum: limits.minimum,
        maximum: limits.maximum,
        min_length: limits.min_length,
        max_length: limits.max_length,
        pattern: limits.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
    }
}

fn field_of(stored: StoredField) -> Result<Field, String> {
    let kind = match stored.kind.as_str() {
        "integer" => FieldKind::Integer,
        "float" => FieldKind::Float,
        "text" => FieldKind::Text,
        "boolean" => FieldKind::Boolean,
        "time" => FieldKind::Time,
        "uuid" => FieldKind::Uuid,
        "json" => FieldKind::Json,
        "choice" => FieldKind::Choice(stored.choices),
        other => return Err(format!("the stored schema has a field of the type `{other}`")),
    };
    let default = stored.default.map(|raw| {
        let scanner = Scanner::new(raw.get().as_bytes()).ok();
        let value = scanner.and_then(|mut scanner| read::value(&kind, &mut scanner));
        value.ok_or_else(|| format!("the stored default of `{}` is damaged", stored.name))
    });
    Ok(Field {
        default: default.transpose()?,
        name: stored.name,
        kind,
        is_required: stored.is_required,
        is_unique: stored.is_unique,
        is_indexed: stored.is_indexed,
        limits: FieldLimits {
            minimum: stored.minimum,
            maximum: stored.maximum,
            min_length: stored.min_length,
            max_length: stored.max_length,
            pattern: stored.pattern.as_deref().map(Pattern::new).transpose()?,
        },
    })
}
