//! How every live page of ours is served: one shell, one style, one script, one stream of changes.
//!
//! ```text
//!  publish(topic, parts) -> Hub: parts with the sequence of their last change
//!                            |  each open page: what changed since the last it got, two at once and then 4 a second
//!                            +-> /live (server-sent events) -> worker.js (one for all tabs) -> live.js
//! ```
//!
//! A page is made of *topics*, a topic of *parts*: pieces of markup by the id of the element that they fill. A page
//! is whole as it comes; the script puts newer parts in the places of older ones. It knows no view and no map.

mod asset;
mod entrance;
mod hub;
mod look;
mod mount;
mod pace;
mod page;
mod policy;
mod stream;

pub use asset::{Asset, drawn, fresh};
pub use entrance::Door;
pub use hub::{Hub, Parts, Version};
pub use look::{squeeze, style, theme};
pub use mount::{gate, mount};
pub use pace::{EVERY, Pace};
pub use page::{HTML, Link, Page, clock};
pub use policy::{Policy, is_same_origin};
pub use stream::STREAMS;

#[cfg(test)]
mod tests;
