//! What the threads of one store share: what waits for them, and whether the server is there.

use super::inbox::Inbox;
use super::job::{Get, Group, Look, Scan};
use super::setup::Prepared;
use crate::clients::postgres::connection::{Connection, Server};
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::resource::{Health, Schema};
use crate::stores::feed::Feed;
use crate::stores::limits;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, watch};

/// How long a single record may take; what takes longer is a server that does not answer.
pub const GET_TIME: Duration = Duration::from_secs(1);

/// How long a write may take, with everything that it has to wait for.
pub const WRITE_TIME: Duration = Duration::from_secs(5);

/// Whether the server is there.
#[derive(Debug, Clone)]
pub enum State {
    /// It was not asked yet.
    Starting,
    Up(Arc<Prepared>),
    Down(Trouble),
}

pub struct Shared {
    pub schema: Arc<Schema>,
    pub server: Server,
    pub watch_interval: Duration,
    pub gets: Inbox<Get>,
    pub scans: Inbox<Scan>,
    pub groups: Inbox<Group>,
    pub looks: Inbox<Look>,
    pub feed: Feed,
    pub state: watch::Sender<State>,
    /// Tells the thread that watches the server that somebody lost it.
    pub lost: Notify,
    /// Asks it to see at once whether the server still answers.
    pub suspected: Notify,
    pub stopped: watch::Sender<bool>,
    /// Held by the writer whose transaction is under way.
    pub turn: Mutex<()>,
    /// Held by the getter whose statement is under way.
    pub getting: Mutex<()>,
}

impl Shared {
    pub fn new(schema: Arc<Schema>, server: Server, watch_interval: Duration) -> Self {
        Self {
            schema,
            server,
            watch_interval,
            gets: Inbox::new(limits::WAITING_READS, GET_TIME),
            scans: Inbox::new(limits::WAITING_READS, limits::SCAN_TIME),
            groups: Inbox::new(limits::WAITING_WRITES, WRITE_TIME),
            looks: Inbox::new(limits::WAITING_READS, GET_TIME),
            feed: Feed::new(),
            state: watch::Sender::new(State::Starting),
            lost: Notify::new(),
            suspected: Notify::new(),
            turn: Mutex::new(()),
            getting: Mutex::new(()),
            stopped: watch::Sender::new(false),
        }
    }

    /// From now on everything is refused at once, until the server is found again.
    pub fn down(&self, trouble: &Trouble) {
        let error = trouble.store_error();
        let mut was_up = false;
        self.state.send_modify(|state| {
            was_up = !matches!(state, State::Down(_));
            *state = State::Down(trouble.clone());
        });
        self.gets.shut(&error);
        self.scans.shut(&error);
        self.groups.shut(&error);
        self.looks.shut(&error);
        if was_up {
            tracing::warn!(
                resource = self.schema.name,
                "PostgreSQL cannot be used: {}; it is tried again until it can",
                trouble.detail
            );
        }
    }

    pub fn up(&self, prepared: Arc<Prepared>) {
        let mut was_down = false;
        self.state.send_modify(|state| {
            was_down = matches!(state, State::Down(_));
            *state = State::Up(prepared);
        });
        self.gets.reopen();
        self.scans.reopen();
        self.groups.reopen();
        self.looks.reopen();
        if was_down {
            tracing::info!(resource = self.schema.name, "PostgreSQL can be used again");
        }
    }

    /// A worker found that the server is gone: whoever watches it looks for it.
    pub fn lose(&self, trouble: &Trouble) {
        self.down(trouble);
        self.lost.notify_one();
    }

    pub fn health(&self) -> Health {
        match &*self.state.borrow() {
            State::Up(_) => Health::Ready,
            State::Starting => Health::Down("the database is being prepared".into()),
            // What the table lacks is the words of the schema and of the remedy alone.
            State::Down(Trouble { kind: Kind::Mismatch, detail }) => Health::Down(detail.clone()),
            State::Down(trouble) if trouble.needs_a_person() => {
                Health::Down("the database cannot be used as it is; the log says why".into())
            }
            State::Down(_) => Health::Down("the database does not answer".into()),
        }
    }

    /// Connects a worker, and says what the database was found to be.
    pub async fn connect(&self, settings: &str) -> Result<(Connection, Arc<Prepared>), Trouble> {
        let prepared = match &*self.state.borrow() {
            State::Up(prepared) => Arc::clone(prepared),
            State::Down(trouble) => return Err(trouble.clone()),
            State::Starting => return Err(Trouble::new(Kind::Lost, STARTING)),
        };
        Ok((self.server.connect(settings).await?, prepared))
    }

    /// Ends when the server is found to be away.
    pub async fn is_down(&self) -> Trouble {
        let mut states = self.state.subscribe();
        loop {
            if let State::Down(trouble) = &*states.borrow_and_update() {
                return trouble.clone();
            }
            if states.changed().await.is_err() {
                return Trouble::new(Kind::Lost, STARTING);
            }
        }
    }

    /// Whether a session still knows the table as it is.
    pub fn is_current(&self, prepared: &Arc<Prepared>) -> bool {
        matches!(&*self.state.borrow(), State::Up(current) if Arc::ptr_eq(current, prepared))
    }
}

const STARTING: &str = "the database is being prepared";

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}
