//! OpenAPI 3.1: what a server's resources answer, written from their schemas while it starts, so that it is true for
//! the wire, the limits and the tokens in use.
//!
//! Reading order: `document` puts it together, `book` collects, `field` writes schemas and `example` values; `native`,
//! `fastapi` and `message` say what each wire does.

mod book;
mod document;
mod example;
mod fastapi;
mod field;
mod headers;
mod message;
mod names;
mod native;
mod parts;
mod pattern;
mod security;
mod subject;
mod trouble;

pub use document::document;

#[cfg(test)]
mod tests;
