//! The log on standard error, text or JSON.

use crate::cli::arguments::LogForm;
use crate::cli::live;
use std::io::Write;
use tracing::Level;

/// Starts logging; once per process.
pub(super) fn start(form: LogForm) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_target(false)
        .with_timer(Clock)
        .with_writer(|| Above);
    match form {
        LogForm::Text => builder.with_ansi(crate::cli::out::is_colourful()).init(),
        LogForm::Json => builder.json().flatten_event(true).init(),
    }
}

struct Clock;

impl tracing_subscriber::fmt::time::FormatTime for Clock {
    fn format_time(
        &self,
        writer: &mut tracing_subscriber::fmt::format::Writer<'_>,
    ) -> std::fmt::Result {
        writer.write_str(&crate::core::time::rfc3339_now())
    }
}

/// Writes log lines above the live lines of a terminal.
struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        live::clear();
        std::io::stderr().lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}
