//! Rules that no compiler checks: who may import whom, how large things are, what must and must not be written.
//! Each test names every place that breaks its rule.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which top-level module may use which others of the crate in production. A module that is not named as a
/// key may use nothing. The order is the reading order of `lib.rs`.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("formats", &["core"]),
    ("expr", &["core"]),
    ("generator", &["core"]),
    ("summary", &["core", "formats"]),
    ("charts", &["core", "summary"]),
    ("report", &["core", "charts", "summary"]),
    ("clients", &["core", "formats"]),
    ("server", &["core"]),
    ("engine", &["core", "formats"]),
    ("sources", &["core", "clients", "formats", "expr", "generator", "server"]),
    ("steps", &["core", "formats", "expr", "summary"]),
    ("sinks", &["core", "clients", "formats", "expr", "charts", "report", "summary"]),
    ("catalog", &["core", "sources", "steps", "sinks"]),
    ("stack", &["core", "catalog", "expr", "formats", "generator"]),
    ("routes", &["core", "engine", "generator", "server", "stack"]),
    ("app", &["core", "charts", "engine", "generator", "routes", "server", "stack"]),
    ("cli", &["core", "app", "catalog", "clients", "engine", "generator", "stack"]),
    ("testing", &["core", "engine", "expr", "formats", "stack", "catalog"]),
];

/// What modules that only compute must not reach for: files, network, threads, clocks, the environment.
const PURE: &[&str] = &["charts", "expr", "formats", "generator", "report", "steps", "summary"];
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::env", "std::process", "std::thread", "time::now", "unix_ms"];

/// Files that break the rule of pure modules, with the reason.
const IMPURE_WITH_A_REASON: &[(&str, &str)] = &[
    ("src/generator/parallel.rs", "workers of one call are joined in it; the bytes stay the same"),
    ("src/expr/expression.rs", "an expression is compiled on a thread with a stack of known size"),
    ("src/expr/budget.rs", "the time that one expression may take is bounded"),
];

const FILE_LINES: usize = 500;
const LIST_LINES: usize = 80;
const MAIN_LINES: usize = 40;
const INLINE_TEST_LINES: usize = 150;
const COLUMNS: usize = 100;
const FOLDER_FILES: usize = 25;

/// Folders with more files than others may have, with the reason.
const LARGE_FOLDERS: &[(&str, &str)] = &[
    ("src/server", "a server is many small parts of one connection, and none of them is a layer"),
    ("src/generator", "one file for each family of values"),
    ("src/core", "one file for each word that everything else speaks"),
];

/// A text file of the repository.
struct Text {
    path: String,
    text: String,
}

impl Text {
    /// What stands before the inline tests.
    fn production(&self) -> &str {
        let is_test = self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/simulation.rs");
        if is_test {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// Production without comments.
    fn code(&self) -> String {
        let lines = self.production().lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or_default();
        inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{}", self.path, line + 1)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below the given places, sorted.
fn texts(places: &[&str], endings: &[&str]) -> Vec<Text> {
    let mut waiting: Vec<PathBuf> = places.iter().map(|place| root().join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory can be listed");
            waiting.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
            continue;
        }
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if !endings.contains(&ending.as_str()) {
            continue;
        }
        let shown = path.strip_prefix(root()).expect("it is below the root").display().to_string();
        let text = fs::read_to_string(&path).expect("a source file is text");
        found.push(Text { path: shown, text });
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn sources() -> Vec<Text> {
    texts(&["src", "tests"], &["rs"])
}

/// Fails with every place that breaks a rule.
fn assert_none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// The modules of the crate that a line of code names.
fn used_modules(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let end = name.trim().find(|it: char| !it.is_ascii_lowercase() && it != '_');
            used.push(name.trim()[..end.unwrap_or(name.trim().len())].to_owned());
        }
    }
    used
}

#[test]
fn layers_import_only_what_stands_below_them() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut broken = Vec::new();
    for file in texts(&["src"], &["rs"]) {
        let module = file.module();
        if module == "lib" || module == "main" {
            continue;
        }
        let allowed = layers.get(module).copied().unwrap_or_default();
        for used in used_modules(&file.code()) {
            if used != module
                && !allowed.contains(&used.as_str())
                && layers.contains_key(used.as_str())
            {
                broken.push(format!("{}: `{module}` uses `{used}`", file.path));
            }
        }
    }
    assert_none("a layer uses one that it must not know", &broken);
}

#[test]
fn every_module_stands_in_the_table_of_layers() {
    let known: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    let broken: Vec<String> = texts(&["src"], &["rs"])
        .iter()
        .filter(|file| !["lib", "main"].contains(&file.module()) && !known.contains(&file.module()))
        .map(|file| file.path.clone())
        .collect();
    assert_none("a module is in no layer", &broken);
}

#[test]
fn components_do_not_know_each_other() {
    let mut broken = Vec::new();
    for file in texts(&["src/sources", "src/steps", "src/sinks"], &["rs"]) {
        let own =
            file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        for role in ["sources", "steps", "sinks"] {
            if file.code().contains(&format!("crate::{role}::"))
                && !file.code().contains(&format!("crate::{role}::{own}"))
            {
                broken.push(format!("{} uses a component of {role}", file.path));
            }
        }
    }
    assert_none("a component knows another", &broken);
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut broken = Vec::new();
    for file in texts(&["src"], &["rs"]) {
        let has_reason = IMPURE_WITH_A_REASON.iter().any(|(path, _)| *path == file.path);
        if !PURE.contains(&file.module()) || has_reason {
            continue;
        }
        let code = file.code();
        broken.extend(
            IMPURE
                .iter()
                .filter(|word| code.contains(*word))
                .map(|word| format!("{}: {word}", file.path)),
        );
    }
    assert_none("a pure module reaches outside", &broken);
}

#[test]
fn files_stay_small() {
    let mut broken = Vec::new();
    for file in sources() {
        let lines = file.production().lines().count();
        let limit = match file.path.rsplit('/').next() {
            Some("mod.rs") => LIST_LINES,
            Some("main.rs") if file.path.starts_with("src/") => MAIN_LINES,
            _ => FILE_LINES,
        };
        if lines > limit {
            broken.push(format!("{} has {lines} lines of {limit}", file.path));
        }
        if file.path.starts_with("tests/") && file.text.lines().count() > FILE_LINES {
            broken.push(format!("{} has more than {FILE_LINES} lines", file.path));
        }
        let inline = file.text.lines().count() - lines;
        if lines > 0 && inline > INLINE_TEST_LINES {
            broken.push(format!("{} has {inline} lines of inline tests", file.path));
        }
    }
    assert_none("a file is too large", &broken);
}

#[test]
fn lines_fit_into_a_hundred_columns() {
    let mut broken = Vec::new();
    for file in sources() {
        let production = file.production().lines().count();
        for (number, line) in file.text.lines().enumerate() {
            // What a test compares with is written as it is.
            let is_sample = number >= production && line.contains('"');
            if line.chars().count() > COLUMNS && !is_sample {
                broken.push(file.place(number));
            }
        }
    }
    assert_none("a line is longer than 100 columns", &broken);
}

#[test]
fn folders_stay_small() {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for file in sources() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *folders.entry(folder.to_owned()).or_default() += 1;
    }
    let broken: Vec<String> = folders
        .into_iter()
        .filter(|(folder, files)| {
            *files > FOLDER_FILES && !LARGE_FOLDERS.iter().any(|(large, _)| large == folder)
        })
        .map(|(folder, files)| format!("{folder} has {files} files"))
        .collect();
    assert_none("a folder is too large", &broken);
}

#[test]
fn every_file_says_what_lives_in_it() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path.clone())
        .collect();
    assert_none("a file does not start with `//!`", &broken);
}

#[test]
fn every_component_is_listed() {
    let mut broken = Vec::new();
    for role in ["sources", "steps", "sinks"] {
        let list =
            fs::read_to_string(root().join(format!("src/{role}/mod.rs"))).expect("it is there");
        for entry in fs::read_dir(root().join(format!("src/{role}"))).expect("it can be listed") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is_listed =
                list.contains(&format!("    {name},")) || list.contains(&format!("mod {name};"));
            if name != "mod" && !is_listed {
                broken.push(format!("src/{role}/{name}"));
            }
        }
    }
    assert_none("a component is not in the list of its folder", &broken);
}

#[test]
fn no_word_promises_work_for_later() {
    let words =
        ["to".to_owned() + "do", "fix".to_owned() + "me", "x".repeat(3), "d".to_owned() + "bg!("];
    let mut broken = Vec::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            let lower = line.to_lowercase();
            let mut found =
                lower.split(|it: char| !it.is_ascii_alphanumeric() && it != '!' && it != '(');
            if found.any(|word| words.iter().any(|banned| word == banned)) {
                broken.push(file.place(number));
            }
        }
    }
    assert_none("a word is not wanted here", &broken);
}

#[test]
fn no_test_is_ignored_or_sleeps() {
    let ignored = "#[ign".to_owned() + "ore";
    let sleeps = "thread::sl".to_owned() + "eep";
    let mut broken = Vec::new();
    for file in sources() {
        // Real processes are killed at moments, and a moment is a time.
        let may_pause = file.path.starts_with("tests/it/");
        for (number, line) in file.text.lines().enumerate() {
            if line.contains(&ignored) || (line.contains(&sleeps) && !may_pause) {
                broken.push(file.place(number));
            }
        }
    }
    assert_none("a test is ignored or sleeps", &broken);
}

#[test]
fn production_never_unwraps_and_never_allows() {
    let mut broken = Vec::new();
    for file in texts(&["src"], &["rs"]) {
        let production = file.production();
        for (number, line) in production.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains(".unwrap()") || code.contains("[allow(") {
                broken.push(file.place(number));
            }
        }
    }
    assert_none("production code unwraps, or silences a lint without expecting it", &broken);
}

#[test]
fn the_package_has_few_features() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("it is there");
    let features = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let features = features.split("\n[").next().unwrap_or_default();
    let count = features.lines().filter(|line| line.contains('=')).count();
    assert!(count <= 5, "{count} features");
}

#[test]
fn the_changelog_has_a_place_for_what_comes() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("it is there");
    assert!(changelog.contains("\n## [Unreleased]\n"), "CHANGELOG.md has no section Unreleased");
}

fn documents() -> Vec<Text> {
    let mut documents = texts(&["docs", "stacks", "bench"], &["md"]);
    let top = fs::read_dir(root()).expect("it can be listed");
    for path in top.map(|entry| entry.expect("an entry can be read").path()) {
        if path.extension().is_some_and(|ending| ending == "md") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            documents.extend(texts(&[&name], &["md"]));
        }
    }
    documents.retain(|file| !file.path.contains("/.work/"));
    documents
}

#[test]
fn a_document_has_one_title() {
    let mut broken = Vec::new();
    for file in documents() {
        let mut is_code = false;
        let mut titles = 0;
        for line in file.text.lines() {
            is_code ^= line.trim_start().starts_with("```");
            titles += usize::from(!is_code && line.starts_with("# "));
        }
        if titles != 1 || !file.text.starts_with("# ") {
            broken.push(format!("{} has {titles} titles", file.path));
        }
    }
    assert_none("a document does not start with its one title", &broken);
}

#[test]
fn nothing_of_the_machine_that_wrote_it_is_left() {
    let banned = [
        "/root".to_owned() + "/",
        "/work".to_owned() + "/",
        "/home".to_owned() + "/",
        "/tmp".to_owned() + "/wt",
    ];
    let mut files = sources();
    files.extend(documents());
    files.extend(texts(
        &["Cargo.toml", "Cargo.lock", "test", "bench/kit", "bench/rows", "stacks"],
        &["toml", "lock", "py", "yaml", ""],
    ));
    let mut broken = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let is_registry = line.contains("registry+")
                && !line.contains("github.com/rust-lang/crates.io-index");
            if is_registry || banned.iter().any(|path| line.contains(path)) {
                broken.push(file.place(number));
            }
        }
    }
    assert_none("a path or a registry of one machine", &broken);
}
