//! The languages and countries of persons, places and companies; the word lists are those of `fake`.

mod europe;
mod world;

use std::sync::OnceLock;

use super::layout::{Layout, Words};
use super::names::{Spelling, spellings};

/// Everything that differs between locales.
#[derive(Debug)]
pub(super) struct Locale {
    pub(super) first: Vec<Spelling>,
    pub(super) last: Vec<Spelling>,
    pub(super) style: Style,
    pub(super) places: Places,
    pub(super) phone: Words,
    pub(super) company: &'static [Layout],
    pub(super) job: &'static [Layout],
}

/// How a full name is put together. Titles fit everyone, as first names are not told apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) family_first: bool,
    pub(super) gap: &'static str,
    /// Titles with the space behind them, and suffixes with the space before them.
    pub(super) before: Words,
    pub(super) after: Words,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) street: &'static [Layout],
    pub(super) city: &'static [Layout],
    pub(super) state: Words,
    pub(super) postcode: Words,
    pub(super) country: Words,
    pub(super) line: &'static [Line],
}

/// One part of an address on one line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line {
    Text(&'static str),
    Street,
    City,
    State,
    Postcode,
}

const WESTERN: Style = Style { family_first: false, gap: " ", before: &["Dr. "], after: &[] };

type Build = fn() -> Locale;

const KNOWN: [(&str, Build); 14] = [
    ("en", world::english),
    ("de", europe::german),
    ("fr", europe::french),
    ("it", europe::italian),
    ("nl", europe::dutch),
    ("pt", europe::portuguese),
    ("pt-br", world::brazilian),
    ("cy", europe::welsh),
    ("tr", europe::turkish),
    ("ja", world::japanese),
    ("zh", world::chinese),
    ("zh-tw", world::taiwanese),
    ("ar", world::arabic),
    ("fa", world::persian),
];

/// Locales are built when a schema first names them: their tables take a moment to lay out.
static BUILT: [OnceLock<Locale>; KNOWN.len()] = [const { OnceLock::new() }; KNOWN.len()];

pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(code, _)| *code)
}

pub(super) fn find(code: &str) -> Option<&'static Locale> {
    let wanted = code.to_ascii_lowercase().replace('_', "-");
    let place = codes().position(|known| known == wanted)?;
    Some(BUILT.get(place)?.get_or_init(KNOWN.get(place)?.1))
}

fn names<D: fake::locales::Data>(german: bool) -> (Vec<Spelling>, Vec<Spelling>) {
    (spellings(D::NAME_FIRST_NAME, german), spellings(D::NAME_LAST_NAME, german))
}
