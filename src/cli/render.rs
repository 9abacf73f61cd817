//! `render`: writes down how a stack is deployed.

use crate::catalog::Catalog;
use crate::cli::arguments::{Platform, Render};
use crate::cli::files::{self, Source};
use crate::cli::{exit, out};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Disk, write_atomically};
use crate::render::{Deploy, Plan, Request, Wrong, compose, kubernetes, plan, swarm};
use crate::stack::builtin;
use std::path::Path;

/// What stands beside a stack file and is read without being named.
const DEPLOY: &str = "deploy.yaml";

pub(super) fn render(wanted: &Render) -> exit::Code {
    let made = files::find(wanted.stack.as_deref())
        .and_then(|source| planned(wanted, &source).map(|plan| (plan, source)));
    let (plan, source) = match made {
        Ok(made) => made,
        Err(code) => return code,
    };
    let (text, notes) = match wanted.target {
        Platform::Compose => compose(&plan),
        Platform::Swarm => swarm(&plan),
        Platform::Kubernetes => kubernetes(&plan),
    };
    let written = if let Some(directory) = &wanted.output {
        write(directory, wanted.target, &text, &plan, &source)
    } else {
        out::say(&text);
        exit::OK
    };
    if written == exit::OK {
        tell(&notes);
    }
    written
}

fn planned(wanted: &Render, source: &Source) -> Result<Plan, exit::Code> {
    let builtin = source.path.is_none().then(|| source.name.trim_start_matches("built-in "));
    let deploy = deploy(wanted, source, builtin)?;
    let catalog = Catalog::all();
    let request = Request {
        file: &source.name,
        text: &source.text,
        builtin,
        image: &wanted.image,
        set: &wanted.set,
        scale: &wanted.scale,
        deploy: &deploy,
        catalog: &catalog,
    };
    plan(&request).map_err(|wrong| match wrong {
        Wrong::Stack(diagnostics) => {
            out::tell(&diagnostics.render(out::is_colourful()));
            exit::BAD_STACK
        }
        Wrong::Request(message) => {
            out::error(&message);
            exit::USAGE
        }
    })
}

/// The named file, what is built in, or what stands beside the stack file.
fn deploy(wanted: &Render, source: &Source, builtin: Option<&str>) -> Result<Deploy, exit::Code> {
    let beside = source.path.as_ref().map(|path| path.with_file_name(DEPLOY));
    let (name, text) = match (&wanted.deploy, beside, builtin.and_then(builtin::find)) {
        (Some(path), _, _) => {
            let read = files::read(path)?;
            (read.name, read.text)
        }
        (None, Some(path), _) if path.is_file() => {
            let read = files::read(&path)?;
            (read.name, read.text)
        }
        (None, _, Some(builtin)) => (DEPLOY.to_owned(), builtin.deploy.to_owned()),
        (None, _, None) => return Ok(Deploy::default()),
    };
    Deploy::read(&name, &text).map_err(|diagnostics| {
        out::tell(&diagnostics.render(out::is_colourful()));
        exit::BAD_STACK
    })
}

fn write(
    directory: &Path,
    target: Platform,
    text: &str,
    plan: &Plan,
    source: &Source,
) -> exit::Code {
    let name = match target {
        Platform::Compose => "docker-compose.yml",
        Platform::Swarm => "docker-stack.yml",
        Platform::Kubernetes => "kubernetes.yaml",
    };
    let mut files = vec![(name.to_owned(), text.to_owned())];
    // Kubernetes has the stack file inside, and nothing is copied onto itself.
    let is_copied = target != Platform::Kubernetes
        && source
            .path
            .as_ref()
            .is_none_or(|path| !is_same(path, &directory.join("headwater.yaml")));
    files.extend(plan.files().into_iter().filter(|_| is_copied));
    let written = RealDisk.create_dir_all(directory).and_then(|()| {
        files.iter().try_for_each(|(name, text)| {
            write_atomically(&RealDisk, &directory.join(name), text.as_bytes())
        })
    });
    if let Err(error) = written {
        out::error(&error.to_string());
        return exit::FAILURE;
    }
    for (name, _) in &files {
        out::say(&format!("{}\n", directory.join(name).display()));
    }
    exit::OK
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// What the target cannot express, or leaves to a person.
fn tell(notes: &[String]) {
    if !notes.is_empty() {
        out::tell("Not in the file, so know it or do it:\n");
    }
    for note in notes {
        out::tell(&format!("  - {note}\n"));
    }
}
