//! `move`: copies a resource to another store and proves that both hold the same.

use crate::app::{Move, MoveNote, open_store};
use crate::cli::arguments::{Arguments, MoveResource};
use crate::cli::{exit, files, out};
use crate::clients::disk::RealDisk;
use crate::resource::{ResourceConfig, StoreConfig};
use crate::stack::{Stack, parse_store};
use serde_json::json;
use std::sync::Arc;

pub(super) fn move_resource(arguments: &Arguments, wanted: &MoveResource) -> exit::Code {
    let found = files::find(wanted.stack.as_deref()).and_then(|source| files::load(&source));
    let stack = match found {
        Ok(stack) => stack,
        Err(code) => return code,
    };
    let Some(resource) = stack.resource(&wanted.resource) else {
        let names: Vec<&str> = stack.resources.iter().map(|it| it.schema.name.as_str()).collect();
        let known =
            if names.is_empty() { "none".to_owned() } else { format!("only {}", names.join(", ")) };
        out::error(&format!(
            "the stack {} has no resource `{}`, {known}",
            stack.name, wanted.resource
        ));
        return exit::USAGE;
    };
    let from = match wanted.from.as_deref().map(place).transpose() {
        Ok(from) => from.unwrap_or_else(|| resource.store.clone()),
        Err(code) => return code,
    };
    let to = match place(&wanted.to) {
        Ok(to) => to,
        Err(code) => return code,
    };
    if from == to || to == StoreConfig::Memory || from == StoreConfig::Memory {
        out::error("a move goes from one lasting store to another: sqlite:FILE or postgres://…");
        return exit::USAGE;
    }
    match run(arguments, &stack, resource, (&from, &to, wanted.resume)) {
        Ok(()) => exit::OK,
        Err(reason) => {
            out::error(&reason);
            exit::FAILURE
        }
    }
}

fn place(text: &str) -> Result<StoreConfig, exit::Code> {
    parse_store(text).ok_or_else(|| {
        // The text may hold a password, so it is not repeated.
        out::error(
            "this is no store: write sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        );
        exit::USAGE
    })
}

fn run(
    arguments: &Arguments,
    stack: &Stack,
    resource: &ResourceConfig,
    (from, to, is_resumed): (&StoreConfig, &StoreConfig, bool),
) -> Result<(), String> {
    let directory = arguments.data.join(&stack.name);
    let open = |config: &StoreConfig| {
        open_store(&resource.schema, config, &directory).map_err(|fault| fault.to_string())
    };
    let (source, target) = (open(from)?, open(to)?);
    let mut progress = |copied: u64| {
        if copied.is_multiple_of(100_000) && copied > 0 {
            out::tell(&format!("{copied} records copied\n"));
        }
    };
    let note = directory.join(format!("move-{}.json", resource.schema.name));
    let note = MoveNote::new(Arc::new(RealDisk), note);
    let moving =
        Move { from: &source, to: &target, is_resumed, note: &note, progress: &mut progress };
    let moved = moving.run().map_err(|fault| fault.to_string())?;
    if arguments.json {
        let digest = format!("{:016x}", moved.digest);
        out::json(&json!({ "records": moved.records, "digest": digest }));
    } else {
        out::say(&format!(
            "{} records of {} moved and compared: both stores hold the same (digest {:016x}).\n\
             Now name the new store in the stack file and restart; the old one is left as it is.\n",
            moved.records, resource.schema.name, moved.digest
        ));
    }
    Ok(())
}
