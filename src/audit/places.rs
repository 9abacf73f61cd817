//! Where the records are: by the names that were given, or by what the flow's sink says.

use super::api::Api;
use super::datasets::Datasets;
use super::files::Files;
use super::rows::Rows;
use super::run::Question;
use super::stream::Stream;
use super::target::Target;
use crate::core::fault::Fault;
use crate::stack::model::Flow;
use std::path::Path;

/// A target and what it is called; no name holds a password.
pub(super) type Named = (String, Box<dyn Target>);

/// The targets that were named, or else the flow's own sink.
pub(super) fn targets(question: &Question, last: &Flow) -> Result<Vec<Named>, Fault> {
    if question.targets.is_empty() {
        return Ok(vec![own(question, last)?]);
    }
    question.targets.iter().map(|name| target(question, name)).collect()
}

fn own(question: &Question, last: &Flow) -> Result<Named, Fault> {
    let options = &last.sink.options;
    match last.sink.kind.about.name {
        "append_file" | "dataset" => target(question, options.text("path")),
        "postgres" => Rows::open(options).map(rows),
        "nats" => Stream::of_sink(options).map(stream),
        kind => Err(Fault::stop(format!(
            "what the sink `{kind}` has stored cannot be read from here; name a file, a directory of datasets, the \
             URL of an API, a table or a stream: headwater audit {} TARGET",
            question.flow
        ))),
    }
}

fn rows(rows: Rows) -> Named {
    (rows.name().to_owned(), Box::new(rows))
}

fn stream(stream: Stream) -> Named {
    (stream.name().to_owned(), Box::new(stream))
}

fn target(question: &Question, name: &str) -> Result<Named, Fault> {
    match name.split_once("://") {
        Some(("http" | "https", _)) => {
            Ok((name.to_owned(), Box::new(Api::open(name, question.token.as_deref())?)))
        }
        Some(("postgres" | "postgresql", _)) => Rows::at(name).map(rows),
        Some(("nats" | "tls", _)) => Stream::at(name, question.token.as_deref()).map(stream),
        Some((scheme, _)) => Err(Fault::stop(format!(
            "{scheme}:// cannot be read; name a file, a directory of datasets, the URL of an API, a table \
             (postgres://USER@HOST/DATABASE#TABLE) or a stream (nats://HOST:4222/STREAM)"
        ))),
        None => Ok((name.to_owned(), on_disk(question, name)?)),
    }
}

fn on_disk(question: &Question, name: &str) -> Result<Box<dyn Target>, Fault> {
    let path = Path::new(name);
    if !question.disk.metadata(path).is_ok_and(|metadata| metadata.is_directory) {
        return Ok(Box::new(Files::with_parts(&question.disk, path)?));
    }
    match Datasets::open(&question.disk, path)? {
        Some(datasets) => Ok(Box::new(datasets)),
        None => Err(Fault::stop(format!("the directory {name} holds no datasets (data_N.csv)"))),
    }
}
