//! The ready-made stacks, as they stand in `stacks/`.

/// A stack that comes with the binary.
#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub text: &'static str,
    pub readme: &'static str,
}

/// What `headwater up` runs where there is no stack file.
pub const DEFAULT: &str = "users";

macro_rules! builtin {
    ($name:literal) => {
        Builtin {
            name: $name,
            text: include_str!(concat!("../../stacks/", $name, "/headwater.yaml")),
            readme: include_str!(concat!("../../stacks/", $name, "/README.md")),
        }
    };
}

pub const ALL: &[Builtin] = &[
    builtin!("random-file"),
    builtin!("shared-data"),
    builtin!("numbers"),
    builtin!("users"),
    builtin!("cached-users"),
];

pub fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|stack| stack.name == name)
}

impl Builtin {
    /// The first line of the file: one sentence behind the `#`.
    pub fn summary(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        let line = line.trim_start_matches(['#', ' ']);
        line.strip_prefix(self.name).map_or(line, |rest| rest.trim_start_matches([':', ' ']))
    }
}
