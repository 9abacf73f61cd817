//! The rules for documents and manifests.

use super::{check, sources};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The Markdown files of the tree with their names.
fn documents() -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = ["docs", "stacks"].iter().map(PathBuf::from).collect();
    waiting.extend(std::fs::read_dir(".").unwrap().map(|entry| entry.unwrap().path()));
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let is_inside = path.starts_with("docs") || path.starts_with("stacks");
        if path.is_dir() && is_inside {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text));
        }
    }
    assert!(found.len() > 20, "the documents are found");
    found
}

#[test]
fn the_package_has_few_features() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let features = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let features = features.split("\n[").next().unwrap_or_default();
    let count = features.lines().filter(|line| line.contains('=')).count();
    assert!(count <= 5, "{count} features, 5 are the limit");
}

#[test]
fn nothing_of_the_machine_that_wrote_it_is_left() {
    // Put together here, so that this file does not find itself.
    let paths = ["/ro".to_owned() + "ot/", "/wo".to_owned() + "rk/", "/ho".to_owned() + "me/"];
    let mut texts = documents();
    texts.extend(sources().into_iter().map(|source| (source.name(), source.text)));
    for name in ["Cargo.toml", "Cargo.lock", "crates/base/Cargo.toml", "test", ".ci/run"] {
        texts.push((name.to_owned(), std::fs::read_to_string(name).unwrap()));
    }
    let mut wrong = Vec::new();
    for (name, text) in texts {
        for (number, line) in text.lines().enumerate() {
            let is_registry =
                line.contains("registry+") && !line.contains("rust-lang/crates.io-index");
            if is_registry || paths.iter().any(|path| line.contains(path)) {
                wrong.push(format!("{name}:{}: {line}", number + 1));
            }
        }
    }
    check(&wrong);
}

#[test]
fn documents_have_one_title_and_the_changelog_is_open() {
    let mut wrong = Vec::new();
    for (name, text) in documents() {
        let mut in_code = false;
        let is_title = |line: &&str| {
            in_code ^= line.starts_with("```");
            !in_code && line.starts_with("# ")
        };
        let titles = text.lines().filter(is_title).count();
        if titles != 1 {
            wrong.push(format!("{name} has {titles} titles"));
        }
    }
    let changelog = std::fs::read_to_string("CHANGELOG.md").unwrap();
    if !changelog.contains("## [Unreleased]") && !changelog.contains("## Unreleased") {
        wrong.push("CHANGELOG.md has no Unreleased section".to_owned());
    }
    let architecture = std::fs::read_to_string("ARCHITECTURE.md").unwrap().lines().count();
    if architecture > 300 {
        wrong.push(format!("ARCHITECTURE.md has {architecture} lines, 300 are the limit"));
    }
    check(&wrong);
}

#[test]
fn every_dependency_has_its_reason() {
    let manifests = ["Cargo.toml", "crates/base/Cargo.toml"].map(std::fs::read_to_string);
    let manifest = manifests.map(Result::unwrap).concat();
    let page = std::fs::read_to_string("docs/decisions/0008-dependencies.md").unwrap();
    let decided = page.split("\n## Not taken\n").next().unwrap();
    let of_rows = decided.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let of_tests = decided.lines().filter_map(|line| line.strip_prefix("For tests only: "));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let named: BTreeSet<&str> =
        of_rows.chain(of_tests).flat_map(|text| text.split(|c| !is_name(c))).collect();
    let (mut wrong, mut section, mut count) = (Vec::new(), "", 0);
    for line in manifest.lines() {
        section = if line.starts_with('[') { line } else { section };
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        let is_ours = line.contains("path = ");
        if !section.ends_with("dependencies]") || !name.starts_with(is_name) || is_ours {
            continue;
        }
        count += 1;
        if !named.contains(name) {
            wrong.push(format!("`{name}` has no line in docs/decisions/0008-dependencies.md"));
        }
    }
    assert!(count > 30, "the dependencies are found");
    check(&wrong);
}
