//! The functions expressions can call: jaq's definitions and natives less what is refused,
//! every definition counted, plus our own natives over our own values.

use jaq_core::load::parse::Def;
use jaq_core::native::Fun;

use super::engine::Values;
use super::{bound, functions, mathematics, patterns};

/// Definitions left out: endless ones, and ones that stand on natives that are not here.
const LEFT_OUT: &[&str] = &[
    "repeat",
    "while",
    "until",
    "stderr",
    "debug",
    "halt",
    "halt_error",
    "todate",
    "fromdate",
    "@html",
    "@htmld",
    "@uri",
    "@urid",
    "@base64",
    "@base64d",
    "logb",
    "significand",
    "drem",
    "nexttoward",
    "scalb",
    "gamma",
];

pub(super) fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let kept = all.filter(|definition| {
        let endless = definition.name == "combinations" && !definition.args.is_empty();
        !endless && !LEFT_OUT.contains(&definition.name)
    });
    kept.map(bound::bound_definition)
}

/// Ours come first, since the first one of a name is taken.
pub(super) fn natives() -> impl Iterator<Item = Fun<Values>> {
    let ours = functions::all().into_iter().chain(mathematics::all()).chain(patterns::all());
    let theirs = jaq_core::funs().chain(jaq_std::base_funs());
    let counted = std::iter::once(bound::count_function());
    counted.chain(ours).chain(theirs.filter(|(name, ..)| *name != "halt"))
}

/// The names an expression may have meant by `word`, nearest first.
pub(super) fn similar_name(word: &str) -> Option<String> {
    let definitions = definitions().map(|definition| definition.name);
    let names = definitions.chain(natives().map(|(name, ..)| name)).filter(|name| {
        name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with('_')
    });
    let near = names.map(|name| (distance(word, name), name)).min()?;
    (near.0 <= 2.min(word.len() / 3)).then(|| near.1.to_owned())
}

/// How many letters must change to make one word the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        for (column, other) in right.iter().enumerate() {
            let changed = row[column] + usize::from(letter != *other);
            next.push(changed.min(row[column + 1] + 1).min(next[column] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
