//! The rows of a PostgreSQL table, as they stand at one moment.

use super::target::{Block, Target};
use crate::clients::postgres::whole::Whole;
use crate::core::fault::Fault;
use crate::core::limits::BATCH_BYTES;
use crate::core::options::{Options, Setting};
use std::sync::Arc;
use std::time::Duration;

/// How long the server may take until the next row comes.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) struct Rows {
    whole: Whole,
    piece: Arc<str>,
}

impl Rows {
    /// By the options of the sink `postgres`.
    pub(super) fn open(options: &Options) -> Result<Self, Fault> {
        let whole = Whole::open(options)?;
        let piece = format!("postgres://{}#{}", whole.shown(), options.text("table")).into();
        Ok(Self { whole, piece })
    }

    /// By `postgres://USER:PASSWORD@HOST/DATABASE#TABLE`.
    pub(super) fn at(url: &str) -> Result<Self, Fault> {
        let named = url.rsplit_once('#');
        // A password may hold the sign too.
        let Some((url, table)) = named.filter(|(_, table)| !table.contains(['@', '/'])) else {
            return Err(Fault::stop(
                "which table? Write it behind the URL: postgres://USER@HOST/DATABASE#TABLE",
            ));
        };
        let mut options = Options::default();
        options.set("url", Setting::Text(url.to_owned()));
        options.set("table", Setting::Text(table.to_owned()));
        options.set("timeout", Setting::Duration(TIMEOUT));
        Self::open(&options)
    }

    pub(super) fn name(&self) -> &str {
        &self.piece
    }
}

impl Target for Rows {
    fn next(&mut self) -> Result<Option<Block>, Fault> {
        let Some((records, rejected)) = self.whole.next(BATCH_BYTES)? else { return Ok(None) };
        Ok(Some(Block { piece: Arc::clone(&self.piece), records, rejected, skipped: 0 }))
    }

    /// A table promises none.
    fn is_ordered(&self) -> bool {
        false
    }

    fn is_exact(&self) -> bool {
        false
    }

    fn fields(&self) -> Option<&[String]> {
        Some(self.whole.columns())
    }
}
