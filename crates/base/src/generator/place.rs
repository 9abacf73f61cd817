//! `address` and its parts: one place, the same in all fields of a group.

use super::layout::{write_any, write_form, write_word};
use super::locale::{Line, Locale};
use super::person::Locales;
use super::random::{Draws, mix};

/// Which part of a place a field shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlacePart {
    Line,
    Street,
    City,
    State,
    Postcode,
    Country,
}

/// Writes one part of the place of this key and index. Every part has draws of its own, so that it
/// comes out the same alone and within a whole address.
pub(super) fn write(
    part: PlacePart,
    locales: &Locales,
    (key, index): (u64, u64),
    out: &mut Vec<u8>,
) {
    let locale = locales.of(key, index);
    if part != PlacePart::Line {
        return write_part(part, locale, (key, index), out);
    }
    for part in locale.places.line {
        let part = match part {
            Line::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Line::Street => PlacePart::Street,
            Line::City => PlacePart::City,
            Line::State => PlacePart::State,
            Line::Postcode => PlacePart::Postcode,
        };
        write_part(part, locale, (key, index), out);
    }
}

#[inline]
fn write_part(part: PlacePart, locale: &Locale, (key, index): (u64, u64), out: &mut Vec<u8>) {
    let places = &locale.places;
    let mut draws = Draws::new(mix(key ^ part as u64), index);
    match part {
        PlacePart::Street | PlacePart::Line => write_any(places.street, locale, &mut draws, out),
        PlacePart::City => write_any(places.city, locale, &mut draws, out),
        PlacePart::State => write_word(places.state, &mut draws, out),
        PlacePart::Country => write_word(places.country, &mut draws, out),
        PlacePart::Postcode => {
            let forms = places.postcode;
            write_form(forms[draws.pick(forms.len())], &mut draws, out);
        }
    }
}
