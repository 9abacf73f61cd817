//! The wire of the original `users` API, for any schema: parameters in the query, `{"detail": …}` for errors, a list
//! that is one object by key, no `201`. FastAPI under uvicorn is the model, down to the bytes.

mod entries;
mod form;
mod get;
mod list;
mod mount;
mod parameters;
mod redirect;
mod shape;
mod write;

pub use mount::mount;

#[cfg(test)]
pub(crate) mod tests;
