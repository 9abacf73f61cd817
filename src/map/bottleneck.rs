//! What holds a stack up, in one sentence: somebody who looks shall not have to compare numbers.

use crate::charts::number::{count, number};
use crate::core::unit::show_duration;
use crate::map::graph::Kind;
use crate::map::picture::{Level, Picture, Reading, Shown, Side, Verdict};
use crate::map::sample::Condition;
use std::time::Duration;

/// A part that works for this share of the time can do no more.
const CAPACITY: f32 = 0.85;
/// Records that wait this long are late, whatever the rates say.
const LATE: Duration = Duration::from_secs(10);
/// This share of answers with an error is worth a word.
const ERRORS: f32 = 0.01;

/// The first thing that a person should look at.
pub fn verdict(picture: &Picture) -> Verdict {
    let found = first(picture, failed)
        .or_else(|| first(picture, down))
        .or_else(|| downstream(picture, sink_waits))
        .or_else(|| downstream(picture, at_capacity))
        .or_else(|| first(picture, waits))
        .or_else(|| downstream(picture, late))
        .or_else(|| first(picture, errors));
    found.unwrap_or_else(|| good(picture))
}

type Rule = fn(&Shown) -> Option<(Level, String)>;

fn first(picture: &Picture, rule: Rule) -> Option<Verdict> {
    picture.nodes.iter().find_map(|node| told(node, rule))
}

/// Of several, the last on the way of the data: what stands before it only backs up behind it.
fn downstream(picture: &Picture, rule: Rule) -> Option<Verdict> {
    let links = picture.links();
    let mut order: Vec<usize> = (0..picture.nodes.len()).collect();
    order.sort_by_key(|node| std::cmp::Reverse(depth(*node, &links, picture.nodes.len())));
    order.into_iter().find_map(|at| told(picture.nodes.get(at)?, rule))
}

fn depth(node: usize, links: &[(usize, usize)], left: usize) -> usize {
    let before = links.iter().filter(|(_, to)| *to == node && left > 0);
    before.map(|(from, _)| depth(*from, links, left / 2) + 1).max().unwrap_or(0)
}

fn told(node: &Shown, rule: Rule) -> Option<Verdict> {
    let (level, text) = rule(node)?;
    Some(Verdict { text, node: Some(node.node.id.clone()), level })
}

fn reason(reading: &Reading) -> String {
    reading.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
}

fn failed(node: &Shown) -> Option<(Level, String)> {
    let is_failed = node.reading.condition == Condition::Failed;
    let why = reason(&node.reading);
    is_failed.then(|| (Level::Bad, format!("{} has failed{why}.", node.node.name)))
}

fn down(node: &Shown) -> Option<(Level, String)> {
    let is_down = node.reading.condition == Condition::Down;
    let why = reason(&node.reading);
    is_down.then(|| (Level::Bad, format!("{} does not answer{why}.", node.node.name)))
}

fn sink_waits(node: &Shown) -> Option<(Level, String)> {
    let waits = node.reading.condition == Condition::Waiting;
    let is_sink = waits && node.reading.waits == Some(Side::Sink);
    is_sink.then(|| {
        let (sink, why) = (part(node, "sink"), reason(&node.reading));
        (Level::Bad, format!("{} cannot deliver, its sink{sink} waits{why}.", node.node.name))
    })
}

fn waits(node: &Shown) -> Option<(Level, String)> {
    if node.reading.condition != Condition::Waiting {
        return None;
    }
    let (what, why) = match node.reading.waits {
        Some(Side::Source) => {
            (format!("its source{}", part(node, "source")), reason(&node.reading))
        }
        Some(Side::Journal) => ("its journal".to_owned(), reason(&node.reading)),
        _ => ("it".to_owned(), reason(&node.reading)),
    };
    Some((Level::Notice, format!("{} gets nothing, {what} waits{why}.", node.node.name)))
}

/// It works all the time, and what waits grows or is late.
fn at_capacity(node: &Shown) -> Option<(Level, String)> {
    let now = &node.reading.now;
    let grows = node.reading.growth > 0.0 || oldest(node) > LATE;
    if node.node.kind != Kind::Flow || !grows {
        return None;
    }
    let is_full = |share: Option<f32>| share.is_some_and(|share| share >= CAPACITY);
    let (what, share) = if is_full(now.writing) {
        (format!("its sink{}", part(node, "sink")), now.writing)
    } else if is_full(now.stepping) {
        ("its steps".to_owned(), now.stepping)
    } else {
        return None;
    };
    let share = share.unwrap_or_default() * 100.0;
    let text = format!(
        "{} is at capacity: {what} works {share:.0} % of the time, and {}.",
        node.node.name,
        waiting(node)
    );
    Some((Level::Notice, text))
}

fn late(node: &Shown) -> Option<(Level, String)> {
    let is_late = node.node.kind == Kind::Flow && oldest(node) > LATE;
    is_late.then(|| (Level::Notice, format!("{} is late: {}.", node.node.name, waiting(node))))
}

fn errors(node: &Shown) -> Option<(Level, String)> {
    let now = &node.reading.now;
    let (wrong, all) = (now.errors_per_second?, now.taken_per_second?);
    let is_server = matches!(node.node.kind, Kind::Server | Kind::View | Kind::Gate);
    let is_much = is_server && all > 0.0 && wrong / all > ERRORS;
    is_much.then(|| {
        let share = number(f64::from(wrong / all * 100.0));
        (
            Level::Notice,
            format!("{} answers {share} % of its requests with errors.", node.node.name),
        )
    })
}

fn oldest(node: &Shown) -> Duration {
    let seconds = node.reading.now.oldest_seconds.unwrap_or_default();
    Duration::try_from_secs_f32(seconds).unwrap_or_default()
}

fn waiting(node: &Shown) -> String {
    let many = node.reading.now.waiting.unwrap_or_default() as u64;
    let records = if many == 1 {
        "1 record waits".to_owned()
    } else {
        format!("{} records wait", count(many))
    };
    format!("{records}, the oldest for {}", show_duration(oldest(node)))
}

/// ` append_file data/x.ndjson`; without the file when the reason names it anyway.
fn part(node: &Shown, role: &str) -> String {
    let found = node.node.parts.iter().find(|part| part.role == role);
    let why = node.reading.reason.as_deref().unwrap_or_default();
    found.map_or_else(String::new, |part| {
        let detail = if why.contains(&part.detail) { "" } else { &part.detail };
        format!(" {} {detail}", part.kind).trim_end().to_owned()
    })
}

fn good(picture: &Picture) -> Verdict {
    let services: Vec<&Shown> =
        picture.nodes.iter().filter(|node| node.node.kind.is_service()).collect();
    let is = |condition: Condition| {
        !services.is_empty() && services.iter().all(|node| node.reading.condition == condition)
    };
    let text = match () {
        () if is(Condition::Ended) => "Everything is done: all sources have ended.",
        () if services.iter().any(|node| node.reading.condition == Condition::Starting) => {
            "Starting."
        }
        () => "Nothing holds it up.",
    };
    Verdict { text: text.to_owned(), node: None, level: Level::Good }
}
