//! Conditions on fields: comparisons with constants, joined by `and`, `or` and `not`.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Cmp;
use jaq_core::path::{Opt, Part};

use super::super::jq::Syntax;
use super::fields::{Fields, Found};
use super::literal::{Literal, plain_text};
use crate::formats::json::Kind;

#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Neither null nor false.
    True(usize),
    Compare(usize, Cmp, Literal),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Not(Box<Self>),
}

/// The keys of `.`, `.a` or `.a.b`; nothing for any other term.
pub(super) fn plain_path(syntax: &Syntax<'_>) -> Option<Vec<String>> {
    match syntax {
        Term::Id => Some(Vec::new()),
        Term::Path(base, path) if matches!(**base, Term::Id) => {
            let keys = path.0.iter().map(|(part, opt)| match (part, opt) {
                (Part::Index(key), Opt::Essential) => plain_text(key),
                _ => None,
            });
            keys.collect()
        }
        _ => None,
    }
}

impl Condition {
    pub(super) fn recognise(syntax: &Syntax<'_>, fields: &mut Fields) -> Option<Self> {
        match syntax {
            Term::BinOp(left, operator, right) => match operator {
                BinaryOp::And => Some(Self::Both(
                    Box::new(Self::recognise(left, fields)?),
                    Box::new(Self::recognise(right, fields)?),
                )),
                BinaryOp::Or => Some(Self::Either(
                    Box::new(Self::recognise(left, fields)?),
                    Box::new(Self::recognise(right, fields)?),
                )),
                BinaryOp::Cmp(operator) => Self::comparison(left, *operator, right, fields),
                BinaryOp::Pipe(None) => match &**right {
                    Term::Call("not", arguments) if arguments.is_empty() => {
                        Some(Self::Not(Box::new(Self::recognise(left, fields)?)))
                    }
                    _ => None,
                },
                _ => None,
            },
            other => plain_path(other).map(|path| Self::True(fields.slot(path))),
        }
    }

    fn comparison(
        left: &Syntax<'_>,
        operator: Cmp,
        right: &Syntax<'_>,
        fields: &mut Fields,
    ) -> Option<Self> {
        if let (Some(path), Some(literal)) = (plain_path(left), Literal::recognise(right)) {
            return Some(Self::Compare(fields.slot(path), operator, literal));
        }
        let (literal, path) = (Literal::recognise(left)?, plain_path(right)?);
        Some(Self::Compare(fields.slot(path), mirrored(operator), literal))
    }

    pub(super) fn holds(&self, fields: &Fields, found: &[Found<'_>]) -> Result<bool, String> {
        Ok(match self {
            Self::True(slot) => value_at(*slot, fields, found)?.0 > Kind::False,
            Self::Compare(slot, operator, literal) => {
                let (kind, raw) = value_at(*slot, fields, found)?;
                literal.holds(kind, raw, *operator)
            }
            Self::Both(left, right) => left.holds(fields, found)? && right.holds(fields, found)?,
            Self::Either(left, right) => {
                left.holds(fields, found)? || right.holds(fields, found)?
            }
            Self::Not(inner) => !inner.holds(fields, found)?,
        })
    }
}

/// The type and text at a slot, where a missing member is null as in jq.
pub(super) fn value_at<'a>(
    slot: usize,
    fields: &Fields,
    found: &[Found<'a>],
) -> Result<(Kind, &'a str), String> {
    match found.get(slot) {
        Some(Found::Value(kind, raw)) => Ok((*kind, raw)),
        Some(Found::Blocked(kind, depth)) => Err(fields.blocked(slot, *kind, *depth)),
        Some(Found::Missing) | None => Ok((Kind::Null, "null")),
    }
}

/// `18 <= .age` means `.age >= 18`.
fn mirrored(operator: Cmp) -> Cmp {
    match operator {
        Cmp::Lt => Cmp::Gt,
        Cmp::Gt => Cmp::Lt,
        Cmp::Le => Cmp::Ge,
        Cmp::Ge => Cmp::Le,
        Cmp::Eq => Cmp::Eq,
        Cmp::Ne => Cmp::Ne,
    }
}
