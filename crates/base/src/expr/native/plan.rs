//! A simple expression: `select`s, then one output. Its meaning is exactly jq's.

use jaq_core::load::parse::{BinaryOp, Term};

use super::super::jq::{Syntax, short};
use super::condition::{Condition, value_at};
use super::fields::{Fields, Found};
use super::output::{Output, Shape, write_without};
use crate::formats::json::Kind;

#[derive(Clone, Debug)]
pub(in crate::expr) struct Plan {
    text: String,
    fields: Fields,
    selects: Vec<Condition>,
    output: Output,
    /// Where the whole record is found, for its truth.
    record: usize,
}

impl Plan {
    /// Nothing when the expression needs jq.
    pub(in crate::expr) fn recognise(text: &str, syntax: &Syntax<'_>) -> Option<Self> {
        let mut fields = Fields::default();
        let mut selects = Vec::new();
        let mut rest = syntax;
        let output = loop {
            let (first, next) = match rest {
                Term::BinOp(left, BinaryOp::Pipe(None), right) => (&**left, Some(&**right)),
                other => (other, None),
            };
            match (selected(first, &mut fields), next) {
                (Some(condition), Some(next)) => {
                    selects.push(condition);
                    rest = next;
                }
                (Some(condition), None) => {
                    selects.push(condition);
                    break Output::Record;
                }
                (None, _) => break Output::recognise(rest, &mut fields)?,
            }
        };
        let record = fields.slot(Vec::new());
        Some(Self { text: short(text), fields, selects, output, record })
    }

    /// Whether `test` can be answered here; building a value only to look at its truth is
    /// left to jq.
    pub(in crate::expr) fn can_test(&self) -> bool {
        matches!(self.output, Output::Record | Output::Built(Shape::Field(_) | Shape::Condition(_)))
    }

    pub(in crate::expr) fn test(&self, line: &[u8]) -> Result<bool, String> {
        let found = self.fields.find(line)?;
        self.test_found(&found).map_err(|reason| self.explain(&reason))
    }

    fn test_found(&self, found: &[Found<'_>]) -> Result<bool, String> {
        if !self.selects(found)? {
            return Ok(false);
        }
        let slot = match &self.output {
            Output::Built(Shape::Condition(condition)) => {
                return condition.holds(&self.fields, found);
            }
            Output::Built(Shape::Field(slot)) => *slot,
            _ => self.record,
        };
        Ok(value_at(slot, &self.fields, found)?.0 > Kind::False)
    }

    /// Appends the output, if any; what it leaves in `out` on errors is the caller's to remove.
    pub(in crate::expr) fn map(&self, line: &[u8], out: &mut Vec<u8>) -> Result<u64, String> {
        let only_members = self.selects.is_empty();
        match &self.output {
            Output::Record if only_members => out.extend_from_slice(line),
            Output::Without(keys) if only_members => {
                write_without(keys, line, out)?.map_err(|reason| self.explain(&reason))?;
            }
            output => {
                let found = self.fields.find(line)?;
                if !self.selects(&found).map_err(|reason| self.explain(&reason))? {
                    return Ok(0);
                }
                let written = match output {
                    Output::Record => {
                        out.extend_from_slice(line);
                        Ok(())
                    }
                    Output::Built(shape) => shape.write(&self.fields, &found, out),
                    Output::Without(keys) => write_without(keys, line, out)?,
                };
                written.map_err(|reason| self.explain(&reason))?;
            }
        }
        out.push(b'\n');
        Ok(1)
    }

    fn selects(&self, found: &[Found<'_>]) -> Result<bool, String> {
        for condition in &self.selects {
            if !condition.holds(&self.fields, found)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn explain(&self, reason: &str) -> String {
        format!("`{}`: {reason}", self.text)
    }
}

/// The condition of `select(...)`.
fn selected(syntax: &Syntax<'_>, fields: &mut Fields) -> Option<Condition> {
    match syntax {
        Term::Call("select", arguments) => match arguments.as_slice() {
            [condition] => Condition::recognise(condition, fields),
            _ => None,
        },
        _ => None,
    }
}
