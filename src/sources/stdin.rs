//! `stdin`: what is piped into the process.

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::source::{Read, Source};
use crate::core::wait::Wait;
use crate::formats::assembler::{Assembler, Format};
use std::io::Read as _;
use std::path::Path;

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "stdin",
        summary: "Reads lines, NDJSON or CSV from standard input until it ends.",
        details: "\
A pipe cannot be read again: after a crash the writer has to send anew what was not stored. Use `file` \
where the data is in a file.",
        options: &[Opt::with_default(
            "format",
            Shape::Choice(&["lines", "ndjson", "csv"]),
            "lines",
            "How the input is written.",
        )],
        main: Some("format"),
        example: "stdin: { format: ndjson }",
    },
    replay: Replay::Gone,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let format = Format::of(options.text("format"), Path::new(""));
    Ok(BuiltSource::Read(Box::new(Stdin {
        assembler: Assembler::new(format).in_pieces_of(context.batch_bytes()),
        partition: "input".into(),
        offset: 0,
        has_ended: false,
    })))
}

struct Stdin {
    assembler: Assembler,
    partition: Partition,
    offset: u64,
    has_ended: bool,
}

impl Source for Stdin {
    /// A new input goes on counting behind the old one, so that positions only grow.
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        self.offset = from.position(&self.partition).map_or(0, |position| position.offset);
        Ok(())
    }

    fn read(&mut self, _wait: &Wait) -> Result<Read, Fault> {
        loop {
            let piece = self.assembler.next(self.has_ended).map_err(Fault::stop)?;
            if let Some(piece) = piece {
                self.offset += piece.consumed;
                if piece.records.is_empty() && piece.rejected.is_empty() {
                    continue;
                }
                let mut batch =
                    Batch::new(&self.partition, Position::at(self.offset), piece.records);
                batch.rejected = piece.rejected;
                return Ok(Read::Batch(Box::new(batch)));
            }
            if self.has_ended {
                return Ok(Read::End);
            }
            let read = self.assembler.fill(|room| std::io::stdin().lock().read(room))?;
            self.has_ended = read == 0;
        }
    }
}
