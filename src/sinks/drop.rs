//! `drop`: takes records and keeps nothing.

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::Options;
use crate::core::position::Checkpoint;
use crate::core::record::Rejected;
use crate::core::sink::{Recovered, Sink};

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "drop",
        summary: "Takes records and keeps nothing: for trying a source, and for measuring.",
        details: "",
        options: &[],
        main: None,
        example: "drop: {}",
    },
    repeat: Repeat::Nothing,
    writes: writes_nothing,
    commit_bytes: COMMIT_BYTES,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(_options: &Options, _context: &Context) -> Result<Box<dyn Sink>, Fault> {
    Ok(Box::new(Drop))
}

struct Drop;

impl Sink for Drop {
    fn recover(&mut self, _kept: &Checkpoint) -> Result<Recovered, Fault> {
        Ok(Recovered::default())
    }

    fn write(&mut self, _batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        Ok(Vec::new())
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        Ok(None)
    }
}
