//! What a resource is: its schema, its values, and what can be asked of a store. Pure: no store, no cache, no wire is
//! known here.
//!
//! Reading order: a [`schema`] has fields; a [`record`] holds one [`value`] a field and is found by its [`key`];
//! [`store`] is the contract of everything that keeps records; [`write`] and [`list`] are what is asked of it,
//! [`change`] what it tells afterwards.

pub mod change;
pub mod config;
pub mod fault;
pub mod json;
pub mod key;
pub mod list;
pub mod pending;
pub mod record;
pub mod schema;
pub mod store;
pub mod value;
pub mod version;
pub mod write;

pub use change::{Change, ChangeKind, ChangePosition, Changes};
pub use config::{Access, CacheConfig, ResourceConfig, Secret, StoreConfig, Wire};
pub use fault::{FaultKind, FieldFault};
pub use key::Key;
pub use list::{Comparison, Condition, Cursor, ListQuery, Order, Page, Sort};
pub use pending::{Answering, Pending, pending};
pub use record::Record;
pub use schema::{Field, FieldKind, FieldLimits, Schema};
pub use store::{Fetched, Health, Listener, Store, StoreError, StoreErrorKind};
pub use value::Value;
pub use version::Version;
pub use write::{Action, Atomicity, ETag, Idempotency, Outcome, Precondition, Write, Written};
