//! What a resource is: its schema, its values, and what can be asked of a store. Pure: no store, no cache, no wire is
//! known here.
//!
//! Reading order: a [`schema`] has fields; a [`record`] holds one [`value`] a field and is found by its [`key`];
//! [`store`] is the contract of everything that keeps records; [`write`] and [`list`] are what is asked of it,
//! [`change`] what it tells afterwards. [`json`], [`etag`], [`patch`], [`lax`], [`validate`] and
//! [`compatible`] are what everybody does with them.

pub mod bulk;
pub mod change;
pub mod compatible;
pub mod config;
mod cursor;
pub mod etag;
pub mod fault;
mod filter;
pub mod key;
pub mod list;
pub mod pattern;
pub mod pending;
pub mod query;
pub mod record;
pub mod schema;
pub mod store;
mod stored;
#[cfg(test)]
mod tests;
pub mod value;
pub mod values;
pub mod version;
pub mod write;

pub use change::{Change, ChangeKind, ChangePosition, Changes};
pub use config::{Access, CacheConfig, ResourceConfig, Secret, StoreConfig, Wire};
pub use etag::ETag;
pub use fault::{FaultKind, FieldFault};
pub use key::Key;
pub use list::{Comparison, Condition, Cursor, ListQuery, Order, Page, SHORT_PAGE, Sort};
pub use pattern::Pattern;
pub use pending::{Answering, Pending, pending};
pub use record::Record;
pub use schema::{Field, FieldKind, FieldLimits, Schema};
pub use store::{Fetched, Health, Listener, Store, StoreError, StoreErrorKind};
pub use value::Value;
pub use values::{embedded, json, lax, limits, parse, patch, validate};
pub use version::Version;
pub use write::{Action, Atomicity, Idempotency, Outcome, Precondition, Write, Written};
