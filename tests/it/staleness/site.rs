//! One process of the binary as a site of the checker: reads and writes over HTTP, in the native wire.

use crate::checker::{Seen, Site, Trouble};
use crate::support::{Answer, Connection, get};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Mutex;

/// What a session brings along to a process other than the one it wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The version of its own last write of the key.
    OfWrites,
    /// The newest version of the key that it has heard of, by reading or by writing.
    OfAll,
}

/// A process; sessions are threads, and each has a connection of its own.
#[derive(Debug)]
pub struct Server {
    place: Mutex<Place>,
    memory: Memory,
    /// A process that is killed ends connections, which is no fault of an answer.
    pub may_break: bool,
    faults: Mutex<Vec<String>>,
}

/// Where a process listens.
#[derive(Debug, Clone)]
pub struct Place {
    pub address: String,
    pub admin: String,
}

/// What one session keeps.
#[derive(Debug, Default)]
struct Session {
    connections: HashMap<String, Connection>,
    versions: HashMap<String, u64>,
    /// The tag of each key's content that was seen last, and the number in it.
    tags: HashMap<String, (String, u64)>,
}

thread_local! {
    static SESSION: RefCell<Session> = RefCell::default();
}

impl Server {
    pub fn new(place: Place, memory: Memory) -> Self {
        let place = Mutex::new(place);
        Self { place, memory, may_break: false, faults: Mutex::default() }
    }

    /// The process was started anew.
    pub fn moves_to(&self, place: Place) {
        *self.place.lock().unwrap() = place;
    }

    fn place(&self) -> Place {
        self.place.lock().unwrap().clone()
    }

    /// A number of the metrics page, of the line that holds `label`.
    pub fn figure(&self, name: &str, label: &str) -> u64 {
        let page = get(&format!("{}metrics", self.place().admin)).unwrap().body;
        let line = page.lines().find(|line| line.starts_with(name) && line.contains(label));
        let number = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        number.unwrap_or_else(|| panic!("no {name} {label} in {page}"))
    }

    /// Answers that no promise allows, and requests that were not answered.
    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }

    fn fault(&self, what: String) -> Trouble {
        self.faults.lock().unwrap().push(what);
        Trouble::Unknown
    }

    fn ask(
        &self,
        session: &mut Session,
        (method, key): (&str, &str),
        headers: &str,
        body: &str,
    ) -> Result<Answer, Trouble> {
        let path = format!("/things/{key}");
        let address = self.place().address;
        let kept = session.connections.remove(&address).map(Ok);
        let opened = kept.unwrap_or_else(|| Connection::open(&address));
        let exchanged = opened.and_then(|mut connection| {
            let answer = connection.exchange_with(method, &path, headers, body)?;
            session.connections.insert(address, connection);
            Ok(answer)
        });
        exchanged.map_err(|error| {
            if self.may_break {
                return Trouble::Unknown;
            }
            self.fault(format!("{method} {key}: {error}"))
        })
    }

    /// Notes as of what an answer is true.
    fn version(&self, session: &mut Session, key: &str, answer: &Answer) -> Result<u64, Trouble> {
        let version = answer.header("headwater-version").and_then(|text| text.parse().ok());
        let version: u64 = version.ok_or_else(|| self.fault(format!("no version: {answer:?}")))?;
        let newest = session.versions.entry(key.to_owned()).or_default();
        *newest = version.max(*newest);
        Ok(version)
    }
}

impl Site for Server {
    /// Asks as clients do that keep a copy: with its tag.
    fn read(&self, key: &str, version: u64) -> Result<Seen, Trouble> {
        SESSION.with_borrow_mut(|session| {
            let heard = session.versions.get(key).copied().unwrap_or(0);
            let least = if self.memory == Memory::OfAll { version.max(heard) } else { version };
            let known = session.tags.get(key).cloned();
            let least = (least > 0).then(|| format!("if-min-version: {least}\r\n"));
            let tag = known.as_ref().map(|(tag, _)| format!("if-none-match: {tag}\r\n"));
            let headers = [least, tag].into_iter().flatten().collect::<String>();
            let answer = self.ask(session, ("GET", key), &headers, "")?;
            let number = match (answer.status, known) {
                (200, _) => Some(answer.json()["number"].as_u64().unwrap()),
                (304, Some((_, number))) => Some(number),
                (404, _) => None,
                _ => return Err(self.fault(format!("GET {key}: {answer:?}"))),
            };
            self.version(session, key, &answer)?;
            if let (Some(number), Some(tag)) = (number, answer.header("etag")) {
                session.tags.insert(key.to_owned(), (tag.to_owned(), number));
            }
            let status = answer.header("cache-status").unwrap_or_default();
            Ok(Seen { number, is_stand_in: status.contains("detail=stale") })
        })
    }

    fn write(&self, key: &str, number: Option<u64>) -> Result<u64, Trouble> {
        SESSION.with_borrow_mut(|session| {
            let answer = match number {
                Some(number) => {
                    let body = format!("{{\"number\":{number}}}");
                    let json = "content-type: application/json\r\n";
                    self.ask(session, ("PUT", key), json, &body)?
                }
                None => self.ask(session, ("DELETE", key), "", "")?,
            };
            match (answer.status, number) {
                (200 | 201, Some(_)) | (204, None) => self.version(session, key, &answer),
                // There was nothing to delete.
                (404, None) => Err(Trouble::Refused),
                _ => Err(self.fault(format!("writing {key}: {answer:?}"))),
            }
        })
    }
}
