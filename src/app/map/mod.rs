//! The live map of what runs here: the thread that looks, and the pages that show it.

mod keeper;
mod nodes;
mod pages;
mod records;
mod sampling;

pub(super) use keeper::{Keeper, Looking, Place};
pub(super) use pages::mount;
