//! What a locale consists of, and finding one by its code.

use std::sync::OnceLock;

use super::super::layout::{Layout, Words};
use super::super::names::{Spelling, spellings};
use super::{europe, world};

/// Everything that differs between locales.
#[derive(Debug)]
pub(in crate::generator) struct Locale {
    pub(in crate::generator) first: Vec<Spelling>,
    pub(in crate::generator) last: Vec<Spelling>,
    pub(in crate::generator) style: Style,
    pub(in crate::generator) places: Places,
    pub(in crate::generator) phone: Words,
    pub(in crate::generator) company: &'static [Layout],
    pub(in crate::generator) job: &'static [Layout],
}

/// How a full name is put together. Titles fit everyone, as first names are not told apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::generator) struct Style {
    pub(in crate::generator) family_first: bool,
    pub(in crate::generator) gap: &'static str,
    /// Titles with the space behind them, and suffixes with the space before them.
    pub(in crate::generator) before: Words,
    pub(in crate::generator) after: Words,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::generator) struct Places {
    pub(in crate::generator) street: &'static [Layout],
    pub(in crate::generator) city: &'static [Layout],
    pub(in crate::generator) state: Words,
    pub(in crate::generator) postcode: Words,
    pub(in crate::generator) country: Words,
    pub(in crate::generator) line: &'static [Line],
}

/// One part of an address on one line.
#[derive(Debug, Clone, Copy)]
pub(in crate::generator) enum Line {
    Text(&'static str),
    Street,
    City,
    State,
    Postcode,
}

pub(super) const WESTERN: Style =
    Style { family_first: false, gap: " ", before: &["Dr. "], after: &[] };

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

pub(in crate::generator) fn codes() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(code, _)| *code)
}

pub(in crate::generator) fn find(code: &str) -> Option<&'static Locale> {
    let wanted = code.to_ascii_lowercase().replace('_', "-");
    let place = codes().position(|known| known == wanted)?;
    Some(BUILT.get(place)?.get_or_init(KNOWN.get(place)?.1))
}

pub(super) fn names<D: fake::locales::Data>(german: bool) -> (Vec<Spelling>, Vec<Spelling>) {
    (spellings(D::NAME_FIRST_NAME, german), spellings(D::NAME_LAST_NAME, german))
}
