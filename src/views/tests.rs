//! What a view's page and panels say at every moment, told by messages as its reading thread sends them.

use crate::catalog::Catalog;
use crate::core::options::{Options, Setting};
use crate::core::panel::{Panel, Want};
use crate::core::wait::Wait;
use crate::engine::State;
use crate::views::drawing::{Drawing, Snapshot};
use crate::views::message::{Following, Message, QUEUE, Queue, Standing};
use crate::views::page::{self, TOPIC, Words};
use crate::views::panels::{Names, Place};
use crate::views::record::{Record, Wanted};
use crate::views::table::{Plan, Table};
use crate::web::Hub;
use serde_json::{Value, json};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// A panel as the stack file names it.
fn panel(kind: &str, settings: &[(&'static str, Setting)]) -> (String, Box<dyn Panel>) {
    let catalog = Catalog::all();
    let found = catalog.panels.iter().find(|it| it.about.name == kind).unwrap();
    let mut options = Options::default();
    for (name, setting) in [("bins", 10), ("most", 10), ("rows", 10)] {
        options.set(name, Setting::Whole(setting));
    }
    options.set("show", Setting::Text("average".to_owned()));
    for (name, setting) in settings {
        options.set(name, setting.clone());
    }
    (kind.to_owned(), (found.build)(&options))
}

fn text(text: &str) -> Setting {
    Setting::Text(text.to_owned())
}

/// A view without a server and without a reading thread.
struct Shown {
    queue: Queue,
    wanted: Wanted,
    plan: Plan,
    names: Vec<Names>,
    words: Words,
    hub: Hub,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    state: Arc<Mutex<State>>,
    wait: Wait,
}

impl Shown {
    fn new(panels: Vec<(String, Box<dyn Panel>)>) -> Self {
        let words = Words {
            title: "Ages".to_owned(),
            stack: "test".to_owned(),
            records: "users".to_owned(),
            from: "http://localhost:8000/users/".to_owned(),
        };
        let places = Place::all(panels, "users");
        let wants: Vec<Want> = places.iter().map(|place| place.want.clone()).collect();
        let (wanted, plan) = Plan::new(&wants, None);
        let names = places.iter().map(|place| place.names.clone()).collect();
        let (sender, snapshots) = watch::channel(Arc::default());
        let (queue, messages) = sync_channel(QUEUE);
        let (hub, wait) = (Hub::new(), Wait::new());
        let state = Arc::new(Mutex::new(State::Running));
        let mut drawing = Drawing {
            service: "frontend".to_owned(),
            words: words.clone(),
            places,
            hub: hub.clone(),
            snapshots: sender,
            state: Arc::clone(&state),
            wait: wait.clone(),
        };
        drawing.begin();
        drop(crate::core::thread::spawn("draws", move || drawing.run(&messages)).unwrap());
        Self { queue, wanted, plan, names, words, hub, snapshots, state, wait }
    }

    fn ages() -> Self {
        let age = [("field", text("age"))];
        Self::new(vec![panel("histogram", &age), panel("statistics", &age)])
    }

    fn tell(&self, message: Message) {
        self.queue.send(message).unwrap();
    }

    fn list(&self, records: &[Value]) -> Message {
        let mut table = Table::new(&self.wanted, &self.plan);
        for (place, record) in records.iter().enumerate() {
            table.put(self.wanted.key(&place.to_string()), Record::of(record, &self.wanted));
        }
        Message::List(table, Following::Events)
    }

    fn put(&self, key: &str, record: &Value) -> Message {
        Message::Put(self.wanted.key(key), Record::of(record, &self.wanted))
    }

    fn look(&self) {
        let (answer, drawn) = oneshot::channel();
        self.tell(Message::Look(answer));
        drawn.blocking_recv().unwrap();
    }

    /// The page once it holds all of these; what was drawn just now may be shown again for a moment.
    #[track_caller]
    fn shows(&self, parts: &[&str]) -> String {
        for _ in 0..400 {
            self.look();
            let page = page::page(&self.words, &self.names, page::snapshot(&self.hub), None);
            assert!(!page.contains("NaN"), "{page}");
            if parts.iter().all(|part| page.contains(part)) {
                return page;
            }
            self.wait.sleep(Duration::from_millis(10));
        }
        let (_, found) = self.hub.snapshot(TOPIC);
        panic!("{parts:?} is never shown: {found:#?}");
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.wait.stop();
        drop(self.queue.try_send(Message::Wake));
    }
}

fn trouble(words: &str) -> Message {
    Message::Standing(Standing::Trouble(words.to_owned()))
}

#[test]
fn the_page_says_what_is_known_at_every_moment() {
    let view = Shown::ages();
    view.shows(&["Reading the users…"]);
    view.tell(trouble("API Error: 500"));
    view.shows(&["<p>API Error: 500</p>", "id=\"found\"></p>"]);
    view.tell(view.list(&[]));
    let empty = view.shows(&[
        "No users found",
        "This page fills by itself as soon as there are some.",
        "Live: a change shows at once.",
    ]);
    assert!(
        empty.contains("id=\"panel-1-told\"></figcaption>"),
        "an empty panel is not seen: {empty}"
    );
    view.tell(view.list(&[json!({ "age": 30 }), json!({ "age": null })]));
    view.shows(&["Found 2 users", "age of 1 user, 29.5 to 30.5, in 10 bins"]);
    view.tell(view.put("7", &json!({ "age": 41 })));
    view.shows(&["Found 3 users", "<dt>Average age</dt><dd>35.5</dd>"]);
    view.tell(Message::Gone(view.wanted.key("0")));
    view.shows(&["Found 2 users", "<dt>Youngest</dt><dd>41</dd>"]);
    view.tell(trouble("Cannot connect to API."));
    view.shows(&["Found 2 users", "Cannot connect", "Data as of <time", "Trying again…"]);
    view.tell(Message::Standing(Standing::Good(Following::Asking)));
    view.shows(&["Found 2 users", "asked every 2 s"]);
}

#[test]
fn before_the_first_drawing_there_is_a_page_and_data() {
    let view = Shown::ages();
    let data: Value = serde_json::from_str(&view.snapshots.borrow().data).unwrap();
    assert_eq!((&data["title"], &data["records"]), (&json!("Ages"), &json!(null)));
    let (_, parts) = view.hub.snapshot(TOPIC);
    assert_eq!(parts[0], ("found".to_owned(), "Reading the users…".to_owned()));
}

#[test]
fn nothing_is_drawn_for_nobody() {
    let mut view = Shown::ages();
    view.shows(&["Reading the users…"]);
    view.snapshots.mark_unchanged();
    view.tell(view.list(&[json!({ "age": 30 })]));
    for age in 0..100 {
        view.tell(view.put("1", &json!({ "age": age })));
    }
    view.tell(trouble("seen"));
    while *view.state.lock().unwrap() != State::Waiting("seen".to_owned()) {
        view.wait.sleep(Duration::from_millis(5));
    }
    // All of it has been taken; twice the pace is time enough to draw it.
    view.wait.sleep(Duration::from_millis(500));
    assert!(!view.snapshots.has_changed().unwrap());
    view.shows(&["Found 2 users"]);
    assert!(view.snapshots.has_changed().unwrap());
}

#[test]
fn the_state_of_the_service_says_that_it_waits_for_its_api() {
    let view = Shown::ages();
    view.tell(trouble("API Error: 500"));
    view.shows(&["API Error: 500"]);
    assert_eq!(*view.state.lock().unwrap(), State::Waiting("API Error: 500".to_owned()));
    view.tell(view.list(&[]));
    view.shows(&["No users found"]);
    assert_eq!(*view.state.lock().unwrap(), State::Running);
}

#[test]
fn the_data_say_what_the_page_says() {
    let view = Shown::ages();
    view.tell(view.list(&[json!({ "age": 30 })]));
    view.shows(&["Found 1 users"]);
    let data: Value = serde_json::from_str(&view.snapshots.borrow().data).unwrap();
    assert_eq!((&data["records"], &data["live"]), (&json!(1), &json!(true)));
    assert_eq!((&data["panels"][1]["mean"], &data["problem"]), (&json!(30.0), &Value::Null));
}

/// One of each kind, of fields that hold what they should not.
fn strange() -> Shown {
    let field = |name: &str| vec![("field", text(name))];
    let over = vec![("field", text("age")), ("x", text("name"))];
    Shown::new(vec![
        panel("histogram", &field("name")),
        panel("statistics", &field("name")),
        panel("line", &field("name")),
        panel("line", &over),
        panel("bar", &field("nothing")),
        panel("number", &field("name")),
        panel("table", &[]),
        panel("histogram", &field("age")),
    ])
}

#[test]
fn a_field_that_is_not_numeric_is_a_clear_state_and_the_other_panels_go_on() {
    let view = strange();
    view.tell(
        view.list(&[json!({ "name": "Ada", "age": 36 }), json!({ "name": "Bo", "age": 37 })]),
    );
    view.shows(&[
        "None of the 2 users has a number in name.",
        "None of the 2 users has a number in name so far.",
        "None of the 2 users has both name and a number in age.",
        "None of the 2 users has a value in nothing.",
        "<td>Ada</td>",
        "age of 2 users, 36 to 37, in 10 bins",
    ]);
}

#[test]
fn markup_in_a_record_stays_text_in_every_panel() {
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    let fields = [("field", text(evil))];
    let view = Shown::new(vec![
        panel("bar", &fields),
        panel("histogram", &fields),
        panel("line", &fields),
        panel("number", &fields),
        panel("statistics", &fields),
        panel("table", &[]),
    ]);
    view.tell(view.list(&[json!({ evil: evil }), json!({ evil: 5 })]));
    let page = view.shows(&["&lt;script&gt;"]);
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    for drawn in &view.snapshots.borrow().drawn {
        let Some(chart) = &drawn.chart else { continue };
        let scene = crate::charts::layout(chart, crate::charts::Frame::default());
        let svg = crate::charts::svg(&scene, &crate::charts::SvgOptions::default());
        roxmltree::Document::parse(&svg).unwrap();
        assert!(!svg.contains("<script") && !svg.contains("<img"));
    }
}

#[test]
fn one_value_and_huge_numbers_are_drawn() {
    let view = Shown::ages();
    view.tell(view.list(&[json!({ "age": 1e300 }), json!({ "age": -1e300 })]));
    view.shows(&["age of 2 users"]);
    view.tell(view.list(&[json!({ "age": 1_000_000_000_u64 })]));
    view.shows(&["age of 1 user, 999,999,999.5 to 1,000,000,000.5", "<dt>Oldest</dt><dd>1G</dd>"]);
}

#[test]
fn two_panels_of_one_kind_have_addresses_of_their_own() {
    let view = Shown::new(vec![panel("table", &[]), panel("number", &[]), panel("table", &[])]);
    let slugs: Vec<&str> = view.names.iter().map(|names| names.slug.as_str()).collect();
    assert_eq!(slugs, ["table", "number", "table-2"]);
}
