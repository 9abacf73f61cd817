//! `person.*`: the parts of one person, who is the same in all fields of a group.

use super::alias::Alias;
use super::decimal::write_integer;
use super::layout::write_form;
use super::locale::{Locale, Style};
use super::names::Spelling;
use super::random::{Draws, draw_at, mix, multiply};

/// One locale, or several with weights.
#[derive(Debug, Clone)]
pub(super) struct Locales {
    locales: Vec<&'static Locale>,
    weights: Alias,
}

impl Locales {
    /// There is at least one locale.
    pub(super) fn new(weighted: &[(&'static Locale, f64)]) -> Self {
        let weights: Vec<f64> = weighted.iter().map(|(_, weight)| *weight).collect();
        Self {
            locales: weighted.iter().map(|(locale, _)| *locale).collect(),
            weights: Alias::new(&weights),
        }
    }

    #[inline]
    pub(super) fn of(&self, key: u64, index: u64) -> &'static Locale {
        match self.locales.as_slice() {
            [only] => only,
            several => several[self.weights.outcome(draw_at(mix(key ^ LOCALE), index))],
        }
    }
}

const LOCALE: u64 = 0x6C6F_6361_6C65;
const MAIL: u64 = 0x6D61_696C;

/// Of a hundred full names, 96 are a first and a last name only.
const WITH_TITLE: u64 = u64::MAX / 100 * 4;

/// Domains that are reserved for examples: a generated address never reaches anyone.
const MAIL_HOSTS: [&[u8]; 3] = [b"@example.com", b"@example.org", b"@example.net"];

/// Which part of a person a field shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PersonPart {
    Name,
    FirstName,
    LastName,
    Email,
    Username,
    Phone,
}

struct Person {
    locale: &'static Locale,
    first: &'static Spelling,
    last: &'static Spelling,
    affix: u64,
}

impl Person {
    fn new(locales: &Locales, key: u64, index: u64) -> Self {
        let locale = locales.of(key, index);
        let mut draws = Draws::new(key, index);
        let first = &locale.first[draws.pick(locale.first.len())];
        let last = &locale.last[draws.pick(locale.last.len())];
        Self { locale, first, last, affix: draws.bits() }
    }

    fn write_name(&self, out: &mut Vec<u8>) {
        if self.affix >= WITH_TITLE {
            return self.write_both(out);
        }
        let Style { before, after, .. } = self.locale.style;
        let chosen = multiply(mix(self.affix), (before.len() + after.len()) as u64).0 as usize;
        if let Some(title) = before.get(chosen) {
            out.extend_from_slice(title.as_bytes());
        }
        self.write_both(out);
        if let Some(suffix) = chosen.checked_sub(before.len()).and_then(|place| after.get(place)) {
            out.extend_from_slice(suffix.as_bytes());
        }
    }

    fn write_both(&self, out: &mut Vec<u8>) {
        let style = &self.locale.style;
        let (one, two) =
            if style.family_first { (self.last, self.first) } else { (self.first, self.last) };
        one.text.write(out);
        out.extend_from_slice(style.gap.as_bytes());
        two.text.write(out);
    }

    fn write_email(&self, bits: u64, out: &mut Vec<u8>) {
        let (form, rest) = multiply(bits, 8);
        if form == 0 {
            out.push(self.first.slug.first_byte());
        } else {
            self.first.slug.write(out);
            out.push(b'.');
        }
        self.last.slug.write(out);
        let (host, rest) = multiply(rest, 3);
        if form < 4 {
            write_integer(1 + multiply(rest, 999).0 as i64, out);
        }
        out.extend_from_slice(MAIL_HOSTS[host as usize]);
    }

    fn write_username(&self, bits: u64, out: &mut Vec<u8>) {
        out.push(self.first.slug.first_byte());
        self.last.slug.write(out);
        write_integer(1 + multiply(bits, 9999).0 as i64, out);
    }
}

/// Writes one part of the person of this key and index.
pub(super) fn write(
    part: PersonPart,
    locales: &Locales,
    (key, index): (u64, u64),
    out: &mut Vec<u8>,
) {
    let person = Person::new(locales, key, index);
    match part {
        PersonPart::Name => person.write_name(out),
        PersonPart::FirstName => person.first.text.write(out),
        PersonPart::LastName => person.last.text.write(out),
        PersonPart::Email => person.write_email(mix(person.affix ^ MAIL), out),
        PersonPart::Username => person.write_username(mix(person.affix ^ MAIL), out),
        PersonPart::Phone => {
            let mut draws = Draws::new(mix(key), index);
            let forms = person.locale.phone;
            write_form(forms[draws.pick(forms.len())], &mut draws, out);
        }
    }
}
