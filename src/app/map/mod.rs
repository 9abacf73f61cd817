//! The live map of what runs here: the thread that looks, and the pages that show it.

mod keeper;
mod letters;
mod nodes;
mod pages;
mod peers;
mod records;
mod sampling;
mod webhook;

pub(super) use keeper::{Keeper, Looking, Place};
pub(super) use pages::{STREAMS, mount};
pub(super) use records::record;
