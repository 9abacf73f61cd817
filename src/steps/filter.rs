//! `filter`: lets through the records for which an expression is true.

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
        name: "filter",
        summary: "Lets through the records for which a jq expression is true.",
        details: "\
A line of text is looked at as `{\"line\": \"...\"}`. A record for which the expression fails becomes a dead \
letter. Comparisons of fields with plain values, joined by `and` and `or`, are fast: nothing else of the record \
is looked at.",
        options: &[Opt::required(
            "where",
            Shape::Expression,
            "The expression, for example `.age >= 18`.",
        )],
        main: Some("where"),
        example: "filter: .age >= 18",
    },
    build,
};

fn build(options: &Options) -> Result<Box<dyn Step>, Fault> {
    let expression = Expression::compile(options.text("where")).map_err(Fault::stop)?;
    Ok(Box::new(Filter { expression }))
}

struct Filter {
    expression: Expression,
}

impl Step for Filter {
    fn apply(&mut self, mut batch: Batch) -> Result<Option<Batch>, Fault> {
        let mut kept = Records::empty(Encoding::Json);
        let (lines, unreadable) = json_lines::of(&batch.records);
        let mut rejected = unreadable;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match self.expression.test(line) {
                Ok(true) => kept.push_json(line),
                Ok(false) => {}
                Err(reason) => rejected.push(Rejected { record: line.to_vec(), reason }),
            }
        }
        batch.records = kept;
        batch.rejected.extend(rejected);
        Ok(Some(batch))
    }
}
