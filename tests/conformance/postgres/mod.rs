//! PostgreSQL, on real servers of the tests' own: the laws of all stores, servers that go away, and others who use the
//! same tables.

mod laws;
mod locks;
mod login;
mod others;
mod support;
mod tables;
mod trouble;
mod versions;
