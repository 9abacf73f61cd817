//! Where the replicas are: in this process, at addresses that the stack file names, or behind a name that stands for
//! many addresses. Asked again and again, because replicas come and go and nobody tells.

use std::collections::HashMap;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// From `host:port` to all its addresses; it may block.
pub type Names = Arc<dyn Fn(&str) -> Result<Vec<SocketAddr>, String> + Send + Sync>;

/// As the system resolves them: Compose answers a service's name with all its containers, a swarm `tasks.NAME` with
/// all its tasks.
pub fn system_names() -> Names {
    Arc::new(|name| {
        let found = name.to_socket_addrs().map_err(|error| error.to_string())?;
        Ok(found.collect())
    })
}

/// Where to look.
#[derive(Clone)]
pub struct Found {
    /// Replicas in this process.
    pub here: Arc<dyn Fn() -> Vec<SocketAddr> + Send + Sync>,
    /// All of these, and nothing else, when there are any.
    pub at: Vec<String>,
    /// Without them and without replicas here: the first of these that means something.
    pub guesses: Vec<String>,
    pub names: Names,
}

impl fmt::Debug for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Found").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Looks, and remembers what a name meant: a resolver that is away for a moment takes no replica away.
#[derive(Debug)]
pub(crate) struct Finder {
    found: Found,
    remembered: HashMap<String, Vec<SocketAddr>>,
}

impl Finder {
    pub(crate) fn new(found: Found) -> Self {
        Self { found, remembered: HashMap::new() }
    }

    /// All addresses, each once, in a stable order.
    pub(crate) fn look(&mut self) -> Vec<SocketAddr> {
        let mut addresses = if !self.found.at.is_empty() {
            let names = self.found.at.clone();
            names.iter().flat_map(|name| self.resolve(name)).collect()
        } else {
            let here = (self.found.here)();
            if here.is_empty() { self.guess() } else { here }
        };
        addresses.sort();
        addresses.dedup();
        addresses
    }

    fn resolve(&mut self, name: &str) -> Vec<SocketAddr> {
        match (self.found.names)(name) {
            Ok(addresses) => {
                self.remembered.insert(name.to_owned(), addresses.clone());
                addresses
            }
            Err(error) => {
                tracing::debug!(name, error, "the name is not resolved");
                self.remembered.get(name).cloned().unwrap_or_default()
            }
        }
    }

    fn guess(&mut self) -> Vec<SocketAddr> {
        let names = self.found.guesses.clone();
        names.iter().map(|name| self.resolve(name)).find(|it| !it.is_empty()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    type Answers = Arc<Mutex<HashMap<String, Result<Vec<SocketAddr>, String>>>>;

    fn finder(at: &[&str], here: &[&str]) -> (Finder, Answers) {
        let answers = Answers::default();
        let (asked, here) = (Arc::clone(&answers), addresses(here));
        let found = Found {
            here: Arc::new(move || here.clone()),
            at: at.iter().map(|it| (*it).to_owned()).collect(),
            guesses: vec!["tasks.api:80".into(), "api:80".into()],
            names: Arc::new(move |name| {
                let known = asked.lock().unwrap().get(name).cloned();
                known.unwrap_or_else(|| Err("no such name".to_owned()))
            }),
        };
        (Finder::new(found), answers)
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn set(answers: &Answers, name: &str, texts: &[&str]) {
        answers.lock().unwrap().insert(name.to_owned(), Ok(addresses(texts)));
    }

    #[test]
    fn a_name_means_what_it_means_now_and_a_lost_resolver_takes_nothing_away() {
        let (mut finder, answers) = finder(&["api:80", "10.0.0.9:80"], &["127.0.0.1:1"]);
        set(&answers, "10.0.0.9:80", &["10.0.0.9:80"]);
        set(&answers, "api:80", &["10.0.0.2:80", "10.0.0.1:80"]);
        assert_eq!(finder.look(), addresses(&["10.0.0.1:80", "10.0.0.2:80", "10.0.0.9:80"]));
        set(&answers, "api:80", &["10.0.0.3:80"]);
        assert_eq!(finder.look(), addresses(&["10.0.0.3:80", "10.0.0.9:80"]));
        answers.lock().unwrap().clear();
        assert_eq!(finder.look(), addresses(&["10.0.0.3:80", "10.0.0.9:80"]));
    }

    #[test]
    fn replicas_of_this_process_come_before_guessed_names() {
        let (mut here, _) = finder(&[], &["127.0.0.1:1"]);
        assert_eq!(here.look(), addresses(&["127.0.0.1:1"]));
        let (mut elsewhere, answers) = finder(&[], &[]);
        assert_eq!(elsewhere.look(), []);
        set(&answers, "api:80", &["10.0.0.1:80"]);
        assert_eq!(elsewhere.look(), addresses(&["10.0.0.1:80"]));
        set(&answers, "tasks.api:80", &["10.0.0.7:80"]);
        assert_eq!(elsewhere.look(), addresses(&["10.0.0.7:80"]));
    }
}
