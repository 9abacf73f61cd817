//! The reference pages are what the code says, word for word.

use crate::support::{anywhere, compare, here};
use serde_json::Value;
use std::fmt::Write as _;

const COMMANDS: [&str; 18] = [
    "",
    "up",
    "run",
    "check",
    "stacks",
    "init",
    "kinds",
    "generate",
    "audit",
    "doctor",
    "render",
    "move",
    "autoscale",
    "replay",
    "dead-letters",
    "top",
    "health",
    "completions",
];

const NOTE: &str =
    "<!-- Made from the code by `HEADWATER_BLESS=1 cargo test --test cli generated_docs`. -->";

/// What is typed in prose stands in the page; the rest is the help of each command.
const COMMAND_HEAD: &str = "\
The stack file is described in [stack-file.md](stack-file.md), the kinds of components in [kinds.md](kinds.md).

## Exit codes

They are stable.

| code | meaning |
|---|---|
| 0 | It was done; a stack ended or was stopped in order. |
| 1 | It did not work: a port in use, a service that failed, a file that cannot be written, not healthy, `doctor` found what will fail. |
| 2 | The arguments are wrong, or name a stack or a kind that is not there. |
| 3 | `audit` found something missing, twice, out of order, damaged or foreign. |
| 78 | The stack file (or the schema of `generate`) is wrong; every mistake was told on standard error. |
| 130 | A second Ctrl-C or SIGTERM ended it at once. Nothing acknowledged is lost. |

Standard output carries data and answers, standard error what is told to people: logs, diagnostics, addresses.
";

fn command_page() -> String {
    let mut page = format!("# The command\n\n{NOTE}\n\n{COMMAND_HEAD}");
    for name in COMMANDS {
        let arguments: Vec<&str> =
            [name, "--help"].into_iter().filter(|it| !it.is_empty()).collect();
        let help = anywhere(&arguments);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{name}");
        let title = format!("headwater {name}");
        write!(page, "\n## `{}`\n\n```text\n{}\n```\n", title.trim(), help.out.trim_end()).unwrap();
    }
    page
}

fn kinds_page() -> String {
    let kinds: Value = serde_json::from_str(&anywhere(&["kinds", "--json"]).out).unwrap();
    let mut page = format!("# Sources, steps and sinks\n\n{NOTE}\n");
    let mut role = "";
    for kind in kinds.as_array().unwrap() {
        if kind["role"] != role {
            role = kind["role"].as_str().unwrap();
            let title = format!("{}{}s", role[..1].to_uppercase(), &role[1..]);
            write!(page, "\n## {title}\n").unwrap();
        }
        page.push_str(&one_kind(kind));
    }
    page.push_str("\n## What each source guarantees with each sink\n\nIt stands in [guarantees.md](guarantees.md).\n");
    page
}

fn one_kind(kind: &Value) -> String {
    let text = |key: &str| kind[key].as_str().unwrap_or_default();
    let mut part = format!("\n### {}\n\n{}\n", text("name"), text("summary"));
    if !text("details").is_empty() {
        write!(part, "\n{}\n", text("details")).unwrap();
    }
    write!(part, "\n```yaml\n{}\n```\n", text("example")).unwrap();
    let options = kind["options"].as_array().unwrap();
    if !options.is_empty() {
        part.push_str("\n| option | is | default | meaning |\n|---|---|---|---|\n");
    }
    for option in options {
        let default = match (&option["default"], option["required"] == true) {
            (Value::String(default), _) => format!("`{default}`"),
            (_, true) => "required".to_owned(),
            _ => String::new(),
        };
        let cell = |key: &str| option[key].as_str().unwrap().replace('|', "\\|");
        let main = if kind["main"] == option["name"] { " May stand alone." } else { "" };
        let (name, shape, doc) = (cell("name"), cell("shape"), cell("doc"));
        writeln!(part, "| `{name}` | {shape} | {default} | {doc}{main} |").unwrap();
    }
    if let Some(values) = kind["values"].as_array() {
        part.push_str("\nTypes of values:\n\n| type | is | example |\n|---|---|---|\n");
        for value in values {
            let cell = |key: &str| value[key].as_str().unwrap().replace('|', "\\|");
            let (name, doc, example) = (cell("name"), cell("doc"), cell("example"));
            writeln!(part, "| `{name}` | {doc} | `{example}` |").unwrap();
        }
    }
    part
}

const GUARANTEES_HEAD: &str = "\
What a flow promises follows from two things that its parts say of themselves: can the source be read again, and what \
becomes of a batch that the sink gets a second time.
`headwater kinds --guarantees` prints this table, `headwater check` says it of your own flows, and `require:` in a \
service refuses less.

- exactly-once: nothing is lost, nothing comes twice.
- at-least-once: nothing is lost; the last records before a crash may come again.
- at-most-once: what is read in the moment of a crash may be gone.

The conformance suite (`tests/conformance/guarantees.rs`) breaks every pair that can run in a test off in the middle of \
its work, at every batch, and compares what stands at the end with what this table says.
";

fn guarantees_page() -> String {
    let all: Value =
        serde_json::from_str(&anywhere(&["kinds", "--guarantees", "--json"]).out).unwrap();
    let all = all.as_array().unwrap();
    let names = |key: &str| {
        let mut seen = std::collections::BTreeSet::new();
        let names = all.iter().map(|it| it[key].as_str().unwrap());
        names.filter(|name| seen.insert(*name)).collect::<Vec<_>>()
    };
    let (sources, sinks) = (names("source"), names("sink"));
    let mut page = format!("# Guarantees\n\n{NOTE}\n\n{GUARANTEES_HEAD}\n");
    write!(page, "| | {} |\n|---|{}\n", sinks.join(" | "), "---|".repeat(sinks.len())).unwrap();
    let of = |source: &str| all.iter().filter(move |it| it["source"] == source).collect::<Vec<_>>();
    for source in &sources {
        let of_source = of(source);
        let row = of_source.iter().map(|it| it["guarantee"].as_str().unwrap());
        writeln!(page, "| {source} | {} |", row.collect::<Vec<_>>().join(" | ")).unwrap();
    }
    for source in &sources {
        write!(page, "\n## {source}\n\n").unwrap();
        for it in of(source) {
            let text = |key: &str| it[key].as_str().unwrap();
            writeln!(page, "- {}: {}; {}.", text("sink"), text("guarantee"), text("words"))
                .unwrap();
        }
    }
    page
}

#[test]
fn the_guarantees_are_what_the_kinds_say() {
    compare(&here("../../docs/reference/guarantees.md"), &guarantees_page()).unwrap();
    compare(&here("answers/kinds-guarantees.txt"), &anywhere(&["kinds", "--guarantees"]).out)
        .unwrap();
    let one = anywhere(&["kinds", "stdin", "--guarantees"]);
    assert!(one.out.starts_with("stdin -> append_file: at-most-once\n  what"), "{}", one.out);
    assert_eq!(anywhere(&["kinds", "stdni", "--guarantees"]).code, 2);
}

#[test]
fn the_command_reference_is_the_help_of_every_command() {
    compare(&here("../../docs/reference/command.md"), &command_page()).unwrap();
}

#[test]
fn the_kinds_reference_is_what_the_kinds_say() {
    compare(&here("../../docs/reference/kinds.md"), &kinds_page()).unwrap();
}

#[test]
fn no_command_is_left_out_of_the_reference() {
    let help = anywhere(&["--help"]).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS[1..]);
}
