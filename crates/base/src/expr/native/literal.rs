//! Constants of simple expressions, and comparing raw values with them in jq's order.

use std::cmp::Ordering;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::ops::Cmp;
use jaq_json::Num;

use super::super::jq::Syntax;
use super::super::value::{Value, number_from_text};
use crate::formats::json::{Kind, RawText, write_text};

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(Num),
    Text(String),
}

/// A string without interpolation.
pub(super) fn plain_text(syntax: &Syntax<'_>) -> Option<String> {
    let Term::Str(None, parts) = syntax else { return None };
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(plain) => text.push_str(plain),
            StrPart::Char(character) => text.push(*character),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}

impl Literal {
    pub(super) fn recognise(syntax: &Syntax<'_>) -> Option<Self> {
        match syntax {
            Term::Call(name, arguments) if arguments.is_empty() => match *name {
                "null" => Some(Self::Null),
                "true" => Some(Self::Bool(true)),
                "false" => Some(Self::Bool(false)),
                _ => None,
            },
            Term::Num(text) => Some(Self::Number(number_from_text(text))),
            Term::Neg(inner) => match &**inner {
                Term::Num(text) => Some(Self::Number(-number_from_text(text))),
                _ => None,
            },
            other => plain_text(other).map(Self::Text),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => Value::Null.write(out),
            Self::Bool(value) => Value::Bool(*value).write(out),
            Self::Number(number) => Value::Number(number.clone()).write(out),
            Self::Text(text) => write_text(text, out),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(false) => Kind::False,
            Self::Bool(true) => Kind::True,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
        }
    }

    /// Whether `value operator literal` holds for a raw value.
    pub(super) fn holds(&self, kind: Kind, raw: &str, operator: Cmp) -> bool {
        match self {
            Self::Number(number) if kind == Kind::Number => {
                // Not by order alone: jq's numbers have an equality of their own.
                operator.run(&number_from_text(raw), number)
            }
            Self::Text(text) if kind == Kind::Text => {
                let order = RawText::of_value(raw).decode().as_bytes().cmp(text.as_bytes());
                operator.run(&order, &Ordering::Equal)
            }
            _ => operator.run(&kind, &self.kind()),
        }
    }
}
