//! Views: live pages over a resource's API, a cache, a flow or a directory of results.
//!
//! ```text
//!  reading thread                     drawing thread                        server
//!  events, lists,  -> queue (1024) -> table of what panels  -> parts -> Hub -> page, /live
//!  a tap, a log                       show; drawn for those             \-> panels/NAME.svg .png .csv .json
//!                                     who look, at most 4 times a second
//! ```
//!
//! The queue is bounded, so that a view that draws slowly slows its API's stream; a flow is never slowed, it is
//! looked at. A browser that reads slowly misses parts and slows nobody.

mod cached;
mod drawing;
mod history;
mod list;
mod markup;
mod message;
mod page;
mod panels;
mod pictures;
mod reader;
mod record;
mod results;
mod serve;
mod table;
mod tapped;
#[cfg(test)]
mod tests;
mod values;
mod view;

pub use cached::FindCache;
pub use tapped::FindFlow;
pub use view::{Origin, RunningView, View, records_of};
