//! The only door to standard output and standard error, apart from the `print` sink and the log.

use std::io::Write as _;

/// What was asked for: standard output. A reader that went away is no error.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// What went wrong, and what is only for people: standard error.
pub(super) fn tell(text: &str) {
    let mut out = std::io::stderr().lock();
    drop(out.write_all(text.as_bytes()));
}

/// `error: what happened` with what to do.
pub(super) fn error(message: &str) {
    tell(&format!("error: {message}\n"));
}

pub(super) fn json(value: &serde_json::Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    say(&format!("{text}\n"));
}

/// Whether standard error is looked at by a person who likes colours.
pub(super) fn is_colourful() -> bool {
    use std::io::IsTerminal as _;
    #[expect(clippy::disallowed_methods, reason = "NO_COLOR is for every program, not for stacks")]
    let no_colour = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !no_colour
}
