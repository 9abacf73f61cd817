//! A stream of NATS JetStream: its messages in their order, each at the place of its sequence.

use super::target::{Block, Target};
use crate::clients::nats::{Address, Payload, Whole, filter_of};
use crate::core::fault::Fault;
use crate::core::limits::{BATCH_BYTES, LINE_BYTES};
use crate::core::options::{Options, Setting};
use crate::core::record::{Encoding, Records, Rejected};
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) struct Stream {
    whole: Whole,
    piece: Arc<str>,
    ready: VecDeque<Payload>,
    /// The sequence of the last message that was handed over.
    passed: u64,
}

impl Stream {
    /// By the options of the sink `nats`.
    pub(super) fn of_sink(options: &Options) -> Result<Self, Fault> {
        let filter = filter_of(options.text("subject"));
        Self::open(&Address::of(options), options.text("stream"), Some(&filter))
    }

    /// By `nats://HOST:4222/STREAM`.
    pub(super) fn at(url: &str, token: Option<&str>) -> Result<Self, Fault> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        let Some((server, stream)) = rest.rsplit_once('/').filter(|(_, it)| !it.is_empty()) else {
            return Err(Fault::stop(
                "which stream? Write it behind the URL: nats://HOST:4222/STREAM",
            ));
        };
        let mut options = Options::default();
        options.set("url", Setting::Text(format!("{scheme}://{server}")));
        if let Some(token) = token {
            options.set("token", Setting::Text(token.to_owned()));
        }
        Self::open(&Address::of(&options), stream, None)
    }

    fn open(address: &Address, stream: &str, filter: Option<&str>) -> Result<Self, Fault> {
        let whole = Whole::open(address, stream, filter)?;
        let piece = whole.shown().into();
        Ok(Self { whole, piece, ready: VecDeque::new(), passed: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.piece
    }
}

impl Target for Stream {
    /// What stands together without a gap; a message that is no record ends a block.
    fn next(&mut self) -> Result<Option<Block>, Fault> {
        if self.ready.is_empty() {
            self.ready.extend(self.whole.next(BATCH_BYTES)?.into_iter().flatten());
        }
        let Some(first) = self.ready.front() else { return Ok(None) };
        let skipped = first.sequence.saturating_sub(self.passed + 1);
        self.passed += skipped;
        let (mut records, mut rejected) = (Records::empty(Encoding::Json), Vec::new());
        while let Some(message) = self.ready.pop_front_if(|it| it.sequence == self.passed + 1) {
            self.passed += 1;
            let is_line = !message.bytes.is_empty() && !message.bytes.contains(&b'\n');
            if is_line && message.bytes.len() <= LINE_BYTES {
                records.push_json(&message.bytes);
                continue;
            }
            if !records.is_empty() {
                self.passed -= 1;
                self.ready.push_front(message);
                break;
            }
            let shown = message.bytes.get(..LINE_BYTES).unwrap_or(&message.bytes);
            let (record, reason) = (shown.to_vec(), "it is no record on one line".to_owned());
            rejected.push(Rejected { record, reason });
            break;
        }
        Ok(Some(Block { piece: Arc::clone(&self.piece), records, rejected, skipped }))
    }

    fn keeps_all(&self) -> bool {
        self.whole.keeps_all()
    }
}
