//! The wire of the original `cached-users`, for any schema: one path that registers a record, one that reads it and
//! says whether a cache answered. Flask is the model: keys are sorted, everything beyond ASCII is escaped, a line end
//! closes.

mod get;
mod list;
mod mount;
mod register;
mod scalar;
mod words;

pub use mount::mount;

#[cfg(test)]
mod tests;
