//! `replay`: plays a recording into a sink: a stack of one flow that is made here.

use crate::cli::arguments::{Arguments, PlayBack};
use crate::cli::files::Source;
use crate::cli::{exit, out, run};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Disk as _, remove_if_there};
use serde_json::json;

/// The name of the stack, and so of its directory below `--data`.
const NAME: &str = "replay";

pub(super) fn replay(arguments: &Arguments, wanted: &PlayBack) -> exit::Code {
    if RealDisk.metadata(&wanted.recording).is_err() {
        out::error(&format!("there is no recording {}", wanted.recording.display()));
        return exit::USAGE;
    }
    let checkpoint = arguments.data.join(NAME).join(NAME).join("checkpoint");
    if !wanted.resume
        && let Err(error) = remove_if_there(&RealDisk, &checkpoint)
    {
        out::error(&error.to_string());
        return exit::FAILURE;
    }
    // Values of JSON are values of YAML.
    let mut source = json!({
        "path": wanted.recording,
        "speed": wanted.speed,
        "time": wanted.time,
        "then": if wanted.follow { "follow" } else { "end" },
    });
    if let (Some(gap), Some(fields)) = (&wanted.longest_gap, source.as_object_mut()) {
        fields.insert("longest_gap".to_owned(), gap.as_str().into());
    }
    if let (false, Some(fields)) = (wanted.shift.is_empty(), source.as_object_mut()) {
        fields.insert("shift".to_owned(), wanted.shift.as_slice().into());
    }
    let is_pair = wanted.to.contains(':') && !wanted.to.trim_start().starts_with('{');
    let sink = if is_pair { format!("{{ {} }}", wanted.to) } else { wanted.to.clone() };
    let text = format!(
        "stack: {NAME}\nservices:\n  {NAME}:\n    source: {{ replay: {source} }}\n    sink: {sink}\n"
    );
    run::given(arguments, Source { name: "the stack of this replay".to_owned(), text, path: None })
}
