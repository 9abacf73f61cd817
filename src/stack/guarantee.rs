//! What a flow guarantees, derived from its parts and said in words.

use crate::core::kind::{Repeat, Replay, SinkKind, SourceKind};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Flow, Part};
use crate::stack::node::{Key, Node};
use std::fmt;

/// From weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// What is read in the moment of a crash may be gone; nothing comes twice.
    AtMostOnce,
    /// Nothing is lost, the last records before a crash may come twice.
    AtLeastOnce,
    /// Nothing is lost, nothing comes twice.
    ExactlyOnce,
}

impl Guarantee {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::AtMostOnce, Self::AtLeastOnce, Self::ExactlyOnce]
            .into_iter()
            .find(|guarantee| guarantee.to_string() == text)
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AtMostOnce => "at-most-once",
            Self::AtLeastOnce => "at-least-once",
            Self::ExactlyOnce => "exactly-once",
        })
    }
}

/// A guarantee with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    pub guarantee: Guarantee,
    pub words: String,
}

/// The guarantee of a flow.
pub fn of(flow: &Flow) -> Derived {
    // Workers that divide a source among them know nothing of what each other has stored.
    let from = |source: &Part<SourceKind>| {
        let is_shared = source.options.is_set("shared");
        let replay = if is_shared { Replay::Kept } else { source.kind.replay };
        derive(source.kind, replay, flow.sink.kind)
    };
    let first = from(&flow.source);
    let then = flow.then.as_ref().map(from);
    then.filter(|then| then.guarantee < first.guarantee).unwrap_or(first)
}

/// The guarantee of any source with any sink.
pub fn between(source: &SourceKind, sink: &SinkKind) -> Derived {
    derive(source, source.replay, sink)
}

fn derive(source: &SourceKind, replay: Replay, sink: &SinkKind) -> Derived {
    let (from, to) = (source.about.name, sink.about.name);
    let (guarantee, words) = match (replay, sink.repeat) {
        (_, Repeat::Nothing) => {
            (Guarantee::AtMostOnce, format!("`{to}` keeps nothing: records end here"))
        }
        (Replay::Again, Repeat::Never) => (
            Guarantee::ExactlyOnce,
            format!(
                "`{from}` can be read again from any position, and `{to}` keeps that position \
                 together with the data: after a crash nothing is missing and nothing stands twice"
            ),
        ),
        (Replay::Again, Repeat::Possible) => (
            Guarantee::AtLeastOnce,
            format!(
                "`{from}` can be read again, so nothing is lost; the records that `{to}` got just \
                 before a crash come again, because it cannot say which it has"
            ),
        ),
        (Replay::Kept, Repeat::Never | Repeat::Possible) => (
            Guarantee::AtLeastOnce,
            format!(
                "`{from}` keeps a message until it is acknowledged, which is after `{to}` has stored it, so \
                 nothing is lost; what a worker held in a crash comes again, perhaps to another worker that \
                 does not know what the first one has stored"
            ),
        ),
        (Replay::Journal, Repeat::Never) => (
            Guarantee::ExactlyOnce,
            format!(
                "`{from}` answers its sender after the record is on disk in the journal, and `{to}` \
                 keeps the journal's position together with the data; only a sender who got no \
                 answer and sends again makes a second record"
            ),
        ),
        (Replay::Journal, Repeat::Possible) => (
            Guarantee::AtLeastOnce,
            format!(
                "`{from}` answers its sender after the record is on disk in the journal, so nothing \
                 acknowledged is lost; the records that `{to}` got just before a crash come again"
            ),
        ),
        (Replay::Gone, Repeat::Never) => (
            Guarantee::AtMostOnce,
            format!(
                "what `{to}` has stored is never lost or doubled; `{from}` cannot be read again, so \
                 what was read and not yet stored in the moment of a crash is gone"
            ),
        ),
        (Replay::Gone, Repeat::Possible) => (
            Guarantee::AtMostOnce,
            format!(
                "`{from}` cannot be read again: what was read and not yet handed to `{to}` in the \
                 moment of a crash is gone"
            ),
        ),
    };
    Derived { guarantee, words }
}

/// Does a summary of this source come to its end?
fn ends(source: &Part<SourceKind>) -> bool {
    match source.kind.about.name {
        "datasets" | "stdin" => true,
        "file" => !source.options.is_set("follow"),
        "generate" => source.options.get("limit").is_some(),
        _ => false,
    }
}

/// Refuses a source that can go on behind no other, and one behind which none ever comes.
pub(super) fn refuse_then(flow: &Flow, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let (first, Some(then)) = (&flow.source, &flow.then) else { return };
    let (name, then) = (first.kind.about.name, then.kind);
    let has_end = match name {
        "replay" => first.options.text("then") == "end",
        "datasets" => false,
        _ => ends(first),
    };
    if !has_end {
        let message = format!("`then` waits for an end that this `{name}` never has");
        let help = "put it behind a `replay` or a `file` that are not followed, `stdin`, or a generator with a limit";
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
    }
    if then.replay == Replay::Journal {
        let message =
            format!("`{}` takes records in from the start and cannot wait", then.about.name);
        let help = "make a flow of its own of it";
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
    }
}

/// Refuses parts that cannot work together.
pub(super) fn refuse(flow: &Flow, key: &Key, diagnostics: &mut Vec<Diagnostic>) {
    let sink = flow.sink.kind.about.name;
    let summarises = flow.steps.iter().any(|step| step.kind.about.name == "summarise");
    let last = flow.then.as_ref().unwrap_or(&flow.source);
    if summarises && !ends(last) {
        let name = last.kind.about.name;
        let message = format!("`summarise` waits for an end that `{name}` never has");
        diagnostics.push(
            Diagnostic::new(key.span.clone(), message).help(
                "summarise datasets, a file that is not followed, or a generator with a limit",
            ),
        );
    }
    if sink == "report" && !summarises {
        let message = "`report` draws summaries, and no step makes them";
        diagnostics
            .push(Diagnostic::new(key.span.clone(), message).help("add `steps: [summarise]`"));
    }
}
