//! The live map of what runs here: the thread that looks, and the pages that show it.

mod keeper;
mod pages;
mod sampling;

pub(super) use keeper::{Keeper, Looking};
pub(super) use pages::mount;
