//! The native wire in a document.

mod describe;
mod filter;
mod item;
mod list;
mod post;
mod refusals;
mod schemas;

pub(super) use describe::describe;
