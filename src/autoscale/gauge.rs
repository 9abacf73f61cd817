//! Measures: counters of `/metrics` between two looks, or what the engine says of a container's cores.

use crate::autoscale::cpu::Cores;
use crate::autoscale::decide::Measured;
use crate::autoscale::exposition::{Line, lines};
use crate::autoscale::fleet::Fleet;
use crate::autoscale::target::Kind;
use crate::clients::docker::Engine;
use crate::clients::hosts;
use crate::clients::http::{Client, Request, Timeouts, bearer};
use crate::core::time::now;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(2) };
/// Of a stack with a hundred services it is a tenth of this.
const ANSWER_BYTES: u64 = 8 * 1024 * 1024;
/// Of the admin listener, where the address names none.
const PORT: u16 = 7070;

/// Who is asked for what.
#[derive(Debug, Clone)]
pub struct Asked {
    pub kind: Kind,
    /// The service in whose numbers it shows: a gate, where there is one in front.
    pub service: String,
    pub is_flow: bool,
    /// Admin listeners; a name may stand for many.
    pub from: Vec<String>,
    pub token: Option<String>,
}

#[derive(Debug)]
pub enum Gauge {
    Metrics(Metrics),
    Cpu(Cores),
}

impl Gauge {
    pub fn new(asked: Asked, engine: &Engine) -> Self {
        if asked.kind == Kind::Cpu {
            return Self::Cpu(Cores::new(engine.clone()));
        }
        let headers = bearer(asked.token.as_deref());
        Self::Metrics(Metrics {
            asked,
            headers,
            client: Client::new(TIMEOUTS),
            before: HashMap::new(),
        })
    }

    pub(super) fn read(&mut self, fleet: &dyn Fleet) -> Result<Measured, String> {
        match self {
            Self::Metrics(metrics) => metrics.read(),
            Self::Cpu(cores) => cores.read(fleet),
        }
    }
}

#[derive(Debug)]
pub struct Metrics {
    asked: Asked,
    headers: Vec<(String, String)>,
    client: Client,
    /// What each address said last, and when.
    before: HashMap<String, (Instant, Counters)>,
}

impl Metrics {
    fn read(&mut self) -> Result<Measured, String> {
        let (said, reasons) = self.ask_all();
        if said.is_empty() {
            let first = reasons.into_iter().next();
            return Err(first.unwrap_or_else(|| "nobody was asked".to_owned()));
        }
        let sum = said.iter().fold(Sum::default(), |sum, (address, (at, counters))| {
            sum.with(*at, counters, self.before.get(address))
        });
        let who = said.keys().min().cloned().unwrap_or_default();
        self.before = said;
        if !sum.is_there {
            let service = &self.asked.service;
            return Err(format!(
                "http://{who}/metrics has no {service}: another process runs it, `--from` names that"
            ));
        }
        measured(self.asked.kind, &sum, reasons.is_empty())
    }

    /// What each address says, and why others say nothing.
    fn ask_all(&self) -> (HashMap<String, (Instant, Counters)>, Vec<String>) {
        let (mut said, mut reasons) = (HashMap::new(), Vec::new());
        for place in &self.asked.from {
            let place = hosts::place(place, PORT);
            let found = hosts::all(&place).unwrap_or_else(|reason| {
                reasons.push(format!("{place}: {reason}; `--from` names who is asked"));
                Vec::new()
            });
            for address in found {
                match self.ask(&address) {
                    Ok(text) => {
                        said.insert(address, (now(), Counters::of(&text, &self.asked)));
                    }
                    Err(reason) => reasons.push(reason),
                }
            }
        }
        (said, reasons)
    }

    fn ask(&self, address: &str) -> Result<String, String> {
        let url = format!("http://{address}/metrics");
        let request =
            Request { method: "GET", url: &url, headers: &self.headers, ..Request::default() };
        let answer =
            self.client.send(&request, ANSWER_BYTES).map_err(|fault| fault.reason().to_owned())?;
        match answer.status {
            200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
            401 => {
                Err(format!("{url} wants a token: --admin-token-file, or HEADWATER_ADMIN_TOKEN"))
            }
            other => Err(format!("{url} answers {other}")),
        }
    }
}

/// What one process counted of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counters {
    is_there: bool,
    /// Requests, or records stored.
    done: f64,
    seconds: f64,
    answers: f64,
    /// No counter: as it is now.
    lag: f64,
}

impl Counters {
    fn of(text: &str, asked: &Asked) -> Self {
        let mut counters = Self::default();
        let label = if asked.is_flow { "flow" } else { "service" };
        for line in lines(text) {
            if line.label(label).is_some_and(|name| is_replica(name, &asked.service)) {
                counters.take(&line);
            }
        }
        counters
    }

    fn take(&mut self, line: &Line) {
        match line.name {
            "headwater_http_requests_total" | "headwater_records_stored_total" => {
                self.is_there = true;
                self.done += line.value;
            }
            "headwater_http_request_seconds_sum" => self.seconds += line.value,
            "headwater_http_request_seconds_count" => self.answers += line.value,
            "headwater_oldest_unacknowledged_seconds" => self.lag = self.lag.max(line.value),
            _ => {}
        }
    }
}

/// `NAME`, or `NAME-2` where one process runs several.
fn is_replica(name: &str, service: &str) -> bool {
    let rest = name.strip_prefix(service);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|it| it.parse::<u32>().is_ok())
    })
}

/// All processes together.
#[derive(Debug, Default)]
struct Sum {
    is_there: bool,
    /// Those whose counters of the look before are known.
    are_compared: bool,
    per_second: f64,
    seconds: f64,
    answers: f64,
    lag: f64,
}

impl Sum {
    fn with(mut self, at: Instant, now: &Counters, before: Option<&(Instant, Counters)>) -> Self {
        self.is_there |= now.is_there;
        self.lag = self.lag.max(now.lag);
        let Some((then, before)) = before else { return self };
        let elapsed = at.saturating_duration_since(*then).as_secs_f64();
        // A process that was started anew counts from 0; it is known again the next time.
        if elapsed > 0.0 && now.done >= before.done && now.answers >= before.answers {
            self.are_compared = true;
            self.per_second += (now.done - before.done) / elapsed;
            self.seconds += now.seconds - before.seconds;
            self.answers += now.answers - before.answers;
        }
        self
    }
}

fn measured(kind: Kind, sum: &Sum, is_whole: bool) -> Result<Measured, String> {
    let load = sum.are_compared.then_some(sum.per_second);
    let value = match (kind, load) {
        (Kind::Lag, _) => sum.lag,
        (_, None) => {
            return Err("the first look; a second one tells what happens between".to_owned());
        }
        (Kind::Latency, _) if sum.answers > 0.0 => (sum.seconds / sum.answers).max(0.0),
        // Nobody asks, so nobody waits.
        (Kind::Latency, _) => 0.0,
        (_, Some(load)) => load,
    };
    if value.is_finite() {
        Ok(Measured { value, load, is_whole })
    } else {
        Err("what the metrics say is no number".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: Kind, service: &str, is_flow: bool) -> Asked {
        Asked { kind, service: service.to_owned(), is_flow, from: Vec::new(), token: None }
    }

    const PAGE: &str = "\
headwater_http_requests_total{service=\"front\",status=\"2xx\"} 100
headwater_http_requests_total{service=\"front\",status=\"5xx\"} 20
headwater_http_requests_total{service=\"frontend\",status=\"2xx\"} 9000
headwater_http_request_seconds_sum{service=\"front\"} 6
headwater_http_request_seconds_count{service=\"front\"} 120
headwater_records_stored_total{flow=\"copy-1\"} 5
headwater_records_stored_total{flow=\"copy-2\"} 6
headwater_records_stored_total{flow=\"copy-out\"} 7
headwater_oldest_unacknowledged_seconds{flow=\"copy-1\"} 3
headwater_oldest_unacknowledged_seconds{flow=\"copy-2\"} 4
";

    #[test]
    fn a_service_is_told_from_others_whose_names_begin_alike() {
        let front = Counters::of(PAGE, &asked(Kind::Rate, "front", false));
        assert_eq!((front.done, front.seconds, front.answers), (120.0, 6.0, 120.0));
        let copy = Counters::of(PAGE, &asked(Kind::Lag, "copy", true));
        assert_eq!((copy.done, copy.lag), (11.0, 4.0));
        assert!(!Counters::of(PAGE, &asked(Kind::Rate, "other", false)).is_there);
    }

    #[test]
    fn rates_and_latencies_are_those_between_two_looks() {
        let start = now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let counters =
            |done, seconds| Counters { is_there: true, done, seconds, answers: done, lag: 0.0 };
        let sum = Sum::default()
            .with(at(10), &counters(600.0, 9.0), Some(&(at(0), counters(100.0, 4.0))))
            .with(at(10), &counters(7.0, 1.0), None)
            .with(at(10), &counters(7.0, 1.0), Some(&(at(0), counters(9000.0, 1.0))));
        assert_eq!(measured(Kind::Rate, &sum, true).map(|it| it.value), Ok(50.0));
        assert_eq!(measured(Kind::Latency, &sum, true).map(|it| it.value), Ok(0.01));
        let first = Sum::default().with(at(10), &counters(7.0, 1.0), None);
        assert!(measured(Kind::Rate, &first, true).unwrap_err().contains("the first look"));
        assert_eq!(measured(Kind::Lag, &first, true).map(|it| it.load), Ok(None));
    }
}
