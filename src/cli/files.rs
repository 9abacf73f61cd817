//! Which stack is meant, and its text.

use crate::catalog::Catalog;
use crate::cli::ports::{self, Moved};
use crate::cli::{exit, out};
use crate::stack::{self, Diagnostics, Environment, Stack, builtin};
use std::path::{Path, PathBuf};

/// The file that is taken without being named.
const HERE: &str = "headwater.yaml";

/// A stack's text, and the file that it can change in.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub name: String,
    pub text: String,
    pub path: Option<PathBuf>,
}

/// Finds a stack by its built-in name or file; without one `headwater.yaml` here, else the default.
pub(super) fn find(stack: Option<&str>) -> Result<Source, exit::Code> {
    let name = match stack {
        Some(name) => name,
        None if Path::new(HERE).is_file() => HERE,
        None => builtin::DEFAULT,
    };
    if let Some(builtin) = builtin::find(name)
        && !Path::new(name).is_file()
    {
        let (name, text) = (format!("built-in {name}"), builtin.text.to_owned());
        return Ok(Source { name, text, path: None });
    }
    read(Path::new(name))
}

/// Reads a stack file again.
pub(super) fn read(path: &Path) -> Result<Source, exit::Code> {
    let name = path.display().to_string();
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(Source { name, text, path: Some(path.to_path_buf()) }),
        Ok(Err(error)) => {
            let good = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..good).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            out::error(&format!(
                "{name}:{line}: this line is not UTF-8; save the file as UTF-8 \
                 (`iconv -f LATIN1 -t UTF-8` where it came from an older system)"
            ));
            Err(exit::BAD_STACK)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let known: Vec<&str> = builtin::ALL.iter().map(|stack| stack.name).collect();
            let nearest = crate::core::words::nearest(&name, known.iter().copied());
            let help = match nearest {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("built in are {}", known.join(", ")),
            };
            out::error(&format!(
                "there is no stack file {name}, and no built-in stack of that name; {help}"
            ));
            Err(exit::USAGE)
        }
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            let inside = path.join(HERE);
            let help = if inside.is_file() {
                format!("; name the stack file in it: {}", inside.display())
            } else {
                format!(" and holds no {HERE}; name a stack file")
            };
            out::error(&format!("{name} is a directory{help}"));
            Err(exit::FAILURE)
        }
        Err(error) => {
            out::error(&format!("{name} cannot be read: {error}"));
            Err(exit::FAILURE)
        }
    }
}

/// Checks a stack; its warnings and errors are told.
pub(super) fn load(source: &Source) -> Result<Stack, exit::Code> {
    match load_quietly(source) {
        Ok((stack, warnings)) => {
            if !warnings.list.is_empty() {
                out::tell(&warnings.render(out::is_colourful()));
            }
            Ok(stack)
        }
        Err(diagnostics) => {
            out::tell(&diagnostics.render(out::is_colourful()));
            Err(exit::BAD_STACK)
        }
    }
}

/// Like `load`, with the URLs that follow the ports of the command line.
pub(super) fn load_with_ports(
    source: &Source,
    ports: &[(String, u16)],
) -> Result<(Stack, Vec<Moved>), exit::Code> {
    let stack = load(source)?;
    let (text, moved) = ports::follow(&stack, &source.text, ports);
    if moved.is_empty() {
        return Ok((stack, moved));
    }
    match load_quietly(&Source { text, ..source.clone() }) {
        Ok((stack, _)) => Ok((stack, moved)),
        Err(diagnostics) => {
            out::tell(&diagnostics.render(out::is_colourful()));
            Err(exit::BAD_STACK)
        }
    }
}

pub(super) fn load_quietly(source: &Source) -> Result<(Stack, Diagnostics), Diagnostics> {
    stack::load(&source.name, &source.text, &Catalog::all(), &Environment::Process)
}
