//! The languages and countries of persons, places and companies; the word lists are those of `fake`.

mod europe;
mod registry;
mod world;

pub(super) use registry::{Line, Locale, Places, Style, codes, find};
use registry::{WESTERN, names};
