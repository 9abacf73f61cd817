//! The drawing thread of a view: keeps the records' numbers and makes a snapshot of the page when they change, at
//! most four times a second.

use crate::core::panel::{Drawn, Frame, Panel};
use crate::core::time::{now, rfc3339, unix_ms};
use crate::engine::State;
use crate::views::page::{self, Moment, Words};
use crate::views::reader::{Following, Message, Standing};
use crate::views::table::Table;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The least time between two snapshots while somebody looks, and while nobody does.
const PACE: Duration = Duration::from_millis(250);
const PACE_ALONE: Duration = Duration::from_secs(1);
/// Of a processor, drawing takes one part in so many: many records are drawn less often.
const SHARE: u32 = 20;

/// Everything that the view answers, at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// What stands in the page.
    pub content: String,
    /// The same as an event for pages that are open.
    pub event: Bytes,
    pub data: String,
    /// The picture of each panel that has one.
    pub pictures: Vec<Option<String>>,
}

impl Snapshot {
    /// While nothing is known: whoever asks before the first drawing gets a page and data as well.
    pub(super) fn of_nothing(words: &Words) -> Self {
        let moment = Moment { records: None, is_cut: false, standing: None, as_of: None };
        Self::new(words, &moment, Vec::new(), page::content(words, &moment, &[]))
    }

    fn new(words: &Words, moment: &Moment, drawn: Vec<Drawn>, content: String) -> Self {
        Self {
            event: event(&content),
            data: data(words, moment, &drawn).to_string(),
            pictures: drawn.into_iter().map(|drawn| drawn.svg).collect(),
            content,
        }
    }
}

pub(super) struct Drawing {
    pub service: String,
    pub words: Words,
    pub panels: Vec<Box<dyn Panel>>,
    /// The fields of the table's columns.
    pub fields: Arc<[String]>,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub state: Arc<Mutex<State>>,
}

/// What is known, and since when.
#[derive(Default)]
struct Known {
    table: Option<Table>,
    standing: Option<Standing>,
    /// Until when the API is known to have said just this, in milliseconds since 1970.
    as_of: Option<i64>,
}

impl Drawing {
    /// Draws until the reading thread is gone.
    pub(super) fn run(mut self, queue: &Receiver<Message>) {
        let mut known = Known::default();
        self.draw(&known);
        let mut next = now();
        // When what has changed is to be drawn.
        let mut due: Option<Instant> = None;
        loop {
            let message = match due {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(now())),
            };
            match message {
                Ok(message) => {
                    self.take(&mut known, message);
                    due = due.or(Some(next));
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if due.is_some_and(|due| due <= now()) {
                let begun = now();
                self.draw(&known);
                // One receiver is the server's own; every page that is open has another one.
                let pace = if self.snapshots.receiver_count() > 1 { PACE } else { PACE_ALONE };
                next = now() + pace.max(begun.elapsed() * SHARE);
                due = None;
            }
        }
    }

    fn take(&self, known: &mut Known, message: Message) {
        match message {
            Message::List(table, following) => {
                known.table = Some(table);
                known.as_of = Some(unix_ms());
                self.stand(known, Standing::Good(following));
            }
            Message::Put(key, numbers) => {
                if let Some(table) = &mut known.table {
                    table.put(key, &numbers);
                }
                known.as_of = Some(unix_ms());
            }
            Message::Gone(key) => {
                if let Some(table) = &mut known.table {
                    table.remove(key);
                }
                known.as_of = Some(unix_ms());
            }
            Message::Standing(standing) => self.stand(known, standing),
        }
    }

    /// A change is told to the log, and to whoever asks for the service's state.
    fn stand(&self, known: &mut Known, standing: Standing) {
        if known.standing.as_ref() == Some(&standing) {
            return;
        }
        let service = &self.service;
        let url = &self.words.url;
        let state = match &standing {
            Standing::Good(_) => {
                if matches!(known.standing, Some(Standing::Trouble(_))) {
                    tracing::info!(%service, url, "the API answers again");
                }
                State::Running
            }
            Standing::Trouble(words) => {
                tracing::warn!(%service, url, "{words}");
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

    fn draw(&mut self, known: &Known) {
        let records = known.table.as_ref().map(Table::records);
        let drawn = match (&known.table, records) {
            (Some(table), Some(1..)) => self.draw_panels(table),
            _ => Vec::new(),
        };
        let as_of = known.as_of.map(rfc3339);
        let moment = Moment {
            records,
            is_cut: known.table.as_ref().is_some_and(Table::is_cut),
            standing: known.standing.as_ref(),
            as_of: as_of.as_deref(),
        };
        let content = page::content(&self.words, &moment, &drawn);
        if self.snapshots.borrow().content == content {
            return;
        }
        let snapshot = Snapshot::new(&self.words, &moment, drawn, content);
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    fn draw_panels(&self, table: &Table) -> Vec<Drawn> {
        let columns: Vec<Vec<f64>> =
            (0..self.fields.len()).map(|field| table.numbers(field)).collect();
        let panels = self.panels.iter().enumerate().map(|(index, panel)| {
            let id = format!("panel-{}", index + 1);
            let field = self.fields.iter().position(|field| field == panel.field());
            let numbers = field.and_then(|field| columns.get(field)).map_or(&[][..], Vec::as_slice);
            panel.draw(&Frame { id: &id, records: &self.words.records }, numbers)
        });
        panels.collect()
    }
}

/// Markup as an event: each of its lines is one of the event's.
fn event(content: &str) -> Bytes {
    let mut event = String::with_capacity(content.len() + 64);
    event.push_str("event: content\n");
    for line in content.lines() {
        event.extend(["data: ", line, "\n"]);
    }
    event.push('\n');
    event.into()
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
        "as_of": moment.as_of,
        "panels": panels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::table::Wanted;

    /// Shows how many numbers there are.
    struct Counted;

    impl Panel for Counted {
        fn field(&self) -> &'static str {
            "age"
        }

        fn draw(&self, frame: &Frame, numbers: &[f64]) -> Drawn {
            let markup = format!("<b data-live>{} {} numbers</b>", frame.id, numbers.len());
            Drawn { markup, svg: Some("<svg/>".into()), data: json!(numbers.len()) }
        }
    }

    fn drawing() -> (Drawing, watch::Receiver<Arc<Snapshot>>, Wanted) {
        let wanted = Wanted::new(vec!["age".to_owned()], None);
        let (snapshots, latest) = watch::channel(Arc::default());
        let words = Words {
            title: "Ages".to_owned(),
            records: "users".to_owned(),
            url: "http://localhost:8000/users/".to_owned(),
        };
        let drawing = Drawing {
            service: "frontend".to_owned(),
            words,
            panels: vec![Box::new(Counted)],
            fields: Arc::clone(&wanted.fields),
            snapshots,
            state: Arc::default(),
        };
        (drawing, latest, wanted)
    }

    fn list(wanted: &Wanted, ages: &[f64]) -> Message {
        let mut table = Table::new(wanted);
        for (place, age) in ages.iter().enumerate() {
            table.put(wanted.key(&place.to_string()), &[*age]);
        }
        Message::List(table, Following::Events)
    }

    #[test]
    fn before_the_first_drawing_there_is_a_page_and_data() {
        let (drawing, ..) = drawing();
        let snapshot = Snapshot::of_nothing(&drawing.words);
        let data: Value = serde_json::from_str(&snapshot.data).unwrap();
        assert_eq!((&data["title"], &data["records"]), (&json!("Ages"), &json!(null)));
        assert!(!snapshot.content.is_empty() && !snapshot.event.is_empty());
    }

    #[test]
    fn the_page_says_what_is_known_at_every_moment() {
        let (mut drawing, latest, wanted) = drawing();
        let mut known = Known::default();
        let mut shows = |message: Option<Message>, parts: &[&str]| {
            if let Some(message) = message {
                drawing.take(&mut known, message);
            }
            drawing.draw(&known);
            for part in parts {
                let content = &latest.borrow().content;
                assert!(content.contains(part), "{part} in {content}");
            }
            assert!(!latest.borrow().content.contains("NaN"));
        };
        let trouble = |words: &str| Some(Message::Standing(Standing::Trouble(words.to_owned())));
        shows(None, &["Reading the users…"]);
        shows(
            trouble("API Error: 500"),
            &["<p>API Error: 500</p></div>", "id=\"found\" data-live></p>"],
        );
        shows(Some(list(&wanted, &[])), &["No users found", "Live: a change shows at once."]);
        shows(Some(list(&wanted, &[30.0, f64::NAN])), &["Found 2 users", "panel-1 1 numbers"]);
        let put = Message::Put(wanted.key("7"), [41.0].into());
        shows(Some(put), &["Found 3 users", "panel-1 2 numbers"]);
        let put = Message::Put(wanted.key("7"), [42.0].into());
        shows(Some(put), &["Found 3 users"]);
        shows(Some(Message::Gone(wanted.key("0"))), &["Found 2 users", "panel-1 1 numbers"]);
        shows(trouble("Cannot connect to API."), &["Found 2 users", "Cannot", "Data as of <time"]);
        let asking = Message::Standing(Standing::Good(Following::Asking));
        shows(Some(asking), &["Found 2 users", "asked every 2 s"]);
    }

    #[test]
    fn nothing_new_is_no_snapshot() {
        let (mut drawing, mut latest, wanted) = drawing();
        let mut known = Known::default();
        drawing.take(&mut known, list(&wanted, &[30.0]));
        drawing.draw(&known);
        latest.mark_unchanged();
        drawing.draw(&known);
        assert!(!latest.has_changed().unwrap());
        drawing.take(&mut known, Message::Gone(wanted.key("0")));
        drawing.draw(&known);
        assert!(latest.has_changed().unwrap());
    }

    #[test]
    fn the_state_of_the_service_says_that_it_waits_for_its_api() {
        let (drawing, _, wanted) = drawing();
        let mut known = Known::default();
        drawing.take(&mut known, Message::Standing(Standing::Trouble("API Error: 500".to_owned())));
        assert_eq!(*drawing.state.lock().unwrap(), State::Waiting("API Error: 500".to_owned()));
        drawing.take(&mut known, list(&wanted, &[]));
        assert_eq!(*drawing.state.lock().unwrap(), State::Running);
    }

    #[test]
    fn markup_of_several_lines_is_one_event() {
        assert_eq!(&*event("<a>\n<b>\r\n"), b"event: content\ndata: <a>\ndata: <b>\n\n");
    }

    #[test]
    fn the_data_say_what_the_page_says() {
        let (mut drawing, latest, wanted) = drawing();
        let mut known = Known::default();
        drawing.take(&mut known, list(&wanted, &[30.0]));
        drawing.draw(&known);
        let snapshot = Arc::clone(&latest.borrow());
        let data: Value = serde_json::from_str(&snapshot.data).unwrap();
        assert_eq!((&data["records"], &data["live"]), (&json!(1), &json!(true)));
        assert_eq!((&data["panels"], &data["problem"]), (&json!([1]), &Value::Null));
        assert_eq!(snapshot.pictures, [Some("<svg/>".to_owned())]);
    }
}
