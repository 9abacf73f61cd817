//! Tells somebody of an alert by a POST, again until it is taken; nothing waits for it.

use crate::clients::http::{Client, Request, Timeouts};
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Messages that may wait; an alert beyond them is in the log all the same.
const WAITING: usize = 64;
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(3), total: Duration::from_secs(5) };
/// The pauses before another try: after half a minute an alert is old news.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];
/// Of the answer only the status counts.
const ANSWER_BYTES: u64 = 64 * 1024;

/// One message.
#[derive(Debug)]
pub(super) struct Post {
    pub url: String,
    pub json: String,
}

/// The thread that posts; it starts with the first message.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhooks {
    sender: Arc<Mutex<Option<SyncSender<Post>>>>,
    wait: Wait,
}

impl Webhooks {
    pub(super) fn send(&self, post: Post) {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_none() {
            let (begun, posts) = sync_channel(WAITING);
            let wait = self.wait.clone();
            // Nobody joins it: a server that hangs must not keep the stack from stopping.
            if spawn("webhooks", move || work(&posts, &wait)).is_ok() {
                *sender = Some(begun);
            }
        }
        let sent = sender.as_ref().is_some_and(|sender| sender.try_send(post).is_ok());
        if !sent {
            tracing::warn!("an alert was not posted: too many wait already");
        }
    }

    pub(super) fn stop(&self) {
        self.wait.stop();
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn work(posts: &Receiver<Post>, wait: &Wait) {
    let client = Client::new(TIMEOUTS);
    while let Ok(post) = posts.recv() {
        if let Err(reason) = deliver(&client, &post, wait) {
            tracing::warn!("an alert was not taken by its webhook: {reason}");
        }
    }
}

fn deliver(client: &Client, post: &Post, wait: &Wait) -> Result<(), String> {
    let body = Some(("application/json", post.json.as_bytes()));
    let request = Request { method: "POST", url: &post.url, headers: &[], body };
    let mut pauses = PAUSES.iter();
    loop {
        let reason = match client.send(&request, ANSWER_BYTES) {
            Ok(answer) if (200..300).contains(&answer.status) => return Ok(()),
            Ok(answer) => format!("it answers {}", answer.status),
            Err(fault) => fault.reason().to_owned(),
        };
        match pauses.next() {
            Some(pause) if !wait.sleep(Duration::from_secs(*pause)) => {}
            _ => return Err(reason),
        }
    }
}
