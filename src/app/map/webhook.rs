//! Tells somebody of an alert by a POST, again until it is taken; nothing waits for it.

use crate::clients::http::{Client, Request, Timeouts};
use crate::core::thread::spawn;
use crate::core::wait::Wait;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// The threads that post, one for each address, so that one that hangs holds up no other; each starts with its first
/// message.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhooks {
    /// As many as the stack file names.
    senders: Arc<Mutex<Senders>>,
    wait: Wait,
}

type Senders = HashMap<String, SyncSender<Post>>;

impl Webhooks {
    pub(super) fn send(&self, post: Post) {
        let mut senders = self.lock();
        if !senders.contains_key(&post.url) {
            let (begun, posts) = sync_channel(WAITING);
            let wait = self.wait.clone();
            // Nobody joins it: a server that hangs must not keep the stack from stopping.
            if spawn("webhooks", move || work(&posts, &wait)).is_ok() {
                senders.insert(post.url.clone(), begun);
            }
        }
        let sent = senders.get(&post.url).is_some_and(|sender| sender.try_send(post).is_ok());
        if !sent {
            tracing::warn!("an alert was not posted: too many wait already");
        }
    }

    /// Ends the threads of addresses that are not named any more, once they have posted what waits for them.
    pub(super) fn keep(&self, is_named: impl Fn(&str) -> bool) {
        self.lock().retain(|url, _| is_named(url));
    }

    pub(super) fn stop(&self) {
        self.wait.stop();
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tests::support::eventually;
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    /// Takes connections, and says what it is told to each.
    fn listens(answer: fn(&mut TcpStream)) -> (SocketAddr, Arc<Mutex<Vec<TcpStream>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let seen = Arc::clone(&taken);
        // It ends with the process.
        drop(spawn("webhook", move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                answer(&mut stream);
                seen.lock().unwrap().push(stream);
            }
        }));
        (address, taken)
    }

    fn post(address: SocketAddr, path: &str) -> Post {
        Post { url: format!("http://{address}{path}"), json: "{}".to_owned() }
    }

    #[test]
    fn a_webhook_that_hangs_holds_up_no_other() {
        let (hangs, called) = listens(|_| {});
        let (answers, posted) = listens(|stream| {
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        });
        let webhooks = Webhooks::default();
        webhooks.send(post(hangs, "/"));
        eventually("the first is called", || !called.lock().unwrap().is_empty());
        webhooks.send(post(answers, "/"));
        eventually("the second is called", || !posted.lock().unwrap().is_empty());
        webhooks.stop();
    }
}
