//! Small templates of which places, companies and jobs are made: fixed text, words, numbers.

use super::decimal::write_integer;
use super::locale::Locale;
use super::random::{Draws, multiply};

/// A list of words, one of which is picked.
pub(super) type Words = &'static [&'static str];

/// One part of a template.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Text(&'static str),
    First,
    Last,
    Word(Words),
    /// A number from 1 to this one.
    Number(u32),
}

/// A template.
pub(super) type Layout = &'static [Part];

/// Writes one of several templates, all equally likely.
#[inline]
pub(super) fn write_any(layouts: &[Layout], locale: &Locale, draws: &mut Draws, out: &mut Vec<u8>) {
    let chosen = match layouts.len() {
        1 => 0,
        length => draws.pick(length),
    };
    for part in layouts[chosen] {
        part.write(locale, draws, out);
    }
}

impl Part {
    #[inline]
    fn write(self, locale: &Locale, draws: &mut Draws, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::First => locale.first[draws.pick(locale.first.len())].text.write(out),
            Self::Last => locale.last[draws.pick(locale.last.len())].text.write(out),
            Self::Word(words) => write_word(words, draws, out),
            Self::Number(most) => write_integer(1 + draws.pick(most as usize) as i64, out),
        }
    }
}

/// Fills in a form: `#` is a digit, `^` a digit above 1, `$` a letter. One draw yields all its digits: each is
/// what a product shifts out at the top.
pub(super) fn write_form(form: &str, draws: &mut Draws, out: &mut Vec<u8>) {
    let mut bits = draws.bits();
    let mut next = |count: u64| {
        let (digit, rest) = multiply(bits, count);
        bits = rest;
        digit as u8
    };
    let start = out.len();
    out.extend_from_slice(form.as_bytes());
    for byte in out.iter_mut().skip(start) {
        match byte {
            b'#' => *byte = b'0' + next(10),
            b'^' => *byte = b'2' + next(8),
            b'$' => *byte = b'A' + next(26),
            _ => {}
        }
    }
}

/// Writes one of a list of words, all equally likely.
#[inline]
pub(super) fn write_word(words: Words, draws: &mut Draws, out: &mut Vec<u8>) {
    out.extend_from_slice(words[draws.pick(words.len())].as_bytes());
}
