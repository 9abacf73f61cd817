//! `kinds`: the reference of every component, from the components themselves.

use crate::catalog::Catalog;
use crate::cli::arguments::{Arguments, Kinds};
use crate::cli::{exit, out};
use crate::core::kind::{About, SinkKind};
use crate::core::options::Need;
use crate::core::text::append;
use crate::core::words::nearest;
use crate::generator;
use crate::stack::guarantee::Guarantee;
use crate::stack::{guarantee, schema};
use serde_json::json;

pub(super) fn kinds(arguments: &Arguments, options: &Kinds) -> exit::Code {
    let catalog = Catalog::all();
    if options.schema {
        out::json(&schema::json_schema(&catalog));
    } else if options.guarantees {
        if let Some(name) = &options.name
            && !roles(&catalog).any(|(_, kinds)| kinds.iter().any(|about| about.name == name))
        {
            return one(&catalog, name, arguments.json);
        }
        guarantees(&catalog, options.name.as_deref(), arguments.json);
    } else if let Some(name) = &options.name {
        return one(&catalog, name, arguments.json);
    } else if arguments.json {
        let all = roles(&catalog)
            .flat_map(|(role, kinds)| kinds.into_iter().map(move |about| describe(role, about)));
        out::json(&all.collect());
    } else {
        for (role, kinds) in roles(&catalog) {
            out::say(&format!("{role}s\n"));
            for about in kinds {
                out::say(&format!("  {:<14}{}\n", about.name, about.summary));
            }
            out::say("\n");
        }
        out::say("headwater kinds NAME shows the options of one.\n");
    }
    exit::OK
}

fn roles(catalog: &Catalog) -> impl Iterator<Item = (&'static str, Vec<&'static About>)> {
    [
        ("source", catalog.sources.iter().map(|kind| &kind.about).collect()),
        ("step", catalog.steps.iter().map(|kind| &kind.about).collect()),
        ("sink", catalog.sinks.iter().map(|kind| &kind.about).collect()),
        ("panel", catalog.panels.iter().map(|kind| &kind.about).collect::<Vec<_>>()),
    ]
    .into_iter()
}

fn one(catalog: &Catalog, name: &str, as_json: bool) -> exit::Code {
    let mut found = Vec::new();
    for (role, kinds) in roles(catalog) {
        found.extend(
            kinds.into_iter().filter(|about| about.name == name).map(|about| (role, about)),
        );
    }
    if found.is_empty() {
        let names: Vec<&str> =
            roles(catalog).flat_map(|(_, kinds)| kinds).map(|about| about.name).collect();
        let help = nearest(name, names.iter().copied()).map_or_else(
            || format!("known: {}", names.join(", ")),
            |word| format!("did you mean `{word}`?"),
        );
        out::error(&format!("there is no source, step, sink or panel `{name}`; {help}"));
        return exit::USAGE;
    }
    if as_json {
        out::json(&found.into_iter().map(|(role, about)| describe(role, about)).collect());
        return exit::OK;
    }
    for (role, about) in found {
        out::say(&page(role, about));
        if about.name == "generate" {
            out::say(&value_types());
        }
    }
    exit::OK
}

/// The reference page of one component.
fn page(role: &str, about: &About) -> String {
    let mut text = format!("{role} {}\n\n{}\n", about.name, about.summary);
    if !about.details.is_empty() {
        append(&mut text, format_args!("\n{}\n", about.details));
    }
    if !about.options.is_empty() {
        text.push_str("\noptions\n");
    }
    for option in about.options {
        let need = match option.need {
            Need::Required => "required".to_owned(),
            Need::Optional => "optional".to_owned(),
            Need::Default(default) => format!("default {default}"),
        };
        let main = if about.main == Some(option.name) { ", may stand alone" } else { "" };
        let shape = option.shape.name();
        append(
            &mut text,
            format_args!(
                "  {:<14}{shape}, {need}{main}\n  {:<14}{}\n",
                option.name,
                "",
                option.about()
            ),
        );
    }
    append(&mut text, format_args!("\nexample\n  {}\n", about.example));
    text
}

fn value_types() -> String {
    let mut text = "\ntypes of values\n".to_owned();
    for kind in generator::Schema::kinds() {
        append(
            &mut text,
            format_args!("  {:<22}{}\n  {:<22}{}\n", kind.name, kind.doc, "", kind.example),
        );
    }
    text
}

fn describe(role: &str, about: &About) -> serde_json::Value {
    let options = about.options.iter().map(|option| {
        let default = match option.need {
            Need::Default(default) => Some(default),
            _ => None,
        };
        json!({
            "name": option.name,
            "shape": option.shape.name(),
            "required": option.need == Need::Required,
            "default": default,
            "doc": option.about(),
        })
    });
    json!({
        "role": role,
        "name": about.name,
        "summary": about.summary,
        "details": about.details,
        "options": options.collect::<Vec<_>>(),
        "main": about.main,
        "example": about.example,
        "values": (about.name == "generate").then(values),
    })
}

/// The types of generated values.
fn values() -> Vec<serde_json::Value> {
    let kinds = generator::Schema::kinds().iter();
    kinds
        .map(|kind| json!({ "name": kind.name, "doc": kind.doc, "example": kind.example }))
        .collect()
}

/// The guarantee of every source with every sink, by the function that `check` uses; of one kind with the reasons.
fn guarantees(catalog: &Catalog, name: Option<&str>, as_json: bool) {
    let mut all = Vec::new();
    for source in catalog.sources {
        for sink in catalog.sinks {
            all.push((source.about.name, sink.about.name, guarantee::between(source, sink)));
        }
    }
    if let Some(name) = name {
        all.retain(|(source, sink, _)| *source == name || *sink == name);
    }
    if as_json {
        let list = all.iter().map(|(source, sink, derived)| {
            json!({
                "source": source,
                "sink": sink,
                "guarantee": derived.guarantee.to_string(),
                "words": derived.words,
            })
        });
        out::json(&list.collect());
        return;
    }
    if name.is_none() {
        out::say(&matrix(catalog));
        return;
    }
    for (source, sink, derived) in all {
        out::say(&format!("{source} -> {sink}: {}\n  {}\n", derived.guarantee, derived.words));
    }
}

/// A row for each source, a column for each sink.
fn matrix(catalog: &Catalog) -> String {
    let widest = |names: &mut dyn Iterator<Item = &str>| names.map(str::len).max().unwrap_or(0);
    let first = widest(&mut catalog.sources.iter().map(|kind| kind.about.name)) + 2;
    let short = |source, sink| match guarantee::between(source, sink).guarantee {
        Guarantee::ExactlyOnce => "exactly",
        Guarantee::AtLeastOnce => "at least",
        Guarantee::AtMostOnce => "at most",
    };
    let width = |sink: &SinkKind| sink.about.name.len().max("at least".len()) + 2;
    let mut text = format!("{:<first$}", "");
    for sink in catalog.sinks {
        append(&mut text, format_args!("{:<width$}", sink.about.name, width = width(sink)));
    }
    for source in catalog.sources {
        text.truncate(text.trim_end().len());
        append(&mut text, format_args!("\n{:<first$}", source.about.name));
        for sink in catalog.sinks {
            append(&mut text, format_args!("{:<width$}", short(source, sink), width = width(sink)));
        }
    }
    text.truncate(text.trim_end().len());
    text.push_str(
        "\n\nexactly   nothing is lost, nothing comes twice\n\
         at least  nothing is lost, the last records before a crash may come again\n\
         at most   what is read in the moment of a crash may be gone\n\n\
         headwater kinds NAME --guarantees says why; headwater check says it of your own flows.\n",
    );
    text
}
