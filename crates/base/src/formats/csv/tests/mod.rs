//! Tests of CSV reading, by part.

mod header;
mod rows;
mod splitter;
mod transcoder;
