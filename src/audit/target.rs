//! What an audit reads: anything that hands over its records again, block by block.

use crate::core::fault::Fault;
use crate::core::record::{Records, Rejected};
use std::sync::Arc;

/// Some records of a target that stand together.
#[derive(Debug)]
pub(super) struct Block {
    /// The file, the dataset or the URL that they are in.
    pub piece: Arc<str>,
    pub records: Records,
    /// What is no record of this form at all, such as an endless line.
    pub rejected: Vec<Rejected>,
    /// Places before it where nothing stands, in a target that numbers its places.
    pub skipped: u64,
}

/// A place where a flow's records went. To audit another kind of sink is to write one more of these.
pub(super) trait Target {
    /// The next records; nothing at the end.
    fn next(&mut self) -> Result<Option<Block>, Fault>;

    /// Do the records stand in the order in which they came?
    fn is_ordered(&self) -> bool {
        true
    }

    /// Are these the bytes that the flow delivered? Else only values can be compared.
    fn is_exact(&self) -> bool {
        true
    }

    /// The only fields that its records can have; nothing when they can have any.
    fn fields(&self) -> Option<&[String]> {
        None
    }

    /// Or may it have dropped its oldest records, as it was told to?
    fn keeps_all(&self) -> bool {
        true
    }

    /// What else is wrong with it; asked for at the end.
    fn defects(&mut self) -> Vec<Defect> {
        Vec::new()
    }
}

/// Something about a target that is not one record of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Defect {
    pub place: String,
    pub what: String,
    /// The number of the dataset that it is about.
    #[serde(skip)]
    pub dataset: Option<u64>,
    /// Put in on purpose, as the ledger says.
    pub on_purpose: bool,
}
