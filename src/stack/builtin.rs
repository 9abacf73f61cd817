//! The ready-made stacks, as they stand in `stacks/`.

/// A stack that comes with the binary.
#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub text: &'static str,
    pub readme: &'static str,
    /// How it is deployed, beyond what follows from the stack; may be empty.
    pub deploy: &'static str,
}

/// What `headwater up` runs where there is no stack file.
pub const DEFAULT: &str = "users";

macro_rules! builtin {
    ($name:literal) => {
        builtin!($name, "")
    };
    ($name:literal, deployed) => {
        builtin!($name, include_str!(concat!("../../stacks/", $name, "/deploy.yaml")))
    };
    ($name:literal, $deploy:expr) => {
        Builtin {
            deploy: $deploy,
            name: $name,
            text: include_str!(concat!("../../stacks/", $name, "/headwater.yaml")),
            readme: include_str!(concat!("../../stacks/", $name, "/README.md")),
        }
    };
}

pub const ALL: &[Builtin] = &[
    builtin!("random-file", deployed),
    builtin!("shared-data", deployed),
    builtin!("numbers"),
    builtin!("users", deployed),
    builtin!("cached-users", deployed),
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
