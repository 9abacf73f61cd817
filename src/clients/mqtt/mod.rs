//! MQTT 3.1.1 and 5 behind one small trait: where a broker is and how to get in, one connection at a time, messages
//! that are acknowledged when somebody says so, messages that are sent until the broker has acknowledged them.
//!
//! Reading order: [`settings`] is what the stack file says; [`wire`] is what the two versions have in common;
//! [`receiving`] and [`sending`] are the two who use it, each with a thread that owns its connection.

mod gathered;
pub mod receiving;
pub mod sending;
mod session;
pub mod settings;
mod version4;
mod version5;
pub mod wire;
