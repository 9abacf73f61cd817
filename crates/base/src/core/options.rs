//! The options of a component: one table says their names, shapes, defaults and meaning. The stack file
//! is checked against it, and `headwater kinds` and the JSON Schema are printed from it.

use crate::core::spec::Spec;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// One option, as the reference shows it.
#[derive(Debug, Clone, Copy)]
pub struct Opt {
    pub name: &'static str,
    pub shape: Shape,
    pub need: Need,
    /// One sentence: what it does, with its unit.
    pub doc: &'static str,
    /// Options that say the same in another way: only one of them can hold.
    pub instead_of: &'static [&'static str],
    /// An option without which this one means nothing.
    pub beside: Option<&'static str>,
}

impl Opt {
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self::new(name, shape, Need::Required, doc)
    }

    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self::new(name, shape, Need::Optional, doc)
    }

    pub const fn with_default(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self::new(name, shape, Need::Default(default), doc)
    }

    const fn new(name: &'static str, shape: Shape, need: Need, doc: &'static str) -> Self {
        Self { name, shape, need, doc, instead_of: &[], beside: None }
    }

    /// The same, and never together with these.
    #[must_use]
    pub const fn instead_of(self, others: &'static [&'static str]) -> Self {
        Self { instead_of: others, ..self }
    }

    /// The same, and only together with that one.
    #[must_use]
    pub const fn beside(self, other: &'static str) -> Self {
        Self { beside: Some(other), ..self }
    }

    /// What the reference says of it.
    pub fn about(&self) -> String {
        let beside = self.beside.map(|other| format!(" Only beside `{other}`."));
        let others = self.instead_of.join("`, `");
        let instead = (!others.is_empty()).then(|| format!(" Not beside `{others}`."));
        [self.doc.to_owned()].into_iter().chain(beside).chain(instead).collect()
    }
}

/// Several tables as one, in this order. `N` is how many options they have together.
///
/// # Panics
/// When it is not: at compile time, for tables are constants.
pub const fn joined<const N: usize>(tables: &[&[Opt]]) -> [Opt; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut option, mut at) = (0, 0, 0);
    while table < tables.len() {
        if option == tables[table].len() {
            (table, option) = (table + 1, 0);
        } else {
            all[at] = tables[table][option];
            (option, at) = (option + 1, at + 1);
        }
    }
    assert!(at == N, "the tables have fewer options");
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
    /// Written as in the stack file.
    Default(&'static str),
}

/// What may stand behind an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// A whole number between the two, both allowed.
    Whole(u64, u64),
    Boolean,
    Duration,
    Size,
    Choice(&'static [&'static str]),
    /// Relative to the working directory.
    Path,
    /// A file name with one part that varies.
    Pattern,
    Url,
    /// A URL with one of these schemes, without the `://`.
    Address(&'static [&'static str]),
    /// The path of a URL.
    Route,
    /// A port, or an address with a port.
    Listen,
    /// Field names with what their values look like.
    Record,
    /// Text with `{field}` in it.
    Template,
    /// A jq expression.
    Expression,
    /// Names with texts, for example HTTP headers.
    Pairs,
    /// Names of fields with the type that an answer must have there.
    Fields,
    /// Names in a list, or one alone.
    Names,
    /// How much of the old is kept: a count, an age or a size.
    Keep,
    /// Some of these words, each with a share: `1%` or `0.01`; together at most all.
    Shares(&'static [&'static str]),
    /// `original`, `max`, or how many times as fast.
    Speed,
}

impl Shape {
    /// How the reference names it.
    pub fn name(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Whole(_, u64::MAX) => "whole number".into(),
            Self::Whole(low, high) => format!("whole number {low}..{high}"),
            Self::Boolean => "true or false".into(),
            Self::Duration => "duration".into(),
            Self::Size => "size".into(),
            Self::Choice(words) => words.join(" | "),
            Self::Path => "path".into(),
            Self::Pattern => "name with one *".into(),
            Self::Url => "URL".into(),
            Self::Address(schemes) => {
                let schemes: Vec<String> =
                    schemes.iter().map(|scheme| format!("{scheme}://…")).collect();
                schemes.join(" | ")
            }
            Self::Route => "path of a URL".into(),
            Self::Listen => "port or address:port".into(),
            Self::Record => "field: type".into(),
            Self::Template => "template".into(),
            Self::Expression => "jq expression".into(),
            Self::Pairs => "name: text".into(),
            Self::Fields => "field: integer | float | boolean | text".into(),
            Self::Names => "list of names".into(),
            Self::Keep => "count, age or size".into(),
            Self::Speed => "original | max | a number".into(),
            Self::Shares(words) => format!("{}: share", words.join(" | ")),
        }
    }
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    Text(String),
    Whole(u64),
    Boolean(bool),
    Duration(Duration),
    Record(Vec<(String, Spec)>),
    Pairs(Vec<(String, String)>),
    Names(Vec<String>),
    Keep(Keep),
    Shares(Vec<(String, f64)>),
}

/// The bound of something that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Count(u64),
    Age(Duration),
    Bytes(u64),
}

/// The checked options of one component; a default stands where the stack file says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    settings: BTreeMap<&'static str, Setting>,
}

impl Options {
    pub fn set(&mut self, name: &'static str, setting: Setting) {
        self.settings.insert(name, setting);
    }

    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.settings.iter().map(|(name, setting)| (*name, setting))
    }

    /// The text of a text, choice, path, URL, template or expression.
    ///
    /// # Panics
    /// Like its siblings, when the component asks for an option that its table does not promise: every
    /// component's example is built in a test, so a user never meets this.
    pub fn text(&self, name: &str) -> &str {
        self.text_if(name).unwrap_or_else(|| missing(name))
    }

    pub fn text_if(&self, name: &str) -> Option<&str> {
        match self.settings.get(name)? {
            Setting::Text(text) => Some(text),
            _ => missing(name),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.text(name))
    }

    pub fn whole(&self, name: &str) -> u64 {
        self.whole_if(name).unwrap_or_else(|| missing(name))
    }

    pub fn whole_if(&self, name: &str) -> Option<u64> {
        match self.settings.get(name)? {
            Setting::Whole(number) => Some(*number),
            _ => missing(name),
        }
    }

    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.settings.get(name), Some(Setting::Boolean(true)))
    }

    pub fn duration(&self, name: &str) -> Duration {
        self.duration_if(name).unwrap_or_else(|| missing(name))
    }

    pub fn duration_if(&self, name: &str) -> Option<Duration> {
        match self.settings.get(name)? {
            Setting::Duration(duration) => Some(*duration),
            _ => missing(name),
        }
    }

    pub fn record_if(&self, name: &str) -> Option<&[(String, Spec)]> {
        match self.settings.get(name)? {
            Setting::Record(fields) => Some(fields),
            _ => missing(name),
        }
    }

    pub fn keep_if(&self, name: &str) -> Option<Keep> {
        match self.settings.get(name)? {
            Setting::Keep(keep) => Some(*keep),
            _ => missing(name),
        }
    }

    pub fn shares_if(&self, name: &str) -> Option<&[(String, f64)]> {
        match self.settings.get(name)? {
            Setting::Shares(shares) => Some(shares),
            _ => missing(name),
        }
    }

    /// None where there are none.
    pub fn names(&self, name: &str) -> &[String] {
        match self.settings.get(name) {
            Some(Setting::Names(names)) => names,
            _ => &[],
        }
    }

    pub fn pairs(&self, name: &str) -> &[(String, String)] {
        match self.settings.get(name) {
            Some(Setting::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }
}

fn missing(name: &str) -> ! {
    panic!("option `{name}` is asked for in a way that the component's table does not promise")
}
