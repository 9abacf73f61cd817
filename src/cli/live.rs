//! What flows, live: a line per service on a terminal, a log line now and then on a pipe.

use crate::app::{App, Detail, ServiceStatus};
use crate::cli::out;
use crate::core::time::now;
use crate::core::unit::show_duration;
use crate::engine::State;
use crate::gate::Standing;
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
            let lines: Vec<String> =
                snapshot.services.iter().map(|service| self.line(service, elapsed)).collect();
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

    fn line(&mut self, service: &ServiceStatus, elapsed: f64) -> String {
        let name = &service.name;
        let what = match &service.detail {
            Detail::Flow { stored, rejected, refused, faults, lag, .. } => {
                let (_, rate) = self.rate(name, *stored, elapsed);
                format!(
                    "{stored:>10} records {rate:>9.1}/s  lag {:>6}  {faults} errors{}{}",
                    show_duration(*lag),
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
                format!("  {}: {shown}", service.state.name())
            }
            other => format!("  {}", other.name()),
        };
        format!("  {name:<23} {what}{state}\n")
    }

    /// Only what moved is worth a line in a log; the last record in it shows what it is that moves.
    fn tell(&mut self, service: &ServiceStatus, elapsed: f64, app: &App) {
        let Detail::Flow { stored, rejected, refused, faults, lag, meter } = &service.detail else {
            return;
        };
        let (more, rate) = self.rate(&service.name, *stored, elapsed);
        if more > 0 {
            let (rate, lag) = (format!("{rate:.1}/s"), show_duration(*lag));
            let last = app.last_record(meter).unwrap_or_default();
            tracing::info!(
                service = %service.name, records = stored, rate, lag, errors = faults,
                refused, dead_letters = rejected, last, "flowing"
            );
        }
    }
}

fn if_any(count: u64, what: &str) -> String {
    if count > 0 { format!("  {count} {what}") } else { String::new() }
}
