//! What the journal promises, one behaviour at a time.

#![expect(clippy::disallowed_methods, reason = "the threads of a test are joined in it")]

mod behaviour;
mod damage;
mod setup;
mod threads;
