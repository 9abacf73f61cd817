//! The reading thread of a view: follows the API's events where it has some, and asks again and again where not.

use crate::clients::http::{Client, Opened, Request};
use crate::core::time::now;
use crate::core::wait::Wait;
use crate::formats::event_stream::{Event, EventReader};
use crate::formats::query;
use crate::views::list::{self, key_text};
use crate::views::message::{End, Following, Message, Queue, Standing, tell};
use crate::views::record::{Record, Wanted};
use crate::views::table::{Plan, Table};
use serde_json::{Value, json};
use std::io::Read;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// A silence after which the API is given up: twice as long as the pause between two signs of life of its stream.
const SILENCE: Duration = Duration::from_secs(30);
/// How often an API without events is asked, and a list read at most where changes cannot be applied one by one.
const EVERY: Duration = Duration::from_secs(2);
/// A list that takes long to read is read less often: no more than one part in so many of the time.
const SHARE: u32 = 4;
/// Pauses after a failure: an API that starts again is seen soon.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Records asked for at a time from an API that has pages.
const PAGE: u32 = 1000;
/// Pages in a row without a new record: a filter may leave some empty, and pages in a circle have no end.
const EMPTY_PAGES: u32 = 100;

pub(super) struct Reader {
    client: Client,
    url: String,
    headers: Vec<(String, String)>,
    wanted: Wanted,
    plan: Plan,
    queue: Queue,
    wait: Wait,
    /// The last event that is applied; without one the list is to be read.
    last_id: Option<String>,
    has_keys: bool,
}

impl Reader {
    pub(super) fn new(
        url: &str,
        headers: &[(String, String)],
        (wanted, plan): (Wanted, Plan),
        (queue, wait): (Queue, Wait),
    ) -> Self {
        Self {
            client: Client::patient(CONNECT, SILENCE),
            url: url.to_owned(),
            headers: headers.to_vec(),
            wanted,
            plan,
            queue,
            wait,
            last_id: None,
            has_keys: true,
        }
    }

    pub(super) fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        while !self.wait.is_stopped() {
            let rest = match self.attempt() {
                Ok(rest) => {
                    pause = FIRST_PAUSE;
                    rest
                }
                Err(End::Over) => return,
                Err(End::Trouble(words)) => {
                    if self.tell(Message::Standing(Standing::Trouble(words))).is_err() {
                        return;
                    }
                    let rest = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    rest
                }
            };
            self.wait.sleep(rest);
        }
    }

    /// Follows the stream to its end, or reads the list once; answers how long to wait then.
    fn attempt(&mut self) -> Result<Duration, End> {
        let opened = self.open(&self.url, "text/event-stream, application/json;q=0.9")?;
        if is_events(&opened) {
            self.follow(opened.body)?;
            return Ok(FIRST_PAUSE);
        }
        self.last_id = None;
        let begun = now();
        let table = self.rest_of_list(opened.body)?;
        self.tell(Message::List(table, Following::Asking))?;
        Ok(EVERY.max(begun.elapsed() * SHARE))
    }

    fn open(&self, url: &str, accept: &str) -> Result<Opened, End> {
        let mut headers = self.headers.clone();
        headers.push(("accept".to_owned(), accept.to_owned()));
        if let Some(id) = self.last_id.as_ref().filter(|_| accept.starts_with("text/event-stream"))
        {
            headers.push(("last-event-id".to_owned(), id.clone()));
        }
        let request = Request { method: "GET", url, headers: &headers, body: None };
        let opened = self.client.open(&request).map_err(|_| {
            let place = origin(&self.url);
            End::Trouble(format!("Cannot connect to API. Make sure it's running on {place}"))
        })?;
        match opened.status {
            200 => Ok(opened),
            status => Err(End::Trouble(format!("API Error: {status}"))),
        }
    }

    fn follow(&mut self, mut body: impl Read) -> Result<(), End> {
        let mut events = EventReader::default();
        let mut room = vec![0; 16 * 1024];
        loop {
            let broke = || End::Trouble("The connection to the API broke off.".to_owned());
            let length = body.read(&mut room).map_err(|_| broke())?;
            if self.wait.is_stopped() {
                return Err(End::Over);
            }
            if length == 0 {
                // A stream that ends in order was closed by a server that stops or changes.
                return Ok(());
            }
            let piece = room.get(..length).unwrap_or_default();
            let events = events.push(piece).map_err(End::Trouble)?;
            self.apply(&events)?;
        }
    }

    /// Takes on what came together. A list that is needed is read once, whatever the number of events.
    fn apply(&mut self, events: &[Event]) -> Result<(), End> {
        let mut needs_list = false;
        for event in events {
            match event.name.as_str() {
                "ready" => needs_list |= self.last_id.is_none(),
                "created" | "updated" | "deleted" if self.has_keys => self.change(event)?,
                "resync" | "created" | "updated" | "deleted" => needs_list = true,
                _ => {}
            }
        }
        if needs_list {
            self.last_id = None;
            self.list()?;
        }
        if let Some(last) = events.last() {
            self.last_id = Some(last.id.clone()).filter(|id| !id.is_empty());
            self.tell(Message::Standing(Standing::Good(Following::Events)))?;
        }
        Ok(())
    }

    fn change(&self, event: &Event) -> Result<(), End> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let Some(key) = data.get("key").and_then(key_text) else { return Ok(()) };
        let key = self.wanted.key(&key);
        self.tell(if event.name == "deleted" {
            Message::Gone(key)
        } else {
            let record = data.get("record").unwrap_or(&Value::Null);
            Message::Put(key, Record::of(record, &self.wanted))
        })
    }

    fn list(&mut self) -> Result<(), End> {
        let opened = self.open(&self.url, "application/json")?;
        let table = self.rest_of_list(opened.body)?;
        self.tell(Message::List(table, Following::Events))?;
        if !self.has_keys {
            self.wait.sleep(EVERY);
        }
        Ok(())
    }

    /// Reads this answer, and the pages behind it.
    fn rest_of_list(&mut self, first: impl Read + Send + 'static) -> Result<Table, End> {
        let mut table = Table::new(&self.wanted, &self.plan);
        let mut body: Box<dyn Read + Send> = Box::new(first);
        let (mut before, mut empty) = (None, 0);
        self.has_keys = true;
        loop {
            let wrong = |words| End::Trouble(format!("The API's answer is {words}"));
            let records = table.records();
            let body_of_page = WhileRunning { inner: body, wait: &self.wait };
            let page = list::read(body_of_page, &self.wanted, &mut table);
            if self.wait.is_stopped() {
                return Err(End::Over);
            }
            let page = page.map_err(wrong)?;
            self.has_keys &= page.has_keys;
            empty = if table.records() == records { empty + 1 } else { 0 };
            if empty > EMPTY_PAGES {
                return Err(wrong("a list whose pages bring nothing new".to_owned()));
            }
            let Some(next) = page.next.filter(|_| !table.is_cut()) else { return Ok(table) };
            if before.as_ref() == Some(&next) {
                return Err(wrong("a list that comes back to the same page".to_owned()));
            }
            let url = self.page(&next).map_err(wrong)?;
            body = self.open(&url, "application/json")?.body;
            before = Some(next);
        }
    }

    /// Where the next page is: a URL, a path on the same server, or a cursor.
    fn page(&self, next: &str) -> Result<String, String> {
        let here = origin(&self.url);
        if next.starts_with('/') {
            return Ok(format!("{here}{next}"));
        }
        if next.contains("://") {
            // The headers may hold a token, which is no other server's business.
            let is_here = origin(next) == here;
            return is_here
                .then(|| next.to_owned())
                .ok_or_else(|| "a list that goes on at another server".to_owned());
        }
        let fields = json!({ "limit": PAGE, "after": next });
        query::with_fields(&self.url, fields.to_string().as_bytes())
    }

    fn tell(&self, message: Message) -> Result<(), End> {
        tell(&self.queue, message)
    }
}

/// Ends an answer that comes for hours when the view stops.
struct WhileRunning<'a, R> {
    inner: R,
    wait: &'a Wait,
}

impl<R: Read> Read for WhileRunning<'_, R> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        if self.wait.is_stopped() {
            return Err(std::io::Error::other("the view stops"));
        }
        self.inner.read(room)
    }
}

fn is_events(opened: &Opened) -> bool {
    let kind = opened.content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/event-stream")
}

/// `http://localhost:8000` of `http://localhost:8000/users/`.
pub(super) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |colon| colon + 3);
    let end = url[host..].find(['/', '?']).map_or(url.len(), |end| host + end);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;

    #[test]
    fn the_origin_of_a_url_is_where_its_server_is() {
        for (url, expected) in [
            ("http://localhost:8000/users/", "http://localhost:8000"),
            ("https://api?x=1", "https://api"),
            ("http://api", "http://api"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    /// An API that answers each request with a page that its number makes, and where it is.
    fn pages(page: impl Fn(usize) -> String + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // It ends with the process.
        drop(crate::core::thread::spawn("pages", move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let read = stream.read(&mut [0; 4096]).unwrap();
                assert!(read > 0);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                // The reader may have had enough.
                drop(write!(stream, "{head}\r\n\r\n{}", page(number)));
            }
        }));
        format!("http://{address}/users")
    }

    #[test]
    fn pages_that_go_in_a_circle_are_given_up() {
        let url =
            pages(|number| format!("{{\"items\":[{{\"id\":1}}],\"next\":\"{}\"}}", number % 3));
        let (queue, messages) = std::sync::mpsc::sync_channel(8);
        let plan = Plan::new(&[], Some("id".to_owned()));
        let wait = Wait::new();
        let reader = Reader::new(&url, &[], plan, (queue, wait.clone()));
        drop(crate::core::thread::spawn("reads", move || reader.run()).unwrap());
        let message = messages.recv_timeout(Duration::from_mins(1)).unwrap();
        wait.stop();
        let Message::Standing(Standing::Trouble(words)) = message else { panic!("{message:?}") };
        assert_eq!(words, "The API's answer is a list whose pages bring nothing new");
    }

    #[test]
    fn an_answer_that_never_ends_is_let_go_when_the_view_stops() {
        let wait = Wait::new();
        let mut body = WhileRunning { inner: std::io::repeat(b' '), wait: &wait };
        assert_eq!(body.read(&mut [0; 8]).unwrap(), 8);
        wait.stop();
        assert!(body.read(&mut [0; 8]).is_err());
    }

    #[test]
    fn the_next_page_is_a_url_a_path_or_a_cursor() {
        let (queue, _) = std::sync::mpsc::sync_channel(1);
        let url = "http://api/users?age=gte.18";
        let reader = Reader::new(url, &[], Plan::new(&[], None), (queue, Wait::new()));
        for (next, expected) in [
            ("http://api/users?page=2", "http://api/users?page=2"),
            ("/users?page=2", "http://api/users?page=2"),
            ("a+b", "http://api/users?age=gte.18&limit=1000&after=a%2Bb"),
        ] {
            assert_eq!(reader.page(next).unwrap(), expected);
        }
        assert!(reader.page("http://other/users?page=2").is_err());
        assert!(reader.page("http://api.example/users").is_err());
    }
}
