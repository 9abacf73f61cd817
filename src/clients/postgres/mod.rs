//! PostgreSQL: how a server is reached, shared with the stores of resources; and a table as the end of a flow.
//!
//! Reading order: [`url`], [`connection`], [`trouble`]; then [`table`] (what the catalogue says), [`taking`] (new
//! rows), [`giving`] (records into a table, with the position in the same transaction) and [`whole`] (all rows once).

pub mod connection;
pub mod giving;
mod insert;
mod positions;
pub mod registers;
pub mod table;
pub mod taking;
mod tls;
pub mod trouble;
pub mod url;
pub mod whole;
