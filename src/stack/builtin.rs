//! The ready-made stacks, as they stand in `stacks/`.

/// A stack that comes with the binary.
#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub text: &'static str,
    pub readme: &'static str,
    /// Two of the five wait for resources and views.
    pub is_built: bool,
}

/// What `headwater up` runs where there is no stack file.
pub const DEFAULT: &str = "random-file";

macro_rules! builtin {
    ($name:literal, $is_built:literal) => {
        Builtin {
            name: $name,
            text: include_str!(concat!("../../stacks/", $name, "/headwater.yaml")),
            readme: include_str!(concat!("../../stacks/", $name, "/README.md")),
            is_built: $is_built,
        }
    };
}

pub const ALL: &[Builtin] = &[
    builtin!("random-file", true),
    builtin!("shared-data", true),
    builtin!("numbers", true),
    builtin!("users", false),
    builtin!("cached-users", true),
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
