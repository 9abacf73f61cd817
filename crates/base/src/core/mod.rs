//! Types and traits that everything else speaks: pure, no network, no threads, nothing of the other modules.
//!
//! Reading order: a [`record`] block is read together with its [`position`] as a [`batch`]; a
//! [`source`] makes batches, a [`step`] changes them, a [`sink`] makes them durable; a [`fault`] says what
//! the engine shall do when one of them cannot go on. [`kind`] and [`options`] describe components to
//! users: the stack file, `headwater kinds` and the JSON Schema all read the same tables.

pub mod batch;
pub mod chart;
pub mod context;
pub mod disk;
pub mod fault;
pub mod finding;
pub mod kind;
pub mod lease;
pub mod limits;
pub mod listen;
pub mod options;
pub mod panel;
pub mod position;
pub mod record;
pub mod resources;
pub mod sink;
pub mod source;
pub mod spec;
pub mod step;
pub mod text;
pub mod thread;
pub mod time;
pub mod unit;
pub mod wait;
pub mod words;
