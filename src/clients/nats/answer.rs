//! What JetStream says: an answer or an error, sorted by what can be done about it.

use crate::core::fault::Fault;
use serde_json::Value;

/// Numbers of errors that mean something of their own here.
pub(super) const STREAM_NOT_FOUND: u64 = 10_059;
pub(super) const CONSUMER_NOT_FOUND: u64 = 10_014;
/// These are 4xx too, and pass. A consumer or a stream of the name is there after all: another process has made it, or
/// a question of ours whose answer was late, or a cluster has not carried its removal everywhere yet; to look again
/// tells which. And a cluster has too few servers for so many replicas just now.
const PASSES: [u64; 4] = [10_013, 10_058, 10_148, 10_005];

/// The server has no room for what is asked for: of memory or disk, of this account or of all.
const NO_ROOM: [u64; 4] = [10_002, 10_023, 10_028, 10_047];

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens there: JetStream is off, or has no leader.
    Nobody,
    Late,
    Lost(String),
    Said {
        /// As HTTP counts: 4xx is a mistake, 5xx may pass.
        code: u64,
        number: u64,
        words: String,
    },
}

impl Trouble {
    pub fn is(&self, number: u64) -> bool {
        matches!(self, Self::Said { number: said, .. } if *said == number)
    }

    /// `place` says with whom and doing what.
    pub(super) fn fault(&self, place: &str) -> Fault {
        match self {
            Self::Nobody => Fault::retry(format!(
                "{place}: JetStream does not answer there: is it switched on (`nats-server -js`), and has the \
                 cluster a leader?"
            )),
            Self::Late => Fault::retry(format!("{place}: no answer in time")),
            Self::Said { number, words, .. } if NO_ROOM.contains(number) => Fault::retry(format!(
                "{place}: {words}: give JetStream more room (`max_file_store`, `max_memory_store` or the account's \
                 limits, in the server's configuration), or the streams on it a smaller `max_bytes`"
            )),
            Self::Said { number, words, .. } if PASSES.contains(number) => {
                Fault::retry(format!("{place}: {words}"))
            }
            Self::Said { code: 400..=499, words, .. } => Fault::stop(format!("{place}: {words}")),
            Self::Lost(words) | Self::Said { words, .. } => {
                Fault::retry(format!("{place}: {words}"))
            }
        }
    }
}

/// An answer of the API, or of a stream to a message.
pub(super) fn read(payload: &[u8]) -> Result<Value, Trouble> {
    let answer: Value = serde_json::from_slice(payload)
        .map_err(|error| Trouble::Lost(format!("an answer that is no JSON: {error}")))?;
    let Some(error) = answer.get("error") else { return Ok(answer) };
    Err(Trouble::Said {
        code: error["code"].as_u64().unwrap_or_default(),
        number: error["err_code"].as_u64().unwrap_or_default(),
        words: error["description"].as_str().unwrap_or("an error without words").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_stops_and_trouble_passes() {
        let said = |code: u64| {
            let text = format!(r#"{{"error":{{"code":{code},"err_code":7,"description":"no"}}}}"#);
            read(text.as_bytes()).unwrap_err()
        };
        assert!(said(400).is(7));
        assert_eq!(said(400).fault("x"), Fault::stop("x: no"));
        assert_eq!(said(503).fault("x"), Fault::retry("x: no"));
        for number in PASSES {
            let words = "in use".to_owned();
            let trouble = Trouble::Said { code: 400, number, words };
            assert_eq!(trouble.fault("x"), Fault::retry("x: in use"), "{number}");
        }
        for number in NO_ROOM {
            let trouble = Trouble::Said { code: 500, number, words: "no room".to_owned() };
            let told = trouble.fault("x");
            assert!(
                matches!(&told, Fault::Retry { .. }) && told.reason().contains("max_file_store")
            );
        }
        assert!(matches!(read(b"{"), Err(Trouble::Lost(_))));
        assert_eq!(read(b"{\"a\":1}").unwrap()["a"], 1);
    }
}
