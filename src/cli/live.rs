//! What flows, live: a line per service on a terminal, a log line now and then on a pipe.

use crate::app::{App, Detail, ServiceStatus};
use crate::cli::out;
use crate::core::time::now;
use crate::core::unit::show_duration;
use crate::engine::State;
use crate::gate::Standing;
use rustix::termios::tcgetwinsize;
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Live lines that stand at the bottom of the terminal right now.
static SHOWN: AtomicUsize = AtomicUsize::new(0);

/// Takes the live lines away, so that something can be written where they stood.
pub(super) fn clear() {
    let shown = SHOWN.swap(0, Relaxed);
    if shown > 0 {
        out::tell(&format!("\x1b[{shown}A\x1b[J"));
    }
}

/// How often a terminal is redrawn, and a pipe told.
const REDRAW: Duration = Duration::from_secs(1);
const TELL: Duration = Duration::from_secs(10);

/// Characters of a record that a log line shows.
const RECORD: usize = 160;

pub(super) struct Live {
    is_terminal: bool,
    /// Counts at the last time, for the rates.
    before: HashMap<String, u64>,
    at: Instant,
}

impl Live {
    /// `prints`: a flow writes to standard output, where its lines say enough.
    pub(super) fn new(prints: bool) -> Self {
        let is_terminal =
            std::io::stderr().is_terminal() && !(prints && std::io::stdout().is_terminal());
        Self { is_terminal, before: HashMap::new(), at: now() }
    }

    /// When `show` wants to be called again.
    pub(super) fn next(&self) -> Instant {
        self.at + if self.is_terminal { REDRAW } else { TELL }
    }

    pub(super) fn show(&mut self, app: &App) {
        let snapshot = app.snapshot();
        let elapsed = self.at.elapsed().as_secs_f64().max(0.001);
        self.at = now();
        if self.is_terminal {
            let names = snapshot.services.iter().map(|it| it.name.chars().count()).max();
            let lines: Vec<String> = snapshot
                .services
                .iter()
                .map(|service| self.line(service, elapsed, names.unwrap_or_default().max(22)))
                .collect();
            let (columns, rows) = size();
            let lines = fitted(lines, columns, rows);
            clear();
            out::tell(&lines.concat());
            SHOWN.store(lines.len(), Relaxed);
        } else {
            for service in &snapshot.services {
                self.tell(service, elapsed, app);
            }
        }
    }

    fn rate(&mut self, name: &str, count: u64, elapsed: f64) -> (u64, f64) {
        let before = self.before.insert(name.to_owned(), count).unwrap_or(0);
        let more = count.saturating_sub(before);
        (more, more as f64 / elapsed)
    }

    fn line(&mut self, service: &ServiceStatus, elapsed: f64, names: usize) -> String {
        let name = &service.name;
        let what = match &service.detail {
            Detail::Flow { stored, rejected, refused, faults, lag, .. } => {
                let (_, rate) = self.rate(name, *stored, elapsed);
                format!(
                    "{stored:>10} records {rate:>9.1}/s  lag {:>6}  {}{}{}",
                    show_duration(*lag),
                    if *faults == 1 { "1 error".to_owned() } else { format!("{faults} errors") },
                    if_any(*refused, "refused"),
                    if_any(*rejected, "dead letters"),
                )
            }
            Detail::Gate(gate) => {
                let total = gate.meter.requests_total();
                let (_, rate) = self.rate(name, total, elapsed);
                let ready = gate.members.iter().filter(|it| it.standing == Standing::Ready).count();
                let (all, retries) = (gate.members.len(), gate.retries);
                format!(
                    "{total:>10} answers {rate:>9.1}/s  {ready} of {all} ready  {retries} retries"
                )
            }
            Detail::Server(meter) => {
                let total = meter.requests_total();
                let (_, rate) = self.rate(name, total, elapsed);
                format!("{total:>10} answers {rate:>9.1}/s")
            }
            Detail::Nothing => String::new(),
        };
        let state = match &service.state {
            State::Running => String::new(),
            State::Waiting(reason) | State::StandsBy(reason) | State::Failed(reason) => {
                let shown: String = reason.chars().take(60).collect();
                format!("{}: {shown}  ", service.state.name())
            }
            other => format!("{}  ", other.name()),
        };
        // First what is wrong: a narrow terminal cuts the end of the line.
        format!("  {name:<names$}  {state}{what}")
    }

    /// Only what moved is worth a line in a log; the last record in it shows what it is that moves.
    fn tell(&mut self, service: &ServiceStatus, elapsed: f64, app: &App) {
        let Detail::Flow { stored, rejected, refused, faults, lag, meter } = &service.detail else {
            return;
        };
        let (more, rate) = self.rate(&service.name, *stored, elapsed);
        if more > 0 {
            let (rate, lag) = (format!("{rate:.1}/s"), show_duration(*lag));
            let last = shortened(app.last_record(meter).unwrap_or_default());
            tracing::info!(
                service = %service.name, records = stored, rate, lag, errors = faults,
                refused, dead_letters = rejected, last, "flowing"
            );
        }
    }
}

/// A record that fills the screen says no more than its beginning.
fn shortened(text: String) -> String {
    match text.char_indices().nth(RECORD) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Columns and rows of the terminal; one that does not say has the usual ones.
fn size() -> (usize, usize) {
    let size = tcgetwinsize(std::io::stderr()).ok().filter(|it| it.ws_col > 0 && it.ws_row > 0);
    size.map_or((80, 24), |it| (usize::from(it.ws_col), usize::from(it.ws_row)))
}

/// Each line stands on one row of the terminal, and all of them on the screen: what wraps or scrolls away could not be
/// taken away again.
fn fitted(mut lines: Vec<String>, columns: usize, rows: usize) -> Vec<String> {
    let room = rows.saturating_sub(2).max(1);
    if lines.len() > room {
        let hidden = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(format!("  and {hidden} more; `headwater top` shows all"));
    }
    for line in &mut lines {
        if line.chars().count() > columns {
            *line = line.chars().take(columns.saturating_sub(1)).chain(['…']).collect();
        }
        line.push('\n');
    }
    lines
}

fn if_any(count: u64, what: &str) -> String {
    if count > 0 { format!("  {count} {what}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that wraps takes two rows, of which only one was taken away: the other stayed, once a second.
    #[test]
    fn live_lines_fit_the_terminal() {
        let lines = || (0..30).map(|at| format!("  {at} {}", "wait ".repeat(at))).collect();
        for (columns, rows) in [(200, 50), (80, 24), (40, 10), (1, 1)] {
            let shown = fitted(lines(), columns, rows);
            assert!(shown.len() < rows.max(2), "{shown:?}");
            let is_one_row =
                |line: &String| line.ends_with('\n') && line.chars().count() <= columns + 1;
            assert!(shown.iter().all(is_one_row), "{shown:?}");
        }
        let told = fitted(lines(), 80, 12).concat();
        assert!(told.ends_with("  and 21 more; `headwater top` shows all\n"), "{told}");
        assert_eq!(fitted(lines(), 200, 50).len(), 30);
    }
}
