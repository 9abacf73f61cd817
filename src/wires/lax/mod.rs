//! What Pydantic's lax mode takes for a field, out of a query's text or a JSON body, and what it says of the rest.

mod values;

pub use values::{Mismatch, from_json, from_text};

#[cfg(test)]
mod tests;
