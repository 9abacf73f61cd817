//! What the paths of a server answer. To add one, write `name.rs` in this folder and name it here and in
//! `stack/service.rs`.

pub mod counter;
pub mod generate;
