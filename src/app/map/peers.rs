//! Other processes of the same stack: asked for their maps every other second.

use crate::clients::hosts;
use crate::clients::http::{Client, Request, Timeouts, bearer};
use crate::core::thread::spawn;
use crate::core::time::timed::CacheCounts;
use crate::core::wait::Wait;
use crate::map::merge::merge;
use crate::map::picture::{Peer, Picture, VERSION};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(2);
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(1), total: Duration::from_secs(2) };
/// A map of a hundred services takes less than a tenth of this.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// What the others said last.
#[derive(Debug, Clone, Default)]
pub(super) struct Peers {
    heard: Arc<Mutex<Vec<Heard>>>,
}

#[derive(Debug)]
struct Heard {
    peer: Peer,
    picture: Option<Picture>,
}

impl Peers {
    /// Asks them until stopped. Nobody joins the thread: a peer that hangs must not keep the stack from stopping.
    pub(super) fn ask(
        &self,
        addresses: Vec<String>,
        token: Option<&str>,
        wait: Wait,
    ) -> std::io::Result<()> {
        let peers = self.clone();
        let asking = Asking { client: Client::new(TIMEOUTS), headers: bearer(token) };
        spawn("map peers", move || {
            loop {
                let heard = addresses.iter().flat_map(|it| asking.all(it)).collect();
                *peers.heard.lock().unwrap_or_else(PoisonError::into_inner) = heard;
                if wait.sleep(EVERY) {
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// What the cache of a resource counted in all of them but this one.
    pub(super) fn cache(&self, resource: &str, own: &str) -> Option<CacheCounts> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = vec![own.to_owned()];
        let mut all: Option<CacheCounts> = None;
        for picture in heard.iter().filter_map(|heard| heard.picture.as_ref()) {
            if seen.contains(&picture.instance) {
                continue;
            }
            seen.push(picture.instance.clone());
            let node = picture.node(&format!("cache:{resource}"));
            if let Some(counts) = node.and_then(|node| node.reading.cache.as_ref()) {
                all.get_or_insert_default().add(counts);
            }
        }
        all
    }

    /// Adds what they run to the map of this process. One that is asked under two names, or is this process itself,
    /// counts once.
    pub(super) fn add_to(&self, mine: &mut Picture) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = vec![mine.instance.clone()];
        for heard in heard.iter() {
            let mut peer = heard.peer.clone();
            if let Some(picture) = &heard.picture {
                if seen.contains(&picture.instance) {
                    continue;
                }
                seen.push(picture.instance.clone());
                if picture.stack == mine.stack {
                    merge(mine, picture);
                } else {
                    peer.answered = false;
                    peer.reason = Some(format!("it runs the stack {}", picture.stack));
                }
            }
            mine.peers.push(peer);
        }
    }
}

/// How the others are asked.
struct Asking {
    client: Client,
    headers: Vec<(String, String)>,
}

impl Asking {
    /// One answer for each address that a name stands for: `tasks.api` is every replica of `api` in a swarm.
    fn all(&self, address: &str) -> Vec<Heard> {
        let place = hosts::place(address, crate::app::admin::PORT);
        let silent = |address: &str, reason: String| Heard {
            peer: Peer { address: address.to_owned(), answered: false, reason: Some(reason) },
            picture: None,
        };
        let found = match hosts::all(&place) {
            Ok(found) => found,
            Err(error) => return vec![silent(address.trim(), error)],
        };
        let one = |found: String| match self.picture(&found) {
            Ok(picture) => Heard {
                peer: Peer { address: found, answered: true, reason: None },
                picture: Some(picture),
            },
            Err(reason) => silent(&found, reason),
        };
        found.into_iter().map(one).collect()
    }

    fn picture(&self, address: &str) -> Result<Picture, String> {
        let url = format!("http://{address}/map.json?own");
        let request =
            Request { method: "GET", url: &url, headers: &self.headers, ..Request::default() };
        let answer =
            self.client.send(&request, ANSWER_BYTES).map_err(|fault| fault.reason().to_owned())?;
        match answer.status {
            200 => {}
            401 if self.headers.is_empty() => {
                return Err(
                    "it wants a token: give this process the same HEADWATER_ADMIN_TOKEN".to_owned()
                );
            }
            401 => return Err("it has another token than this process".to_owned()),
            other => return Err(format!("it answers {other}")),
        }
        let picture: Picture =
            serde_json::from_slice(&answer.body).map_err(|_| "its answer is no map".to_owned())?;
        match picture.version {
            VERSION => Ok(picture),
            other => Err(format!("its map is of version {other}, this headwater knows {VERSION}")),
        }
    }
}
