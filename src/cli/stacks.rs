//! `stacks` and `init`: what is built in, and how to get it out.

use crate::cli::arguments::{Arguments, StacksCommand};
use crate::cli::{exit, out};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Disk, write_atomically};
use crate::stack::builtin::{self, Builtin};
use serde_json::json;
use std::path::Path;

pub(super) fn stacks(arguments: &Arguments, command: Option<&StacksCommand>) -> exit::Code {
    if let Some(StacksCommand::Show { name }) = command {
        return match find(name) {
            Some(stack) => {
                out::say(stack.text);
                exit::OK
            }
            None => exit::USAGE,
        };
    }
    if arguments.json {
        let stacks = builtin::ALL
            .iter()
            .map(|stack| json!({ "name": stack.name, "summary": stack.summary() }));
        out::json(&stacks.collect());
        return exit::OK;
    }
    for stack in builtin::ALL {
        out::say(&format!("{:<14}{}\n", stack.name, stack.summary()));
    }
    exit::OK
}

fn find(name: &str) -> Option<&'static Builtin> {
    let found = builtin::find(name);
    if found.is_none() {
        let known: Vec<&str> = builtin::ALL.iter().map(|stack| stack.name).collect();
        let help = match crate::core::words::nearest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("built in are {}", known.join(", ")),
        };
        out::error(&format!("there is no built-in stack `{name}`; {help}"));
    }
    found
}

/// Copies a stack to a directory; what is there is never overwritten.
pub(super) fn init(name: &str, directory: Option<&Path>) -> exit::Code {
    let Some(stack) = find(name) else { return exit::USAGE };
    let directory = directory.unwrap_or(Path::new(name));
    let mut files = vec![("headwater.yaml", stack.text), ("README.md", stack.readme)];
    if !stack.deploy.is_empty() {
        files.push(("deploy.yaml", stack.deploy));
    }
    for (file, _) in &files {
        let path = directory.join(file);
        if path.exists() {
            let path = path.display();
            out::error(&format!(
                "{path} is there already; name another directory, or move it away"
            ));
            return exit::FAILURE;
        }
    }
    let written = RealDisk.create_dir_all(directory).and_then(|()| {
        files.iter().try_for_each(|(file, text)| {
            write_atomically(&RealDisk, &directory.join(file), text.as_bytes())
        })
    });
    match written {
        Ok(()) => {
            let path = directory.join("headwater.yaml");
            let path = path.display();
            out::say(&format!("{path} is yours; run it with: headwater up {path}\n"));
            exit::OK
        }
        Err(error) => {
            out::error(&error.to_string());
            exit::FAILURE
        }
    }
}
