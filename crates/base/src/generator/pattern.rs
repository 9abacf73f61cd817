//! `pattern`: text in a given form, such as `[A-Z]{3}-[0-9]{4}`.

use std::iter::Peekable;
use std::str::Chars;

use super::clause::Fault;
use super::literal::Literal;
use super::random::Draws;

const MOST_REPEATS: u64 = 1000;

/// A row of character classes with counts.
#[derive(Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    characters: Vec<Literal>,
    fewest: u64,
    most: u64,
}

impl Pattern {
    /// Known are `[abc0-9]`, `\d`, `\w`, any other character as itself (after `\` always), and
    /// `{n}` or `{n,m}` behind each.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new("`pattern` is empty", "write `pattern [A-Z]{3}-[0-9]{4}`"));
        }
        let mut letters = text.chars().peekable();
        let mut parts = Vec::new();
        while let Some(letter) = letters.next() {
            let characters = match letter {
                '[' => class(&mut letters)?,
                '\\' => escaped(letters.next())?,
                '{' | '}' | ']' => {
                    return Err(Fault::new(
                        format!("`{letter}` stands alone in the pattern"),
                        format!("write `\\{letter}` for the character itself"),
                    ));
                }
                other => vec![other],
            };
            let (fewest, most) = repeats(&mut letters)?;
            let characters = characters.iter().map(|c| Literal::new(&c.to_string())).collect();
            parts.push(Part { characters, fewest, most });
        }
        Ok(Self { parts })
    }

    pub(super) fn write(&self, draws: &mut Draws, escaped: bool, out: &mut Vec<u8>) {
        for part in &self.parts {
            let count = match part.most - part.fewest {
                0 => part.fewest,
                spread => part.fewest + draws.below(spread + 1),
            };
            for _ in 0..count {
                let place = match part.characters.len() {
                    1 => 0,
                    length => draws.pick(length),
                };
                part.characters[place].write(escaped, out);
            }
        }
    }
}

fn escaped(letter: Option<char>) -> Result<Vec<char>, Fault> {
    match letter {
        Some('d') => Ok(('0'..='9').collect()),
        Some('w') => Ok(('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['_']).collect()),
        Some(other) => Ok(vec![other]),
        None => Err(Fault::new("the pattern ends in `\\`", "write `\\\\` for a backslash")),
    }
}

/// The inside of `[…]`, after the opening bracket.
fn class(letters: &mut Peekable<Chars<'_>>) -> Result<Vec<char>, Fault> {
    let mut characters: Vec<char> = Vec::new();
    loop {
        let Some(letter) = letters.next() else {
            return Err(Fault::new("a `[` in the pattern is never closed", "write `[A-Z]`"));
        };
        match letter {
            ']' if characters.is_empty() => {
                return Err(Fault::new("`[]` holds no character", "write `[A-Z]`"));
            }
            ']' => return Ok(characters),
            '\\' => characters.extend(escaped(letters.next())?),
            '-' if !characters.is_empty() && letters.peek().is_some_and(|next| *next != ']') => {
                let from = characters.pop().unwrap_or('-');
                let until = letters.next().unwrap_or('-');
                if from > until {
                    return Err(Fault::new(
                        format!("the range `{from}-{until}` is empty"),
                        format!("write `{until}-{from}`"),
                    ));
                }
                characters.extend(from..=until);
            }
            other => characters.push(other),
        }
    }
}

/// `{n}` or `{n,m}`, if there is one.
fn repeats(letters: &mut Peekable<Chars<'_>>) -> Result<(u64, u64), Fault> {
    if letters.next_if_eq(&'{').is_none() {
        return Ok((1, 1));
    }
    let inside: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
    let (fewest, most) = inside.split_once(',').unwrap_or((&inside, &inside));
    match (fewest.trim().parse(), most.trim().parse()) {
        (Ok(fewest), Ok(most)) if fewest <= most && most <= MOST_REPEATS => Ok((fewest, most)),
        _ => Err(Fault::new(
            format!("`{{{inside}}}` is not a count from 0 to {MOST_REPEATS}"),
            "write `{3}` or `{2,5}`",
        )),
    }
}
