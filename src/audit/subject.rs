//! What is audited: the flow whose generator made the records, its steps, where they went, and how far it came.

use super::expected::{Maker, Plan, records};
use super::mark::{Form, Reading, value_of};
use super::places::Named;
use super::run::Question;
use super::target::Defect;
use crate::core::fault::Fault;
use crate::core::options::Setting;
use crate::engine::checkpoint_at;
use crate::formats::half_written::HalfWritten;
use crate::generator::{Delivery, Faults, Generator, Schema};
use crate::stack::model::{Body, Flow};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Places beyond the checkpoint that may have been delivered already.
const SLACK: u64 = 1 << 20;

/// Places that are looked at to learn what the records look like.
const SAMPLE: u64 = 4096;

/// The flow of a name, or the one that a replica's name (`flow-2`) belongs to.
pub(super) fn flow<'q>(question: &'q Question, name: &str) -> Result<&'q Flow, Fault> {
    let whole = question.stack.service(name);
    let replica = || {
        let (base, number) = name.rsplit_once('-')?;
        number.parse::<u32>().ok().and_then(|_| question.stack.service(base))
    };
    match whole.or_else(replica).map(|service| &service.body) {
        Some(Body::Flow(flow)) => Ok(flow),
        Some(_) => Err(Fault::stop(format!("`{name}` is no flow: only a flow delivers records"))),
        None => Err(Fault::stop(question.stack.lacks(name))),
    }
}

/// What the flow's generator delivers, faults on purpose included.
pub(super) fn delivery(question: &Question, flow: &Flow) -> Result<Delivery, Fault> {
    let (kind, options) = (flow.source.kind.about.name, &flow.source.options);
    if kind != "generate" {
        return Err(Fault::stop(format!(
            "the source of `{}` is `{kind}`, and only what `generate` made is known; name the flow that \
             generates, and say `--through {}` if its records go through this one",
            question.flow, question.flow
        )));
    }
    let schema = Schema::parse(options.record_if("record").unwrap_or_default());
    let schema = schema.map_err(|_| Fault::stop("the stack's `record:` cannot be read"))?;
    let seed = question.seed;
    let generator = Generator::new(Arc::new(schema), seed.seed, &question.flow, seed.origin_ms);
    let limit = options.whole_if("limit").unwrap_or(u64::MAX);
    Ok(Delivery::new(generator, options.shares_if("faults").map(Faults::of), limit))
}

/// How many records were made, as far as the flow's checkpoint knows.
pub(super) fn made(question: &Question, limit: u64) -> Result<u64, Fault> {
    if let Some(made) = question.made {
        return Ok(made.min(limit));
    }
    let path = question.data.join("checkpoint");
    let checkpoint = match &question.checkpoint {
        Some(checkpoint) => Some(checkpoint.clone()),
        None => checkpoint_at(&question.disk, &path)?,
    };
    let known = checkpoint.as_ref().and_then(|it| it.position("records"));
    match known {
        Some(position) => Ok(position.offset.min(limit)),
        None if limit < u64::MAX => Ok(limit),
        None => Err(Fault::stop(format!(
            "how many records were made is not known: there is no checkpoint {}; name its directory \
             with --data, or say --made N",
            path.display()
        ))),
    }
}

/// The plan of the audit: what records look like is learnt from the first ones.
pub(super) fn plan(
    question: &Question,
    flows: &[&Flow],
    delivery: Delivery,
    targets: &[Named],
) -> Result<(Plan, String), Fault> {
    let is_exact = targets.iter().all(|(_, target)| target.is_exact());
    let made = made(question, delivery.limit())?;
    let upper = made.saturating_add(SLACK).min(delivery.limit()).max(made);
    let steps = flows.iter().flat_map(|flow| flow.steps.clone()).collect();
    let reading = Reading { form: Form::Exact, by: None };
    let mut plan = Plan { delivery, steps, reading, made, upper };
    let sample = sample(&plan)?;
    let mut names = names(&sample);
    for (place, target) in targets {
        let Some(fields) = target.fields() else { continue };
        let is_missing = |name: &String| !fields.contains(name);
        if flows.last().is_some_and(|last| leaves_out(last)) {
            names.retain(|name| fields.contains(name));
            continue;
        }
        // Records that alone have a field without a column are dead letters.
        let is_in_all = |name: &String| sample.iter().all(|line| value_of(line, name).is_some());
        if let Some(name) = names.iter().find(|name| is_missing(name) && is_in_all(name)) {
            return Err(Fault::stop(format!(
                "{place} has no column `{name}`, which the records have: is it the table of another flow?"
            )));
        }
    }
    let own = plan.delivery.generator().schema().identity();
    let by = match &question.by {
        Some(by) if is_distinct(&sample, by) => Some(by.clone()),
        Some(by) => {
            return Err(Fault::stop(format!(
                "records cannot be told apart by `{by}`: it is not in every record, or has the same value \
                 in several"
            )));
        }
        None => own.filter(|own| is_distinct(&sample, own)).map(str::to_owned),
    };
    if by.is_none() && !are_distinct(&sample) {
        return Err(Fault::stop(
            "the records of this flow cannot be told apart: several are alike; add a field such as \
             `id: sequence` to its `record:`, and keep it in its steps",
        ));
    }
    let told =
        by.as_ref().map_or("all of their bytes".to_owned(), |by| format!("the field `{by}`"));
    let told = if by.is_none() && !is_exact { "all of their fields".to_owned() } else { told };
    let form = if is_exact { Form::Exact } else { Form::Fields(names) };
    plan.reading = Reading { form, by };
    Ok((plan, told))
}

/// Does the sink leave out fields that its target has no place for?
fn leaves_out(flow: &Flow) -> bool {
    let options = &flow.sink.options;
    options.get("unknown_fields").is_some() && options.text("unknown_fields") == "ignore"
}

/// Some records as the flow delivers them, without faults.
fn sample(plan: &Plan) -> Result<Vec<Vec<u8>>, Fault> {
    let upper = plan.delivery.limit().min(SAMPLE * 16);
    let flawless = Plan { delivery: plan.delivery.flawless(), made: upper, upper, ..plan.clone() };
    let (mut maker, mut lines) = (Maker::new(&flawless, 0)?, Vec::new());
    while lines.len() < SAMPLE as usize {
        let Some((_, block)) = maker.next()? else { break };
        lines.extend(records(&block).map(<[u8]>::to_vec));
    }
    Ok(lines)
}

fn names(sample: &[Vec<u8>]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for line in sample {
        if let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(line) {
            names.extend(fields.into_iter().map(|(name, _)| name));
        }
    }
    names.into_iter().collect()
}

fn is_distinct(sample: &[Vec<u8>], by: &str) -> bool {
    let mut seen = BTreeSet::new();
    let is_new =
        |line: &Vec<u8>| value_of(line, by).is_some_and(|value| seen.insert(value.to_vec()));
    !sample.is_empty() && sample.iter().all(is_new)
}

/// A pair that is alike by chance among thousands does no harm.
fn are_distinct(sample: &[Vec<u8>]) -> bool {
    let distinct: BTreeSet<&Vec<u8>> = sample.iter().collect();
    distinct.len() + sample.len() / 1000 >= sample.len()
}

/// Half-written datasets that the sink made on purpose are no defects.
pub(super) fn excuse(question: &Question, last: &Flow, defects: &mut [Defect]) {
    let Some(shares) = last.sink.options.get("faults") else { return };
    let Setting::Shares(shares) = shares else { return };
    let service = question.through.last().unwrap_or(&question.flow);
    let half_written = HalfWritten::of(shares, question.seed.seed, service);
    for defect in defects {
        defect.on_purpose = defect.dataset.is_some_and(|number| half_written.at(number).is_some());
    }
}

/// Where the flow keeps its dead letters, the older file first.
pub(super) fn dead_letters(data: &Path) -> [PathBuf; 2] {
    [data.join("dead-letters.old.ndjson"), data.join("dead-letters.ndjson")]
}
