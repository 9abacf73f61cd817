//! `company.*`: names of companies and jobs.

use super::layout::write_any;
use super::person::Locales;
use super::random::Draws;

/// What a field shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BusinessPart {
    Name,
    Job,
}

pub(super) fn write(
    part: BusinessPart,
    locales: &Locales,
    (key, index): (u64, u64),
    out: &mut Vec<u8>,
) {
    let locale = locales.of(key, index);
    let layouts = match part {
        BusinessPart::Name => locale.company,
        BusinessPart::Job => locale.job,
    };
    write_any(layouts, locale, &mut Draws::new(key, index), out);
}
