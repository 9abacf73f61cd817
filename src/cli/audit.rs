//! `audit`: proves that what a flow generated arrived.

use crate::app::known_seed;
use crate::audit::{Question, audit};
use crate::cli::arguments::{Arguments, AuditFlow};
use crate::cli::{exit, files, out};
use crate::clients::disk::RealDisk;
use crate::clients::leases;
use crate::core::context::Seed;
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::core::position::Checkpoint;
use crate::engine::checkpoint_for_all;
use crate::stack::Stack;
use crate::stack::model::Body;
use std::path::Path;
use std::sync::Arc;

pub(super) fn audit_flow(arguments: &Arguments, wanted: &AuditFlow) -> exit::Code {
    let question = match question(arguments, wanted) {
        Ok(question) => question,
        Err(code) => return code,
    };
    match audit(&question) {
        Ok(answer) => {
            if arguments.json {
                out::json(&serde_json::to_value(&answer).unwrap_or_default());
            } else {
                out::say(&answer.text());
            }
            if answer.is_clean { exit::OK } else { exit::NOT_CLEAN }
        }
        Err(fault) => {
            out::error(fault.reason());
            exit::FAILURE
        }
    }
}

fn question(arguments: &Arguments, wanted: &AuditFlow) -> Result<Question, exit::Code> {
    let source = files::find(wanted.stack.as_deref())?;
    let stack = files::load(&source)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let data = arguments.data.join(&stack.name);
    let failed = |what: String| {
        out::error(&what);
        exit::FAILURE
    };
    let base = wanted.flow.rsplit_once('-').map_or(wanted.flow.as_str(), |(base, _)| base);
    if stack.service(&wanted.flow).or_else(|| stack.service(base)).is_none() {
        let lacks = stack.lacks(&wanted.flow);
        return Err(failed(format!("{lacks}; name another stack with --stack")));
    }
    let kept = kept_for_all(&stack, &wanted.flow, disk.as_ref());
    let (checkpoint, seed) = kept.map_err(|fault| failed(fault.to_string()))?.unzip();
    let known = || known_seed(stack.seed, disk.as_ref(), &data);
    let seed = seed
        .flatten()
        .map_or_else(known, |seed| Ok(Some(seed)))
        .map_err(|fault| failed(fault.to_string()))?
        .ok_or_else(|| {
            failed(format!(
                "the seed is not known: {} is not there, and the stack has no `seed:`; name the directory of \
                 the run with --data",
                data.join("seed.json").display()
            ))
        })?;
    let token = wanted.token_file.as_deref().map(token).transpose().map_err(failed)?;
    Ok(Question {
        data: data.join(&wanted.flow),
        checkpoint,
        stack,
        flow: wanted.flow.clone(),
        through: wanted.through.clone(),
        seed,
        disk,
        targets: wanted.targets.clone(),
        by: wanted.by.clone(),
        made: wanted.made,
        examples: wanted.examples.min(1000),
        token,
    })
}

/// What is kept where several machines reach it, of a flow that any of them may have run.
fn kept_for_all(
    stack: &Stack,
    flow: &str,
    disk: &dyn Disk,
) -> Result<Option<(Checkpoint, Option<Seed>)>, Fault> {
    let Some(Body::Flow(found)) = stack.service(flow).map(|service| &service.body) else {
        return Ok(None);
    };
    let Some(place) = &found.elects else { return Ok(None) };
    let payload = leases::saved(place, disk, &stack.name, flow)?;
    payload.as_deref().map(checkpoint_for_all).transpose()
}

fn token(path: &Path) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
