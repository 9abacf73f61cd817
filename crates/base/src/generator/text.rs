//! `text.*`: words, sentences and paragraphs of filler text.

use fake::locales::{Data, EN};

use super::clause::{Clause, Fault, range};
use super::random::Draws;

const WORDS: &[&str] = EN::LOREM_WORD;

/// Filler text of one to a few hundred words.
#[derive(Debug)]
pub(super) enum Text {
    Words { fewest: u64, most: u64 },
    Sentence,
    Paragraph,
}

impl Text {
    pub(super) fn parse(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let text = match clause.kind {
            "text.words" => Self::words(&mut clause)?,
            "text.sentence" => Self::Sentence,
            "text.paragraph" => Self::Paragraph,
            _ => Self::Words { fewest: 1, most: 1 },
        };
        clause.finish()?;
        Ok(text)
    }

    fn words(clause: &mut Clause<'_>) -> Result<Self, Fault> {
        let (fewest, most) = match clause.word() {
            None => (3, 3),
            Some(word) if word.contains("..") => range::<u64>("text.words", Some(word), "3..6")?,
            Some(word) => {
                let count = word.parse().map_err(|_| how_many(word))?;
                (count, count)
            }
        };
        if fewest == 0 || most > 1000 {
            return Err(how_many(&most.to_string()));
        }
        Ok(Self::Words { fewest, most })
    }

    pub(super) fn write(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        match *self {
            Self::Words { fewest, most } => {
                let count = fewest + draws.below(most - fewest + 1);
                write_words(count, draws, out);
            }
            Self::Sentence => write_sentence(draws, out),
            Self::Paragraph => {
                for sentence in 0..3 + draws.below(4) {
                    if sentence > 0 {
                        out.push(b' ');
                    }
                    write_sentence(draws, out);
                }
            }
        }
    }
}

fn how_many(found: &str) -> Fault {
    Fault::new(
        format!("`text.words` takes 1 to 1000 words, not `{found}`"),
        "write `text.words 3` or `text.words 3..6`",
    )
}

fn write_sentence(draws: &mut Draws, out: &mut Vec<u8>) {
    let start = out.len();
    let count = 5 + draws.below(8);
    write_words(count, draws, out);
    if let Some(first) = out.get_mut(start) {
        first.make_ascii_uppercase();
    }
    out.push(b'.');
}

fn write_words(count: u64, draws: &mut Draws, out: &mut Vec<u8>) {
    for word in 0..count {
        if word > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(WORDS[draws.pick(WORDS.len())].as_bytes());
    }
}
