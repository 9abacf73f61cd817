//! `choice` and `boolean`: one of several given values, evenly or by weight.

use super::alias::Alias;
use super::clause::{Clause, Fault, share};
use super::literal::{self, Literal};
use super::random::{self, Draws};
use super::spec::Spec;

/// One of several literals.
#[derive(Debug)]
pub(super) struct Choice {
    options: Vec<Literal>,
    /// `None` when all are equally likely.
    weights: Option<Alias>,
    bare: bool,
}

impl Choice {
    pub(super) fn is_text(&self) -> bool {
        !self.bare
    }

    pub(super) fn write(&self, draws: &mut Draws, escaped: bool, out: &mut Vec<u8>) {
        let option = match &self.weights {
            Some(alias) => alias.outcome(draws.bits()),
            None => draws.pick(self.options.len()),
        };
        self.options[option].write(escaped, out);
    }

    /// `choice red, green, blue` or `choice ok 95, warn 4, error 1`.
    pub(super) fn parse(clause: &Clause<'_>) -> Result<Self, Fault> {
        let parts = split_list(clause.rest());
        if parts.iter().any(|part| part.is_empty()) {
            return Err(nothing_to_choose());
        }
        let split: Vec<Option<(&str, f64)>> = parts.iter().map(|part| split_weight(part)).collect();
        if split.iter().all(Option::is_none) {
            return Self::even(&parts);
        }
        let weighted: Option<Vec<(&str, f64)>> = split.into_iter().collect();
        match weighted {
            Some(weighted) => Self::weighted(&weighted),
            None => Err(Fault::new(
                "some choices have a weight and some have none",
                "give every choice a weight, or put those that end in a number in double quotes",
            )),
        }
    }

    /// `{ choice: { ok: 95, warn: 4 } }` or `{ choice: [a, b] }` or a list.
    pub(super) fn from_spec(spec: &Spec) -> Result<Self, Fault> {
        match spec {
            Spec::List(items) => {
                let texts = items.iter().map(|item| match item {
                    Spec::Text(text) => Ok(text.as_str()),
                    _ => Err(Fault::new(
                        "a choice can only hold plain values",
                        "write texts or numbers, as in [red, green, blue]",
                    )),
                });
                Self::even(&texts.collect::<Result<Vec<_>, _>>()?)
            }
            Spec::Map(entries) => {
                let weighted = entries.iter().map(|(name, weight)| match weight {
                    Spec::Text(text) => weight_of(name, text).map(|weight| (name.as_str(), weight)),
                    _ => Err(bad_weight(name, "a map or list")),
                });
                Self::weighted(&weighted.collect::<Result<Vec<_>, _>>()?)
            }
            Spec::Text(text) => Self::parse(&Clause::new(&format!("choice {text}"))),
        }
    }

    fn even(texts: &[&str]) -> Result<Self, Fault> {
        if texts.is_empty() {
            return Err(nothing_to_choose());
        }
        let read: Vec<(&str, bool)> = texts.iter().map(|text| literal::read(text)).collect();
        Ok(Self {
            options: read.iter().map(|(text, _)| Literal::new(text)).collect(),
            weights: None,
            bare: read.iter().all(|(_, bare)| *bare),
        })
    }

    fn weighted(entries: &[(&str, f64)]) -> Result<Self, Fault> {
        let texts: Vec<&str> = entries.iter().map(|(text, _)| *text).collect();
        let weights: Vec<f64> = entries.iter().map(|(_, weight)| *weight).collect();
        let total: f64 = weights.iter().sum();
        if !texts.is_empty() && (total <= 0.0 || !total.is_finite()) {
            return Err(Fault::new("all weights are 0", "give at least one choice a weight"));
        }
        Ok(Self { weights: Some(Alias::new(&weights)), ..Self::even(&texts)? })
    }
}

fn nothing_to_choose() -> Fault {
    Fault::new("there is nothing to choose from", "write `choice red, green, blue`")
}

pub(super) fn weight_of(name: &str, text: &str) -> Result<f64, Fault> {
    let weight = text.trim().parse::<f64>().ok();
    weight
        .filter(|weight| *weight >= 0.0 && weight.is_finite())
        .ok_or_else(|| bad_weight(name, text))
}

fn bad_weight(name: &str, found: &str) -> Fault {
    Fault::new(
        format!("the weight of `{name}` must be a number from 0 up, not `{found}`"),
        "write a number, such as 10",
    )
}

/// Splits `ok 95` into the value and its weight.
fn split_weight(part: &str) -> Option<(&str, f64)> {
    let (value, weight) = part.rsplit_once(char::is_whitespace)?;
    let weight = weight.parse::<f64>().ok()?;
    (weight >= 0.0 && weight.is_finite() && !part.ends_with('"')).then_some((value.trim(), weight))
}

/// Splits at commas that are not inside double quotes.
pub(super) fn split_list(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
    .collect()
}

/// True with a given probability.
#[derive(Debug)]
pub(super) struct Boolean {
    share: f64,
}

impl Boolean {
    pub(super) fn parse(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let share = clause.word().map(|word| share("boolean", word)).transpose()?.unwrap_or(0.5);
        clause.finish()?;
        Ok(Self { share })
    }

    pub(super) fn write(&self, bits: u64, out: &mut Vec<u8>) {
        let text: &[u8] = if random::happens(bits, self.share) { b"true" } else { b"false" };
        out.extend_from_slice(text);
    }
}
