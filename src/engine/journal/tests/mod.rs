//! What the journal promises, one behaviour at a time.

mod behaviour;
mod damage;
mod setup;
mod threads;
