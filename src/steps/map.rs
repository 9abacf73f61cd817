//! `map`: makes other records of records.

use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::kind::{About, StepKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::record::{Encoding, Records, Rejected};
use crate::core::step::Step;
use crate::expr::Expression;
use crate::formats::json_lines;

pub(super) static KIND: StepKind = StepKind {
    about: About {
        name: "map",
        summary: "Makes of each record what a jq expression says: one record, several, or none.",
        details: "\
A line of text is looked at as `{\"line\": \"...\"}`. A record for which the expression fails becomes a dead \
letter. Expressions that could run without end (`while`, `until`, `def`, ...) are refused by `check`.",
        options: &[Opt::required(
            "to",
            Shape::Expression,
            "The expression, for example `{name, age}`.",
        )],
        main: Some("to"),
        example: "map: \"{name, age}\"",
    },
    build,
};

fn build(options: &Options) -> Result<Box<dyn Step>, Fault> {
    let expression = Expression::compile(options.text("to")).map_err(Fault::stop)?;
    Ok(Box::new(Map { expression }))
}

struct Map {
    expression: Expression,
}

impl Step for Map {
    fn apply(&mut self, mut batch: Batch) -> Result<Option<Batch>, Fault> {
        let mut made = Records::empty(Encoding::Json);
        let (lines, unreadable) = json_lines::of(&batch.records);
        let mut rejected = unreadable;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match self.expression.map(line, &mut made.bytes) {
                Ok(outputs) => made.count += outputs,
                Err(reason) => rejected.push(Rejected { record: line.to_vec(), reason }),
            }
        }
        batch.records = made;
        batch.rejected.extend(rejected);
        Ok(Some(batch))
    }
}
