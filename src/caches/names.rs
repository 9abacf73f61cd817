//! Under which names the copies of one resource stand in Redis: `hw:STACK:RESOURCE:SHAPE:KEY`.

use crate::resource::{FieldKind, Key, Schema};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What all names begin with, up to the key.
    shape: String,
    key: FieldKind,
}

impl Names {
    /// Another shape of the records, or another store, has other names: their copies never meet.
    pub fn new(stack: &str, schema: &Schema, store: &str) -> Self {
        let mut text = format!("{store}\n{}\n", schema.key);
        for field in &schema.fields {
            // Writing into a text cannot fail.
            writeln!(text, "{}:{}", field.name, field.kind.name()).unwrap_or_default();
        }
        let mut shape = prefix(stack, schema);
        for byte in Sha256::digest(text.as_bytes()).iter().take(8) {
            write!(shape, "{byte:02x}").unwrap_or_default();
        }
        shape.push(':');
        Self { shape, key: schema.key_field().kind.clone() }
    }

    pub fn name(&self, key: &Key) -> String {
        format!("{}{key}", self.shape)
    }

    /// The key of a name; `None` for those of another shape.
    pub fn key(&self, name: &str) -> Option<Key> {
        Key::parse(name.strip_prefix(&self.shape)?, &self.key)
    }
}

/// What the names of a resource begin with, whatever its shape.
pub fn prefix(stack: &str, schema: &Schema) -> String {
    format!("hw:{stack}:{}:", schema.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store::schema;

    #[test]
    fn a_name_leads_back_to_its_key() {
        let names = Names::new("users", &schema(), "a store");
        let key = Key::Text("it:has:colons ünd".into());
        assert!(names.name(&key).starts_with(&prefix("users", &schema())));
        assert_eq!(names.key(&names.name(&key)), Some(key));
        assert_eq!(names.key("hw:users:things:0000000000000000:a"), None);
    }

    #[test]
    fn another_shape_or_store_has_other_names() {
        let key = Key::Text("a".into());
        let name = |schema: &Schema, store: &str| Names::new("users", schema, store).name(&key);
        let mut changed = schema();
        changed.fields[1].kind = FieldKind::Float;
        assert_ne!(name(&schema(), "a"), name(&changed, "a"));
        assert_ne!(name(&schema(), "a"), name(&schema(), "b"));
        assert_eq!(name(&schema(), "a"), name(&schema(), "a"));
    }
}
