//! What a simple expression gives: the record itself, a value built from fields, or the record
//! without some members.

use jaq_core::load::parse::{BinaryOp, Term};

use super::super::jq::Syntax;
use super::super::value::cannot_index;
use super::condition::{Condition, plain_path, value_at};
use super::fields::{Fields, Found};
use super::literal::{Literal, plain_text};
use crate::formats::json::{Kind, Scanner, write_text};

#[derive(Clone, Debug)]
pub(super) enum Output {
    Record,
    Built(Shape),
    Without(Vec<String>),
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Field(usize),
    /// As JSON text.
    Constant(Vec<u8>),
    /// With every key as JSON text.
    Object(Vec<(Vec<u8>, Shape)>),
    Condition(Condition),
}

impl Output {
    pub(super) fn recognise(syntax: &Syntax<'_>, fields: &mut Fields) -> Option<Self> {
        match syntax {
            Term::Id => Some(Self::Record),
            Term::Call("del", arguments) => match arguments.as_slice() {
                [paths] => {
                    let mut keys = Vec::new();
                    collect_keys(paths, &mut keys)?;
                    Some(Self::Without(keys))
                }
                _ => None,
            },
            other => Shape::recognise(other, fields).map(Self::Built),
        }
    }
}

/// The members named in `.a, .b`.
fn collect_keys(syntax: &Syntax<'_>, keys: &mut Vec<String>) -> Option<()> {
    if let Term::BinOp(left, BinaryOp::Comma, right) = syntax {
        collect_keys(left, keys)?;
        return collect_keys(right, keys);
    }
    let mut path = plain_path(syntax)?;
    let key = path.pop()?;
    path.is_empty().then(|| keys.push(key))
}

impl Shape {
    fn recognise(syntax: &Syntax<'_>, fields: &mut Fields) -> Option<Self> {
        if let Some(path) = plain_path(syntax) {
            return Some(Self::Field(fields.slot(path)));
        }
        if let Some(literal) = Literal::recognise(syntax) {
            let mut text = Vec::new();
            literal.write(&mut text);
            return Some(Self::Constant(text));
        }
        let Term::Obj(members) = syntax else {
            return Condition::recognise(syntax, fields).map(Self::Condition);
        };
        let mut shape: Vec<(Vec<u8>, Self)> = Vec::new();
        for (key, value) in members {
            let name = plain_text(key)?;
            let mut text = Vec::new();
            write_text(&name, &mut text);
            // The value of a key given twice is the last one, but both are evaluated.
            if shape.iter().any(|(known, _)| *known == text) {
                return None;
            }
            let value = match value {
                Some(value) => Self::recognise(value, fields)?,
                None => Self::Field(fields.slot(vec![name])),
            };
            shape.push((text, value));
        }
        Some(Self::Object(shape))
    }

    pub(super) fn write(
        &self,
        fields: &Fields,
        found: &[Found<'_>],
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        match self {
            Self::Field(slot) => {
                out.extend_from_slice(value_at(*slot, fields, found)?.1.as_bytes());
            }
            Self::Constant(text) => out.extend_from_slice(text),
            Self::Condition(condition) => {
                let text: &[u8] = if condition.holds(fields, found)? { b"true" } else { b"false" };
                out.extend_from_slice(text);
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(key);
                    out.push(b':');
                    value.write(fields, found, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

/// Copies the record but for the members named.
pub(super) fn write_without(
    keys: &[String],
    line: &[u8],
    out: &mut Vec<u8>,
) -> Result<Result<(), String>, String> {
    let mut scanner = Scanner::new(line)?;
    let kind = scanner.kind()?;
    if kind != Kind::Object {
        scanner.skip()?;
        scanner.end()?;
        if kind == Kind::Null {
            out.extend_from_slice(b"null");
            return Ok(Ok(()));
        }
        return Ok(Err(cannot_index(kind, keys.first().map_or("", String::as_str))));
    }
    out.push(b'{');
    scanner.enter()?;
    let (mut first, mut empty) = (true, true);
    while scanner.next_item(first, b'}')? {
        first = false;
        let start = scanner.position();
        let key = scanner.key()?;
        scanner.skip()?;
        if keys.iter().any(|name| key.equals(name)) {
            continue;
        }
        if !empty {
            out.push(b',');
        }
        empty = false;
        out.extend_from_slice(scanner.slice(start).as_bytes());
    }
    out.push(b'}');
    scanner.end()?;
    Ok(Ok(()))
}
