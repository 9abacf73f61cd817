//! `/docs`: the interactive page of an API, embedded in the binary, and the document it shows at `/openapi.json`.
//!
//! The page is Swagger UI, which clients of the originals know; nothing of it comes from another server.

mod mount;

pub use mount::mount;

#[cfg(test)]
mod tests;
