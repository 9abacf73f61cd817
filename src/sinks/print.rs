//! `print`: each record as a line on standard output.

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::record::{Encoding, Rejected};
use crate::core::sink::{Recovered, Sink};
use crate::expr::Template;
use crate::formats::json_lines;
use std::io::Write as _;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "print",
        summary: "Writes each record as a line to standard output.",
        details: "\
Without a template the record stands there as it is. In a template `{field}` is the field's value, `{a.b}` a \
field inside a field, `{{` and `}}` are braces. Every batch is written at once. `error` is the line for a \
source that could not be read; without it the log alone says so.",
        options: &[
            Opt::optional("template", Shape::Template, "The line, with `{field}` in it."),
            Opt::optional(
                "error",
                Shape::Template,
                "The line for a failure, with `{error}` in it.",
            ),
        ],
        main: Some("template"),
        example: "print: { template: \"Received number: {number}\" }",
    },
    repeat: Repeat::Possible,
    writes: writes_nothing,
    commit_bytes: COMMIT_BYTES,
    build,
};

fn build(options: &Options, _context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let template =
        |name| options.text_if(name).map(Template::parse).transpose().map_err(Fault::stop);
    Ok(Box::new(Print { template: template("template")?, error: template("error")? }))
}

struct Print {
    template: Option<Template>,
    error: Option<Template>,
}

impl Sink for Print {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        Ok(Recovered::default())
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        let records = &batch.records;
        let Some(template) = &self.template else {
            if records.encoding == Encoding::Text {
                show(&records.bytes)?;
                return Ok(Vec::new());
            }
            let (lines, rejected) = json_lines::of(records);
            show(&lines)?;
            return Ok(rejected);
        };
        let (lines, mut rejected) = json_lines::of(records);
        let mut out = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let length = out.len();
            match template.render(line, &mut out) {
                Ok(()) => out.push(b'\n'),
                Err(reason) => {
                    out.truncate(length);
                    rejected.push(Rejected { record: line.to_vec(), reason });
                }
            }
        }
        show(&out)?;
        Ok(rejected)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        Ok(None)
    }

    fn source_failed(&mut self, reason: &str) {
        let Some(template) = &self.error else { return };
        let mut out = Vec::new();
        let lookup = |name: &str| (name == "error").then(|| reason.to_owned());
        let shown = template.render_with(&lookup, &mut out).map_err(Fault::stop).and_then(|()| {
            out.push(b'\n');
            show(&out)
        });
        if let Err(fault) = shown {
            tracing::warn!("standard output: {fault}");
        }
    }
}

/// Standard output carries the data; a reader that went away ends the flow, not the process.
fn show(bytes: &[u8]) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Fault::stop("nobody reads standard output any more"),
        _ => Fault::from(error),
    })
}
