//! MQTT 3.1.1 and 5: where a broker is and how to get in, one connection at a time, messages that are acknowledged when
//! somebody says so, messages that are sent until the broker has acknowledged them.
//!
//! Reading order: [`settings`] is what the stack file says; [`wire`] is what the two versions have in common; [`line`]
//! is a connection, over [`stream`], with packets cut by [`frame`] and otherwise read and written by [`version4`] and
//! [`version5`]; [`receiving`] and [`sending`] are the two who use it, each with a thread that owns its connection.

mod frame;
mod line;
mod publishing;
mod received;
pub mod receiving;
pub mod sending;
mod session;
pub mod settings;
mod stream;
mod taking;
#[cfg(test)]
mod tests;
mod version4;
mod version5;
pub mod wire;
