//! What brokers and databases carry between flows: topics and tables, by names under which one flow's sink and
//! another's source meet.

use crate::core::kind::SourceKind;
use crate::map::join::without_secrets;
use crate::stack::Stack;
use crate::stack::model::{Body, Flow, Part};

/// The topics that flows of a stack publish to.
#[derive(Debug, Default)]
pub(super) struct Streams {
    published: Vec<(String, String)>,
}

impl Streams {
    pub(super) fn of(stack: &Stack) -> Self {
        let flows = stack.services.iter().filter_map(|service| match &service.body {
            Body::Flow(flow) => Some(flow),
            Body::Server(_) | Body::View(_) | Body::Gate(_) => None,
        });
        Self { published: flows.filter_map(published).collect() }
    }

    /// Names of what the source takes; `None` for one of another kind.
    pub(super) fn taken(&self, source: &Part<SourceKind>) -> Option<Vec<String>> {
        let options = &source.options;
        match source.kind.about.name {
            "postgres" => Some(vec![table(options.text("url"), options.text("table"))]),
            "mqtt" => {
                let broker = broker(options.text("url"));
                let filters = options.names("topics").iter();
                Some(filters.flat_map(|filter| self.behind(&broker, filter)).collect())
            }
            _ => None,
        }
    }

    /// The topics of this stack that a filter takes, or the filter itself where there are none.
    fn behind(&self, broker: &str, filter: &str) -> Vec<String> {
        let filter = without_group(filter);
        let found: Vec<String> = self
            .published
            .iter()
            .filter(|(at, topic)| at == broker && takes(filter, topic))
            .map(|(at, topic)| format!("{at} {topic}"))
            .collect();
        if found.is_empty() { vec![format!("{broker} {filter}")] } else { found }
    }
}

/// Name of what the sink gives to; `None` for one of another kind.
pub(super) fn given(flow: &Flow) -> Option<String> {
    let options = &flow.sink.options;
    match flow.sink.kind.about.name {
        "postgres" => Some(table(options.text("url"), options.text("table"))),
        _ => published(flow).map(|(broker, topic)| format!("{broker} {topic}")),
    }
}

fn published(flow: &Flow) -> Option<(String, String)> {
    let options = &flow.sink.options;
    let is_mqtt = flow.sink.kind.about.name == "mqtt";
    is_mqtt.then(|| (broker(options.text("url")), options.text("topic").to_owned()))
}

/// Host and port, also where the port is not written.
fn broker(url: &str) -> String {
    let plain = without_secrets(url);
    let (scheme, place) = plain.split_once("://").unwrap_or(("mqtt", &plain));
    let place = place.trim_end_matches('/');
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    match (has_port, scheme) {
        (true, _) => place.to_owned(),
        (false, "mqtts") => format!("{place}:8883"),
        (false, _) => format!("{place}:1883"),
    }
}

fn table(url: &str, table: &str) -> String {
    let plain = without_secrets(url);
    let place = plain.split_once("://").map_or(plain.as_str(), |(_, place)| place);
    format!("{place} {table}")
}

/// `$share/GROUP/TOPIC` takes what `TOPIC` takes.
fn without_group(filter: &str) -> &str {
    let rest = filter.strip_prefix("$share/");
    rest.and_then(|rest| rest.split_once('/')).map_or(filter, |(_, topic)| topic)
}

/// Whether a filter takes a topic in which fields may stand; a field may be anything.
fn takes(filter: &str, topic: &str) -> bool {
    let (mut wanted, mut levels) = (filter.split('/'), topic.split('/'));
    loop {
        match (wanted.next(), levels.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level || level.contains('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_topics_with_fields() {
        assert!(takes("sensors/#", "sensors/{id}/state"));
        assert!(takes("sensors/+/state", "sensors/{id}/state"));
        assert!(takes("sensors/7", "sensors/{id}"));
        assert!(takes("#", "a"));
        assert!(!takes("sensors/+", "sensors/{id}/state"));
        assert!(!takes("other/#", "sensors/{id}"));
        assert_eq!(without_group("$share/g/a/b"), "a/b");
    }

    #[test]
    fn places_are_named_without_secrets() {
        assert_eq!(broker("mqtt://me:secret@plant"), "plant:1883");
        assert_eq!(broker("mqtts://plant"), "plant:8883");
        assert_eq!(broker("mqtt://[::1]:7/"), "[::1]:7");
        assert_eq!(table("postgres://me:secret@db/plant?sslmode=require", "t"), "db/plant t");
    }
}
