//! Bytes to records and back: pure.

pub mod answer;
pub mod assembler;
pub mod csv;
pub mod event_stream;
pub mod form;
pub mod half_written;
pub mod json;
pub mod json_lines;
pub mod log;
pub mod message;
pub mod pairs;
pub mod payload;
pub mod posted;
pub mod query;
pub mod recording;
pub mod recording_rows;
pub mod table;
