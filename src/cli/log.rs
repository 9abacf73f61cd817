//! The log on standard error, text or JSON.

use crate::cli::arguments::LogForm;
use crate::cli::live;
use std::io::Write;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Libraries that tell of every connection; what matters of it the flows tell in words of their own.
const TALKATIVE: [&str; 1] = ["async_nats"];

/// Starts logging; once per process.
pub(super) fn start(form: LogForm) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_target(false)
        .with_timer(Clock)
        .with_writer(|| Above);
    let quiet = TALKATIVE.map(|name| (name, LevelFilter::OFF));
    let heard = Targets::new().with_default(LevelFilter::INFO).with_targets(quiet);
    match form {
        LogForm::Text => {
            builder.with_ansi(crate::cli::out::is_colourful()).finish().with(heard).init();
        }
        LogForm::Json => builder.json().flatten_event(true).finish().with(heard).init(),
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
