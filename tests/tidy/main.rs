//! The rules of the house that a machine can check: layers, sizes, lists, words. STYLE.md has the reasons.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod documents;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the program is. A module may stand in either package: the layers are the same for both.
const PACKAGES: &[&str] = &["crates/base/src", "src"];

/// Which module may use which others. What is not written here is forbidden.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("expr", &["core", "formats"]),
    ("generator", &["core"]),
    ("formats", &["core"]),
    ("summary", &["core", "formats"]),
    ("charts", &["core", "summary"]),
    ("report", &["core", "charts", "summary"]),
    ("resource", &["core", "formats"]),
    ("clients", &["core", "formats"]),
    ("server", &["core"]),
    ("gate", &["core", "server"]),
    ("web", &["core", "charts", "formats", "server"]),
    ("engine", &["core", "clients", "formats"]),
    ("stores", &["core", "clients", "formats", "resource"]),
    ("caches", &["core", "clients", "resource"]),
    ("wires", &["core", "caches", "formats", "resource", "server", "web"]),
    ("steps", &["core", "expr", "formats", "summary"]),
    ("sources", &["core", "clients", "expr", "formats", "generator", "server"]),
    ("sinks", &["core", "charts", "clients", "expr", "formats", "report", "summary"]),
    ("panels", &["core", "charts"]),
    ("stack", &["core", "catalog", "expr", "formats", "generator", "resource"]),
    ("routes", &["core", "engine", "generator", "server", "stack"]),
    ("map", &["core", "charts", "resource", "stack"]),
    ("render", &["core", "catalog", "resource", "stack"]),
    ("doctor", &["core", "clients"]),
    ("views", &["core", "charts", "clients", "engine", "formats", "report", "server", "web"]),
    (
        "app",
        &[
            "core",
            "caches",
            "charts",
            "clients",
            "engine",
            "formats",
            "gate",
            "generator",
            "map",
            "resource",
            "routes",
            "server",
            "stack",
            "stores",
            "views",
            "web",
            "wires",
        ],
    ),
    ("audit", &["core", "clients", "engine", "formats", "generator", "stack"]),
    ("autoscale", &["core", "clients"]),
    (
        "cli",
        &[
            "core",
            "app",
            "audit",
            "autoscale",
            "catalog",
            "clients",
            "engine",
            "formats",
            "gate",
            "generator",
            "map",
            "doctor",
            "render",
            "resource",
            "stack",
            "summary",
        ],
    ),
    ("testing", &["catalog", "core", "clients", "engine", "expr", "formats", "resource", "stack"]),
];

/// What pure modules never touch: they have no clock, no disk, no network, no threads.
const PURE: &[&str] = &[
    "charts",
    "expr",
    "formats",
    "generator",
    "map",
    "panels",
    "render",
    "report",
    "steps",
    "summary",
];
const IMPURE: &[&str] = &["std::fs", "std::net", "std::env::", "SystemTime", "tokio::", "ureq::"];

/// Where it is decided who holds a lease, what is acknowledged, tried again or known already: a clock that somebody sets
/// must not count there, so that only time that never jumps is looked at.
const STEADY: &[&str] = &[
    "src/clients/backoff.rs",
    "src/clients/leases/clock.rs",
    "src/clients/leases/directory.rs",
    "src/clients/leases/log.rs",
    "src/clients/mqtt/",
    "src/clients/nats/",
    "src/clients/postgres/",
    "crates/base/src/core/lease.rs",
    "crates/base/src/core/wait.rs",
    "src/engine/flow.rs",
    "src/engine/inbox.rs",
    "src/engine/journal/",
    "src/engine/progress.rs",
    "src/engine/reader.rs",
    "src/engine/retry.rs",
    "src/engine/writer.rs",
    "src/sinks/nats.rs",
    "src/sources/nats.rs",
];
/// A time that is written down for people does no harm.
const WALL_CLOCK: &[&str] = &["unix_ms", "SystemTime", ".modified", "Timestamp::now"];

/// Lines of a file that are no tests, and of the tests inside it.
const FILE_LINES: usize = 500;
const TEST_LINES: usize = 150;
const MOD_LINES: usize = 80;
const MAIN_LINES: usize = 40;
/// rustfmt keeps code to 100; prose and texts may be a little longer.
const COLUMNS: usize = 120;
/// Files in one folder. Four folders are lists of small parts of one thing, told apart by their names.
const FOLDER_FILES: usize = 25;
const WIDE_FOLDERS: &[&str] =
    &["crates/base/src/core", "crates/base/src/generator", "src/server", "src/stores/postgres"];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Part of the program, not of its tests.
    fn is_ours(&self) -> bool {
        PACKAGES.iter().any(|package| self.path.starts_with(package))
    }

    /// The module at the top of its package that the file belongs to.
    fn module(&self) -> Option<String> {
        let inside = PACKAGES.iter().find_map(|package| self.path.strip_prefix(package).ok())?;
        let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
        Some(first.trim_end_matches(".rs").to_owned())
    }

    fn is_test(&self) -> bool {
        let name = self.name();
        name.contains("/tests/")
            || name.ends_with("/tests.rs")
            || name.ends_with("/simulation.rs")
            || name.starts_with("tests/")
    }

    /// Everything above the tests inside the file.
    fn production(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in PACKAGES.iter().chain(&["tests"]) {
        walk(Path::new(folder), &mut found);
    }
    assert!(found.len() > 100, "the test runs in the root of the package");
    found
}

fn walk(folder: &Path, found: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(Source { path, text });
        }
    }
}

fn check(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The modules that a text names after `crate::`.
fn uses(text: &str) -> BTreeSet<String> {
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
    let named = text.split("crate::").skip(1);
    named.map(|rest| rest.split(ends).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn modules_use_only_the_layers_below_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else { continue };
        if source.is_test() {
            continue;
        }
        for used in uses(source.production()) {
            let is_known = LAYERS.iter().any(|(name, _)| *name == used) || used == "catalog";
            if is_known && used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: `{module}` must not use `{used}`", source.name()));
            }
        }
    }
    check(&wrong);
}

#[test]
fn every_module_has_a_layer() {
    let known: BTreeSet<&str> =
        LAYERS.iter().map(|(name, _)| *name).chain(["lib", "main", "catalog"]).collect();
    let modules = sources().iter().filter_map(Source::module).collect::<BTreeSet<_>>();
    let wrong: Vec<String> = modules
        .iter()
        .filter(|module| !known.contains(module.as_str()))
        .map(|module| format!("`{module}` has no row in LAYERS"))
        .collect();
    check(&wrong);
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_pure = source.module().is_some_and(|module| PURE.contains(&module.as_str()));
        if !is_pure || source.is_test() {
            continue;
        }
        for word in IMPURE.iter().filter(|word| source.production().contains(**word)) {
            wrong.push(format!("{}: {word} in a pure module", source.name()));
        }
    }
    check(&wrong);
}

#[test]
fn a_clock_that_jumps_decides_nothing_about_leases_acknowledgements_and_tries() {
    let mut wrong = Vec::new();
    let (mut places, mut looked_at) = (BTreeSet::new(), 0);
    for source in sources() {
        let name = source.name();
        let place = STEADY.iter().find(|place| name.starts_with(**place));
        let Some(place) = place.filter(|_| !source.is_test()) else { continue };
        places.insert(place);
        looked_at += 1;
        for word in WALL_CLOCK.iter().filter(|word| source.production().contains(**word)) {
            wrong.push(format!("{name}: {word} where only time that never jumps may decide"));
        }
    }
    assert!(places.len() == STEADY.len() && looked_at > 40, "{looked_at} files in {places:?}");
    check(&wrong);
}

#[test]
fn components_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module().unwrap_or_default();
        if ["sources", "steps", "sinks", "panels"].contains(&module.as_str())
            && source.production().contains(&format!("crate::{module}::"))
        {
            wrong
                .push(format!("{}: what two share belongs into clients or formats", source.name()));
        }
    }
    check(&wrong);
}

#[test]
fn every_component_file_is_listed() {
    let mut wrong = Vec::new();
    for folder in ["src/sources", "src/steps", "src/sinks", "src/panels"] {
        let list = std::fs::read_to_string(format!("{folder}/mod.rs")).unwrap();
        let listed: BTreeSet<&str> =
            list.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(',')).collect();
        for source in
            sources().iter().filter(|source| source.path.parent() == Some(Path::new(folder)))
        {
            let name = source.path.file_stem().unwrap().to_string_lossy().into_owned();
            if name != "mod" && !listed.contains(name.as_str()) {
                wrong.push(format!("{} is not in the list of {folder}/mod.rs", source.name()));
            }
        }
    }
    check(&wrong);
}

#[test]
fn files_stay_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        let name = source.name();
        let production = source.production().lines().count();
        let limit = match source.path.file_name().unwrap().to_str() {
            Some("mod.rs") if !source.is_test() => MOD_LINES,
            Some("main.rs") if name == "src/main.rs" => MAIN_LINES,
            _ => FILE_LINES,
        };
        if production > limit {
            wrong.push(format!("{name}: {production} lines, {limit} are the limit"));
        }
        let tests = source.text.lines().count() - production;
        if tests > TEST_LINES && !source.is_test() {
            wrong.push(format!("{name}: {tests} lines of tests belong into a file of their own"));
        }
    }
    check(&wrong);
}

#[test]
fn folders_stay_small() {
    let mut wrong = Vec::new();
    let folders: BTreeSet<PathBuf> =
        sources().iter().filter_map(|source| Some(source.path.parent()?.to_path_buf())).collect();
    for folder in folders {
        let files = sources().iter().filter(|source| source.path.parent() == Some(&folder)).count();
        let is_wide = WIDE_FOLDERS.contains(&folder.to_str().unwrap());
        if files > FOLDER_FILES && !is_wide {
            wrong.push(format!("{}: {files} files", folder.display()));
        }
    }
    check(&wrong);
}

#[test]
fn lines_are_not_too_long() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        // Tables of words are data.
        if source.name().starts_with("crates/base/src/generator/locale/") {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS {
                wrong.push(format!("{}:{}: {columns} columns", source.name(), number + 1));
            }
        }
    }
    check(&wrong);
}

#[test]
fn every_file_says_what_lives_in_it() {
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{} does not start with //!", source.name()))
        .collect();
    check(&wrong);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "todo".to_owned() + "!("];
    let tests = ["#[ig".to_owned() + "nore]"];
    let sleep = "thread::sl".to_owned() + "eep";
    let mut wrong = Vec::new();
    for source in sources() {
        for word in words.iter().chain(&tests).filter(|word| source.text.contains(*word)) {
            wrong.push(format!("{}: {word}", source.name()));
        }
        // Tests of the real binary wait in real time, always for a condition or for the moment of a kill.
        if !source.name().starts_with("tests/it/") && source.text.contains(&sleep) {
            wrong.push(format!("{}: {sleep}", source.name()));
        }
        let allow = "#[al".to_owned() + "low(";
        if source.is_ours() && source.text.contains(&allow) {
            wrong.push(format!("{}: expect with a reason, not allow", source.name()));
        }
    }
    check(&wrong);
}

#[test]
fn production_never_unwraps() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (number, line) in source.production().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if source.is_ours() && code.contains(".unwrap()") {
                wrong.push(format!("{}:{}", source.name(), number + 1));
            }
        }
    }
    check(&wrong);
}
