//! One audit from the question to the answer.

use super::answer::{Answer, Example, OnPurpose};
use super::expected::{self, Made, Plan, records};
use super::files::Files;
use super::mark::Mark;
use super::matcher::{Found, Matcher, Of};
use super::places;
use super::subject;
use super::tally::{Case, Place, Wrong};
use super::target::{Block, Defect, Target};
use crate::clients::ledger;
use crate::core::context::Seed;
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::core::limits::SHOWN_BYTES;
use crate::core::position::Checkpoint;
use crate::core::record::{Encoding, Records};
use crate::formats::csv::RowScanner;
use crate::formats::json_lines;
use crate::generator::Injected;
use crate::stack::Stack;
use crate::stack::guarantee::{self, Guarantee};
use crate::stack::model::Flow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Runs of missing records that are named.
const RUNS: usize = 16;

/// What shall be audited.
#[derive(Debug)]
pub struct Question {
    pub stack: Stack,
    /// The flow that generates, or one of its replicas.
    pub flow: String,
    /// Flows that the records go through behind it.
    pub through: Vec<String>,
    pub seed: Seed,
    pub disk: Arc<dyn Disk>,
    /// The flow's own directory under `--data`.
    pub data: PathBuf,
    /// How far the flow has come, when that is kept for several machines.
    pub checkpoint: Option<Checkpoint>,
    /// Files, directories or URLs; none: what the flow's sink names.
    pub targets: Vec<String>,
    pub by: Option<String>,
    /// How many records were made, when the checkpoint is not to be asked.
    pub made: Option<u64>,
    /// Examples of each kind of fault.
    pub examples: usize,
    pub token: Option<String>,
}

/// Reads the targets and compares them with what was made.
pub fn audit(question: &Question) -> Result<Answer, Fault> {
    let mut flows = vec![subject::flow(question, &question.flow)?];
    for name in &question.through {
        flows.push(subject::flow(question, name)?);
    }
    let first = *flows.first().ok_or_else(|| Fault::stop("there is no flow"))?;
    let last = *flows.last().unwrap_or(&first);
    let delivery = subject::delivery(question, first)?;
    // The checkpoint is read before the targets: what it covers is in them already.
    let made = subject::made(question, delivery.limit())?;
    let mut targets = places::targets(question, last)?;
    let (plan, by) = subject::plan(question, &flows, delivery, &targets)?;
    let plan = Plan { made, ..plan };
    let mut reader = Reader::new(&plan, question.examples)?;
    let mut defects = Vec::new();
    for (_, target) in &mut targets {
        let of = if target.is_ordered() { Of::Ordered } else { Of::Unordered };
        reader.matcher.begin(of)?;
        while let Some(block) = target.next()? {
            reader.read(&block)?;
        }
        defects.extend(target.defects());
    }
    subject::excuse(question, last, &mut defects);
    reader.dead_letters(question)?;
    let bound = reader.matcher.finish()?;
    let keeps_all = targets.iter().all(|(_, target)| target.keeps_all());
    let names = targets.into_iter().map(|(name, _)| name).collect();
    let counted = Counted { bound, defects, names, by, keeps_all };
    answer(question, (first, last), &plan, counted, &reader)
}

struct Counted {
    bound: u64,
    defects: Vec<Defect>,
    names: Vec<String>,
    by: String,
    keeps_all: bool,
}

/// Reads blocks into the matcher.
struct Reader<'a> {
    plan: &'a Plan,
    matcher: Matcher<'a>,
    /// The pieces of all targets, with the records read of each.
    pieces: Vec<(Arc<str>, u64)>,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a Plan, examples: usize) -> Result<Self, Fault> {
        Ok(Self { plan, matcher: Matcher::new(plan, examples)?, pieces: Vec::new() })
    }

    fn read(&mut self, block: &Block) -> Result<(), Fault> {
        if self.pieces.last().is_none_or(|(piece, _)| *piece != block.piece) {
            self.pieces.push((Arc::clone(&block.piece), 0));
        }
        if let Some((_, records)) = self.pieces.last_mut() {
            *records += block.skipped;
        }
        for rejected in &block.rejected {
            self.unreadable(&rejected.record)?;
        }
        let Encoding::Csv(shape) = &block.records.encoding else {
            return self.lines(&json_lines::of(&block.records).0);
        };
        let (lines, bad) = json_lines::of(&block.records);
        if bad.is_empty() {
            return self.lines(&lines);
        }
        // Row by row, so that a damaged one stands between its neighbours.
        let mut scanner = RowScanner::new(shape.delimiter);
        let mut rows = scanner.rows(&block.records.bytes);
        while let Some(row) = rows.next_row() {
            let raw = block.records.bytes.get(row.raw.clone()).unwrap_or_default();
            let mut bytes = raw.to_vec();
            bytes.push(b'\n');
            let one = Records { encoding: block.records.encoding.clone(), bytes, count: 1 };
            match json_lines::of(&one) {
                (lines, bad) if bad.is_empty() => self.lines(&lines)?,
                _ => self.unreadable(raw)?,
            }
        }
        Ok(())
    }

    fn lines(&mut self, lines: &[u8]) -> Result<(), Fault> {
        let plan = self.plan;
        for line in records(lines).filter(|line| !line.is_empty()) {
            let (mark, place) = (plan.reading.mark(line), self.next_place());
            self.matcher.place(&Found { mark, place, text: line })?;
        }
        Ok(())
    }

    fn unreadable(&mut self, text: &[u8]) -> Result<(), Fault> {
        let (hash, place) = (xxh3_64(text), self.next_place());
        self.matcher.place(&Found { mark: Mark { key: hash, whole: hash }, place, text })
    }

    fn next_place(&mut self) -> Place {
        let piece = self.pieces.len().saturating_sub(1) as u32;
        let Some((_, records)) = self.pieces.last_mut() else { return Place { piece, record: 0 } };
        *records += 1;
        Place { piece, record: *records }
    }

    /// What the target refused is not missing: it is kept with the reason.
    fn dead_letters(&mut self, question: &Question) -> Result<(), Fault> {
        self.matcher.begin(Of::DeadLetters)?;
        let there = subject::dead_letters(&question.data);
        let there: Vec<PathBuf> =
            there.into_iter().filter(|path| question.disk.metadata(path).is_ok()).collect();
        let mut files = Files::these(&question.disk, there);
        while let Some(block) = files.next()? {
            for line in records(&block.records.bytes) {
                let letter: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
                let Some(text) = letter.get("record").and_then(serde_json::Value::as_str) else {
                    continue;
                };
                let (text, place) = (text.as_bytes(), Place { piece: 0, record: 0 });
                let mark = self.plan.reading.mark(text);
                self.matcher.place(&Found { mark, place, text })?;
            }
        }
        Ok(())
    }

    fn shown(&self, place: Place) -> String {
        let piece = self.pieces.get(place.piece as usize).map_or("", |(piece, _)| &**piece);
        format!("{piece}:{}", place.record)
    }
}

fn answer(
    question: &Question,
    (first, last): (&Flow, &Flow),
    plan: &Plan,
    counted: Counted,
    reader: &Reader,
) -> Result<Answer, Fault> {
    let (seen, tally, bound) = (&reader.matcher.seen, &reader.matcher.tally, counted.bound);
    let keeps = last.sink.options.get("keep").is_some() || !counted.keeps_all;
    let start = if keeps { seen.lowest().unwrap_or(0).min(bound) } else { 0 };
    let missing = (bound - start) - seen.count(start..bound);
    let gaps: Vec<Range<u64>> = seen.gaps(start..bound).take(RUNS).collect();
    let mut cases = tally.cases.clone();
    let lost = gaps.iter().cloned().flatten().take(question.examples);
    let lost = lost.map(|number| Case {
        wrong: Wrong::Missing,
        number: Some(number),
        place: None,
        found: None,
    });
    cases.splice(0..0, lost);
    let texts = texts(plan, &cases, &gaps)?;
    let mut on_purpose = on_purpose(question, plan)?;
    let half_written = counted.defects.iter().filter(|defect| defect.on_purpose).count() as u64;
    if half_written > 0 {
        on_purpose.get_or_insert_default().half_written = half_written;
    }
    let wrong = missing + tally.twice + tally.out_of_order + tally.damaged + tally.foreign;
    let is_clean = wrong == 0
        && counted.defects.iter().all(|defect| defect.on_purpose)
        && on_purpose.as_ref().is_none_or(|it| it.ledger_differs.unwrap_or(0) == 0);
    let mut answer = Answer {
        stack: question.stack.name.clone(),
        flow: question.flow.clone(),
        targets: counted.names,
        by: counted.by,
        made: plan.made,
        expected: bound,
        found: tally.found,
        arrived: (bound - start).saturating_sub(missing + tally.damaged + tally.dead),
        missing,
        twice: tally.twice,
        out_of_order: tally.out_of_order,
        damaged: tally.damaged,
        foreign: tally.foreign,
        in_flight: seen.count(bound..plan.upper.saturating_mul(2).max(bound)),
        dead_letters: tally.dead,
        no_longer_kept: start,
        on_purpose,
        missing_indexes: indexes(&gaps, &texts),
        examples: cases.iter().map(|case| example(case, &texts, reader)).collect(),
        defects: counted.defects,
        remarks: Vec::new(),
        is_clean,
    };
    answer.remarks = remarks(question, &answer, first, last);
    Ok(answer)
}

/// What was expected at the places that are shown.
fn texts(plan: &Plan, cases: &[Case], gaps: &[Range<u64>]) -> Result<BTreeMap<u64, Made>, Fault> {
    let mut numbers: Vec<u64> = cases.iter().filter_map(|case| case.number).collect();
    numbers.extend(gaps.iter().flat_map(|gap| [gap.start, gap.end - 1]));
    numbers.sort_unstable();
    numbers.dedup();
    Ok(expected::made(plan, &numbers)?.into_iter().collect())
}

fn indexes(gaps: &[Range<u64>], texts: &BTreeMap<u64, Made>) -> Vec<Range<u64>> {
    let index = |number: u64| texts.get(&number)?.index;
    let range = |gap: &Range<u64>| Some(index(gap.start)?..index(gap.end - 1)? + 1);
    gaps.iter().filter_map(range).collect()
}

fn example(case: &Case, texts: &BTreeMap<u64, Made>, reader: &Reader) -> Example {
    let made = case.number.and_then(|number| texts.get(&number));
    let says_more = matches!(case.wrong, Wrong::Missing | Wrong::Damaged);
    let found =
        case.found.as_deref().filter(|_| !matches!(case.wrong, Wrong::Twice | Wrong::OutOfOrder));
    Example {
        wrong: case.wrong,
        index: made.and_then(|made| made.index),
        place: case.place.map(|place| reader.shown(place)),
        expected: made.filter(|_| says_more).map(|made| short(&made.text)),
        found: found.map(short),
    }
}

/// Text for people: cut, and never more than one line.
fn short(text: &[u8]) -> String {
    let cut = text.get(..SHOWN_BYTES).unwrap_or(text);
    let mut shown: String = String::from_utf8_lossy(cut)
        .chars()
        .map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter })
        .collect();
    if text.len() > SHOWN_BYTES {
        shown.push('…');
    }
    shown
}

/// The faults that were put in, and whether the ledger says the same.
fn on_purpose(question: &Question, plan: &Plan) -> Result<Option<OnPurpose>, Fault> {
    if plan.delivery.is_flawless() {
        return Ok(None);
    }
    let path = question.data.join("faults.ndjson");
    let noted = ledger::read_all(question.disk.as_ref(), &path, "index")?;
    let first_noted = noted.first().map(|(index, _)| *index);
    let mut noted = noted.into_iter().filter(|(index, _)| *index < plan.made).peekable();
    let (mut counts, mut differ) = (OnPurpose::default(), 0);
    for (index, fault) in plan.delivery.injected(0..plan.made) {
        match fault {
            Injected::Late(_) => counts.late += 1,
            Injected::Repeat => counts.repeat += 1,
            Injected::Drop => counts.drop += 1,
            Injected::Corrupt => counts.corrupt += 1,
        }
        // The older half may be kept no longer.
        if first_noted.is_none_or(|first| index < first) {
            continue;
        }
        while noted.next_if(|(other, _)| *other < index).is_some() {
            differ += 1;
        }
        let is_noted = noted.next_if(|(other, name)| *other == index && name == fault.name());
        differ += u64::from(is_noted.is_none());
    }
    differ += noted.count() as u64;
    Ok(Some(OnPurpose { ledger_differs: first_noted.map(|_| differ), ..counts }))
}

fn remarks(question: &Question, answer: &Answer, first: &Flow, last: &Flow) -> Vec<String> {
    let mut remarks = Vec::new();
    if answer.arrived == 0 && answer.found > 0 && answer.foreign > 0 {
        remarks.push(format!(
            "none of the records is one of this flow's: was it another seed (here {}), another name of \
             the service, or another `record:`?",
            question.seed.seed
        ));
    } else if answer.damaged > answer.arrived {
        remarks.push(
            "most records have the right key and other values: have the seed, the `record:` or a step \
             changed since they were made?"
                .to_owned(),
        );
    }
    let weakest = guarantee::of(first).guarantee.min(guarantee::of(last).guarantee);
    if answer.twice > 0 && weakest == Guarantee::AtLeastOnce {
        remarks.push(
            "this flow is at-least-once: records may come again after a crash (`headwater check`)"
                .to_owned(),
        );
    }
    if answer.missing > 0 && !question.through.is_empty() {
        remarks.push(
            "what is still under way between the flows counts as missing: audit when they have caught up"
                .to_owned(),
        );
    }
    remarks
}
