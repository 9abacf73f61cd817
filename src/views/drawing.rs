//! The drawing thread of a view: keeps what its panels show of the records and draws it when somebody looks, at most
//! four times a second.

use crate::core::panel::Drawn;
use crate::core::time::{now, rfc3339, unix_ms};
use crate::core::wait::Wait;
use crate::engine::State;
use crate::views::markup;
use crate::views::message::{Following, Message, QUEUE, Standing};
use crate::views::page::{self, Moment, TABLES, TOPIC, Words};
use crate::views::panels::{NumbersOf, Place};
use crate::views::table::Table;
use crate::web::{EVERY, Hub, Pace, Parts};
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// Of a processor, drawing takes one part in so many: many records are drawn less often.
const SHARE: u32 = 20;
/// Between two looks at a figure whose history is shown; longer where a look takes long.
const SAMPLE: Duration = Duration::from_secs(1);
const SAMPLE_SHARE: u32 = 200;

/// Everything that the view answers, at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub data: String,
    /// In the order of the panels; none before there are records.
    pub drawn: Vec<Drawn>,
    pub records: Option<usize>,
}

pub(super) struct Drawing {
    pub service: String,
    pub words: Words,
    pub places: Vec<Place>,
    pub hub: Hub,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub state: Arc<Mutex<State>>,
    pub wait: Wait,
}

/// What is known, and since when.
#[derive(Default)]
struct Known {
    table: Option<Table>,
    standing: Option<Standing>,
    missed: u64,
    lead: Option<String>,
    /// Until when it is known to have been just this, in milliseconds since 1970.
    as_of: Option<i64>,
}

/// What is to be done when.
struct Times {
    /// Of what is drawn for open pages.
    pace: Pace,
    /// Of what is drawn for whoever asks.
    asked: Pace,
    sample: Option<Instant>,
    is_changed: bool,
    /// The last drawing was of everything, also of what nobody sees.
    is_whole: bool,
    /// Those who wait for a drawing.
    looking: Vec<oneshot::Sender<()>>,
}

impl Drawing {
    /// For whoever asks before the thread has begun: a page and data of nothing.
    pub(super) fn begin(&mut self) {
        self.draw(&Known::default(), true);
    }

    /// Draws until the view stops.
    pub(super) fn run(mut self, queue: &Receiver<Message>) {
        let mut known = Known::default();
        let samples = self.places.iter().any(Place::follows);
        let mut times = Times {
            pace: Pace::new(EVERY),
            asked: Pace::new(EVERY),
            sample: samples.then(now),
            is_changed: true,
            is_whole: true,
            looking: Vec::new(),
        };
        while !self.wait.is_stopped() {
            let message = match self.due(&times) {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(now())),
            };
            match message {
                Ok(message) => {
                    self.take(&mut known, &mut times, message);
                    // What came together is shown together.
                    for message in queue.try_iter().take(QUEUE) {
                        self.take(&mut known, &mut times, message);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.sample(&known, &mut times);
            self.draw_what_is_due(&known, &mut times);
        }
    }

    /// For nobody nothing is drawn.
    fn draw_what_is_due(&mut self, known: &Known, times: &mut Times) {
        let for_all = !times.looking.is_empty() && times.asked.is_free(now());
        let for_open = self.is_followed(times) && times.pace.is_free(now());
        if !for_all && !for_open {
            return;
        }
        let begun = now();
        self.draw(known, for_all);
        let cost = begun.elapsed() * SHARE;
        times.is_changed = false;
        times.is_whole = for_all;
        if for_open {
            times.pace.done(now(), cost);
        }
        if for_all {
            times.asked.done(now(), cost);
            for looking in times.looking.drain(..) {
                // Who asked may have gone.
                looking.send(()).unwrap_or_default();
            }
        }
    }

    /// Has an open page not what is known?
    fn is_followed(&self, times: &Times) -> bool {
        times.is_changed && self.hub.viewers(TOPIC) > 0
    }

    /// When something is to be done even if nothing happens.
    fn due(&self, times: &Times) -> Option<Instant> {
        let at = |pace: &Pace| pace.next().unwrap_or_else(now);
        let asked = (!times.looking.is_empty()).then(|| at(&times.asked));
        let followed = self.is_followed(times).then(|| at(&times.pace));
        [asked, followed, times.sample].into_iter().flatten().min()
    }

    fn sample(&mut self, known: &Known, times: &mut Times) {
        let Some(due) = times.sample.filter(|due| *due <= now()) else { return };
        let begun = now();
        if let Some(table) = &known.table {
            let seconds = (unix_ms() / 1000) as f64;
            self.places.iter_mut().for_each(|place| place.sample(seconds, table));
            times.is_changed = true;
        }
        let pause = SAMPLE.max(begun.elapsed() * SAMPLE_SHARE);
        // In step with the clock of before, unless that is long past.
        times.sample = Some((due + pause).max(now()));
    }

    fn take(&self, known: &mut Known, times: &mut Times, message: Message) {
        match message {
            Message::Look(answer) => {
                times.is_changed |= !times.is_whole;
                if !times.is_changed || (times.is_whole && !times.asked.is_free(now())) {
                    // What was drawn just now is good enough.
                    answer.send(()).unwrap_or_default();
                } else {
                    times.looking.push(answer);
                }
                return;
            }
            Message::Wake => {
                // A page may see what was drawn for nobody before.
                times.is_changed |= !times.is_whole;
                return;
            }
            Message::List(table, following) => {
                known.table = Some(table);
                known.as_of = Some(unix_ms());
                self.stand(known, Standing::Good(following));
            }
            Message::Put(key, record) => {
                if let Some(table) = &mut known.table {
                    table.put(key, record);
                }
                known.as_of = Some(unix_ms());
            }
            Message::Gone(key) => {
                if let Some(table) = &mut known.table {
                    table.remove(key);
                }
                known.as_of = Some(unix_ms());
            }
            Message::Missed(missed) => known.missed = missed,
            Message::Lead(lead) => known.lead = Some(lead),
            Message::Standing(standing) => {
                // Most say that all is as it was, which is nothing to draw and would keep the next change waiting.
                if known.standing.as_ref() == Some(&standing) {
                    return;
                }
                self.stand(known, standing);
            }
        }
        times.is_changed = true;
    }

    /// A change is told to the log, and to whoever asks for the service's state.
    fn stand(&self, known: &mut Known, standing: Standing) {
        if known.standing.as_ref() == Some(&standing) {
            return;
        }
        let service = &self.service;
        let from = &self.words.from;
        let state = match &standing {
            Standing::Good(following) => {
                if matches!(known.standing, Some(Standing::Trouble(_))) {
                    match following {
                        Following::Events | Following::Asking => {
                            tracing::info!(%service, url = from, "the API answers again");
                        }
                        _ => tracing::info!(%service, from, "it is there again"),
                    }
                }
                State::Running
            }
            Standing::Trouble(words) => {
                tracing::warn!(%service, from, "{words}");
                if known.standing == Some(Standing::Good(Following::Events)) {
                    // Until now every change would have come.
                    known.as_of = Some(unix_ms());
                }
                State::Waiting(words.clone())
            }
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        known.standing = Some(standing);
    }

    fn draw(&mut self, known: &Known, for_all: bool) {
        let records = known.table.as_ref().map(Table::records);
        let drawn = match (&known.table, records) {
            (Some(table), Some(1..)) => self.draw_panels(table),
            _ => Vec::new(),
        };
        let moment = Moment {
            records,
            is_cut: known.table.as_ref().is_some_and(Table::is_cut),
            missed: known.missed,
            lead: known.lead.as_deref(),
            standing: known.standing.as_ref(),
            as_of: known.as_of,
        };
        self.publish(page::parts(&self.words, &moment), &drawn, for_all);
        let data = data(&self.words, &moment, &drawn).to_string();
        self.snapshots.send_replace(Arc::new(Snapshot { data, drawn, records }));
    }

    /// Of pictures and tables only those that somebody sees, or all for whoever asks for the page.
    fn publish(&self, mut parts: Parts, drawn: &[Drawn], for_all: bool) {
        let names = || self.places.iter().map(|place| &place.names);
        let panels = || names().enumerate().map(|(index, names)| (names, drawn.get(index)));
        parts.extend(panels().flat_map(|(names, drawn)| markup::words(names, drawn)));
        let mut topics = vec![(TOPIC.to_owned(), parts)];
        let is_seen = |topic: &str| for_all || self.hub.viewers(topic) > 0;
        for room in markup::ROOMS {
            let topic = format!("{TOPIC}/{}", room.0);
            if is_seen(&topic) {
                let pictures = panels().flat_map(|(names, drawn)| markup::room(names, drawn, room));
                topics.push((topic, pictures.collect()));
            }
        }
        if is_seen(TABLES) {
            let tables = panels().flat_map(|(names, drawn)| markup::behind(names, drawn));
            topics.push((TABLES.to_owned(), tables.collect()));
        }
        self.hub.publish_all(topics);
    }

    fn draw_panels(&self, table: &Table) -> Vec<Drawn> {
        let mut numbers = NumbersOf::new();
        let records = &self.words.records;
        self.places.iter().map(|place| place.draw(records, table, &mut numbers)).collect()
    }
}

fn data(words: &Words, moment: &Moment, drawn: &[Drawn]) -> Value {
    let (is_live, problem) = match moment.standing {
        Some(Standing::Good(_)) => (true, None),
        Some(Standing::Trouble(words)) => (false, Some(words)),
        None => (false, None),
    };
    let panels: Vec<&Value> = drawn.iter().map(|drawn| &drawn.data).collect();
    json!({
        "title": words.title,
        "records": moment.records,
        "live": is_live,
        "problem": problem,
        "as_of": moment.as_of.map(rfc3339),
        "panels": panels,
    })
}
