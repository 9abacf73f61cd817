//! `dead-letters`: what could not be delivered. It reads the data directory and leaves its requests there, whether
//! the stack runs or not.

use crate::cli::arguments::{Arguments, ChosenLetters, LettersCommand};
use crate::cli::{exit, files, out};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Disk as _, DiskError};
use crate::core::wait::Wait;
use crate::core::words;
use crate::engine::letters::{self, Answer, Letter, Numbers, Shelf, What};
use crate::stack::Stack;
use crate::stack::model::Body;
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a request is watched: a running flow looks for them twice a second.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Reasons that a list names.
const REASONS: usize = 10;

pub(super) fn run(arguments: &Arguments, command: &LettersCommand) -> exit::Code {
    let done = match command {
        LettersCommand::List { stack } => list(arguments, stack.as_deref()),
        LettersCommand::Show { service, number, last, stack } => {
            let last = if number.is_some() { usize::MAX } else { *last };
            show(arguments, (stack.as_deref(), service), *number, last)
        }
        LettersCommand::Replay(chosen) => ask(arguments, chosen, What::Replay),
        LettersCommand::Drop(chosen) => ask(arguments, chosen, What::Drop),
    };
    match done {
        Ok(()) => exit::OK,
        Err(Failure::Told(code)) => code,
        Err(Failure::Disk(error)) => {
            out::error(&error.to_string());
            exit::FAILURE
        }
    }
}

/// Why it did not work.
enum Failure {
    /// And was told already.
    Told(exit::Code),
    Disk(DiskError),
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

fn fail<T>(code: exit::Code, reason: &str) -> Result<T, Failure> {
    out::error(reason);
    Err(Failure::Told(code))
}

/// The letters of one flow, added up.
#[derive(Default)]
struct Heap {
    count: u64,
    oldest: String,
    newest: String,
    reasons: BTreeMap<String, u64>,
}

impl Heap {
    fn of(directory: &Path) -> Result<Self, DiskError> {
        let mut heap = Self::default();
        Shelf::open(&RealDisk, directory)?.each(|letter| {
            if heap.count == 0 {
                heap.oldest.clone_from(&letter.time);
            }
            heap.count += 1;
            heap.newest = letter.time;
            *heap.reasons.entry(letter.reason).or_default() += 1;
        })?;
        Ok(heap)
    }

    fn reasons(&self) -> Vec<(&str, u64)> {
        let mut reasons: Vec<(&str, u64)> =
            self.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }
}

fn list(arguments: &Arguments, stack: Option<&str>) -> Result<(), Failure> {
    let flows = Flows::of(arguments, stack)?;
    let mut all = Vec::new();
    for name in &flows.names {
        let directory = flows.directory.join(name);
        let waiting = letters::waiting(&RealDisk, &directory)?.len();
        all.push((name, Heap::of(&directory)?, waiting, letters::answers(&RealDisk, &directory)?));
    }
    if arguments.json {
        let all = all.iter().map(|(name, heap, waiting, answers)| {
            let reasons = heap.reasons();
            let reasons = reasons.iter().map(|(reason, count)| json!({ "reason": reason, "letters": count }));
            json!({
                "service": name, "letters": heap.count, "oldest": heap.oldest, "newest": heap.newest,
                "reasons": reasons.collect::<Vec<_>>(), "requests": waiting, "answers": answers,
            })
        });
        out::json(&all.collect());
        return Ok(());
    }
    for (name, heap, waiting, answers) in all {
        let span = if heap.count == 0 {
            String::new()
        } else {
            format!(", from {} to {}", heap.oldest, heap.newest)
        };
        out::say(&format!("{name}: {}{span}\n", counted(heap.count, "dead letter")));
        let reasons = heap.reasons();
        for (reason, count) in reasons.iter().take(REASONS) {
            out::say(&format!("{count:>8}  {}\n", harmless(reason)));
        }
        if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
            out::say(&format!("          and {}\n", counted(more as u64, "other reason")));
        }
        if waiting > 0 {
            let waiting = counted(waiting as u64, "request");
            out::say(&format!("          not carried out yet: {waiting}\n"));
        }
        if let Some(answer) = answers.last() {
            out::say(&format!("          {}: {answer}\n", answer.done));
        }
    }
    Ok(())
}

fn show(
    arguments: &Arguments,
    (stack, service): (Option<&str>, &str),
    number: Option<u64>,
    last: usize,
) -> Result<(), Failure> {
    let directory = Flows::of(arguments, stack)?.find(service)?;
    let mut shown: VecDeque<Letter> = VecDeque::new();
    Shelf::open(&RealDisk, &directory)?.each(|letter| {
        if number.is_none_or(|number| number == letter.number) {
            shown.push_back(letter);
        }
        if shown.len() > last {
            shown.pop_front();
        }
    })?;
    if let (Some(number), true) = (number, shown.is_empty()) {
        return no_such(service, &directory, number);
    }
    if arguments.json {
        out::json(&json!(shown));
        return Ok(());
    }
    if shown.is_empty() {
        out::say(&format!("{service} has no dead letters\n"));
    }
    for letter in shown {
        let tries = match letter.tries {
            0 => String::new(),
            tries => format!(", replayed before: {tries}"),
        };
        let (number, time, place) = (letter.number, &letter.time, letter.place());
        out::say(&format!(
            "{number}  {time}  {place}{tries}\n    {}\n    {}\n",
            harmless(&letter.reason),
            harmless(&letter.record)
        ));
    }
    Ok(())
}

/// What came from outside may hold what a terminal takes for a command; `--json` has it as it is.
fn harmless(text: &str) -> String {
    let is_safe = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars().map(|letter| if is_safe(letter) { letter } else { '\u{FFFD}' }).collect()
}

fn no_such<T>(service: &str, directory: &Path, number: u64) -> Result<T, Failure> {
    let (mut first, mut last) = (None, 0);
    Shelf::open(&RealDisk, directory)?.each(|letter| {
        first.get_or_insert(letter.number);
        last = letter.number;
    })?;
    let there = match first {
        Some(first) => format!("its letters are between {first} and {last}"),
        None => "it has none".to_owned(),
    };
    fail(exit::FAILURE, &format!("`{service}` has no dead letter {number}: {there}"))
}

/// Leaves a request, and looks for a moment whether a flow carries it out.
fn ask(arguments: &Arguments, chosen: &ChosenLetters, what: What) -> Result<(), Failure> {
    let service = &chosen.service;
    let directory = Flows::of(arguments, chosen.stack.as_deref())?.find(service)?;
    if chosen.numbers.is_empty() && chosen.reason.is_none() && !chosen.all {
        return fail(exit::USAGE, "say which letters: their numbers, or --reason TEXT, or --all");
    }
    let (mut numbers, mut refused) = (Numbers::default(), BTreeMap::new());
    Shelf::open(&RealDisk, &directory)?.each(|letter| {
        let is_it = match &chosen.reason {
            Some(text) => letter.reason.contains(text.as_str()),
            None => chosen.all || chosen.numbers.contains(&letter.number),
        };
        match letter.replayed_as() {
            _ if !is_it => {}
            Err(reason) if what == What::Replay => *refused.entry(reason).or_insert(0) += 1,
            _ => numbers.push(letter.number),
        }
    })?;
    if refused.is_empty()
        && let Some(missing) = chosen.numbers.iter().find(|number| !numbers.contains(**number))
    {
        return no_such(service, &directory, *missing);
    }
    for (reason, count) in &refused {
        out::tell(&format!("{} cannot be replayed: {reason}\n", counted(*count, "letter")));
    }
    if numbers.is_empty() {
        let none = match (&chosen.reason, refused.is_empty()) {
            (_, false) => format!("`{service}` has no dead letter that can be replayed"),
            (Some(text), true) => {
                format!(
                    "`{service}` has no dead letter with `{text}` in its reason; see: headwater dead-letters list"
                )
            }
            (None, true) => format!("`{service}` has no dead letters"),
        };
        return fail(exit::FAILURE, &none);
    }
    let id = letters::ask(&RealDisk, &directory, what, numbers.clone())?;
    say_what_became(arguments, service, numbers.count(), watch(&directory, &id)?);
    Ok(())
}

/// What became of a request, if a flow carries it out soon.
fn watch(directory: &Path, id: &str) -> Result<Option<Answer>, DiskError> {
    let (tick, mut waited) = (Wait::new(), Duration::ZERO);
    while waited < PATIENCE {
        let answers = letters::answers(&RealDisk, directory)?;
        if let Some(answer) = answers.into_iter().find(|answer| answer.id == id) {
            return Ok(Some(answer));
        }
        tick.sleep(LOOK);
        waited += LOOK;
    }
    Ok(None)
}

fn say_what_became(arguments: &Arguments, service: &str, letters: u64, answer: Option<Answer>) {
    if arguments.json {
        out::json(&json!({ "service": service, "letters": letters, "answer": answer }));
        return;
    }
    out::say(&match answer {
        Some(answer) => format!("{service}: {answer}\n"),
        None => format!(
            "{service}: {} asked for; no running flow has done it yet, so it is done as soon as one can, at the \
             latest when `{service}` is started again\n",
            counted(letters, "letter")
        ),
    });
}

/// The flows of a stack with what they left in the data directory.
struct Flows {
    stack: String,
    directory: PathBuf,
    names: Vec<String>,
}

impl Flows {
    fn of(arguments: &Arguments, stack: Option<&str>) -> Result<Self, Failure> {
        let source = files::find(stack).map_err(Failure::Told)?;
        let stack = files::load(&source).map_err(Failure::Told)?;
        let directory = arguments.data.join(&stack.name);
        let mut names = Vec::new();
        for flow in flows(&stack) {
            names.push(flow.to_owned());
            names.extend(replicas(&directory, flow)?);
        }
        Ok(Self { stack: stack.name, directory, names })
    }

    fn find(&self, service: &str) -> Result<PathBuf, Failure> {
        if self.names.iter().any(|name| name == service) {
            return Ok(self.directory.join(service));
        }
        let help = match words::nearest(service, self.names.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`"),
            None if self.names.is_empty() => "it has none".to_owned(),
            None => format!("it has {}", self.names.join(", ")),
        };
        fail(
            exit::USAGE,
            &format!(
                "the stack {} has no flow `{service}`: {help}; name another stack with --stack FILE",
                self.stack
            ),
        )
    }
}

fn flows(stack: &Stack) -> impl Iterator<Item = &str> {
    let services = stack.services.iter().filter(|service| matches!(service.body, Body::Flow(_)));
    services.map(|service| service.name.as_str())
}

/// `flow-1`, `flow-2`: a flow that ran several times.
fn replicas(directory: &Path, flow: &str) -> Result<Vec<String>, DiskError> {
    let paths = match RealDisk.list(directory) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        paths => paths?,
    };
    let names = paths.iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    let is_number = |tail: &str| !tail.is_empty() && tail.bytes().all(|it| it.is_ascii_digit());
    Ok(names
        .filter(|name| {
            let tail = name.strip_prefix(flow).and_then(|tail| tail.strip_prefix('-'));
            tail.is_some_and(is_number)
        })
        .collect())
}

fn counted(many: u64, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}
