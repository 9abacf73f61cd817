//! From the text of a stack file to a checked model.
//!
//! [`expand`] reads the environment, [`node`] keeps where everything stands, [`check`] turns that into a
//! [`model::Stack`] and collects every mistake as a [`diagnostic::Diagnostic`]. Everything behind this
//! module works on the model alone.

mod alert;
pub mod builtin;
mod check;
mod component;
mod conflicts;
pub mod diagnostic;
pub mod expand;
mod gate;
pub mod guarantee;
pub mod lease;
pub mod model;
pub mod node;
mod options;
mod resources;
mod route;
pub mod scale;
pub mod schema;
mod service;
mod shares;
pub mod variables;
mod via;
mod view;

pub use check::{Environment, load, record};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use model::Stack;
pub use resources::parse_store;
