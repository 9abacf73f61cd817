//! What the drawing thread is told, by whoever reads and by whoever asks for a page.

use crate::views::record::{Key, Record};
use crate::views::table::Table;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// Messages that may wait; then what is followed is slowed down, except a flow.
pub(super) const QUEUE: usize = 1024;

pub(super) type Queue = SyncSender<Message>;

#[derive(Debug)]
pub(super) enum Message {
    /// All records, in the place of what was known.
    List(Table, Following),
    Put(Key, Record),
    Gone(Key),
    /// Records of a flow that came too fast to be shown, since the view began.
    Missed(u64),
    Standing(Standing),
    /// What the page says first, instead of how many records there are.
    Lead(String),
    /// Somebody wants to see how things are now; is answered once that is drawn.
    Look(oneshot::Sender<()>),
    /// A page begins to follow, or the view stops.
    Wake,
}

/// How the view hears of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Following {
    /// Changes come by themselves.
    Events,
    /// It is asked every two seconds.
    Asking,
    /// The records that a flow delivers.
    Flow,
    /// Files that are looked at every second.
    Files,
    /// What a cache counted, looked at every second.
    Cache,
}

/// How the view stands with what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Good(Following),
    /// In words for whoever looks at the page.
    Trouble(String),
}

/// Why an attempt to read ended.
pub(super) enum End {
    Trouble(String),
    /// The view stops.
    Over,
}

pub(super) fn tell(queue: &Queue, message: Message) -> Result<(), End> {
    queue.send(message).map_err(|_| End::Over)
}
