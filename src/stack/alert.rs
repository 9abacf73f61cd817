//! Reads the alerts of a service: `alert: backlog_age > 30s for 1m`.

use crate::core::unit::duration;
use crate::core::words::nearest;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Alert, Body, Measure};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::unknown_key;
use std::time::Duration;

const KEYS: [&str; 2] = ["when", "webhook"];
const HELP: &str = "write what is measured, a limit and for how long: `backlog_age > 30s for 1m`";
/// Longer than this nobody waits for an alert.
const LONGEST: Duration = Duration::from_hours(24);

/// Every measure with its word and the services that have it.
const MEASURES: [(&str, Measure); 7] = [
    ("backlog", Measure::Backlog),
    ("backlog_age", Measure::BacklogAge),
    ("dead_letters", Measure::DeadLetters),
    ("errors", Measure::Errors),
    ("latency", Measure::Latency),
    ("rate", Measure::Rate),
    ("waiting", Measure::Waiting),
];

/// What stands behind the key `alert`: one, or a list.
pub(super) fn alerts(
    service: &Key,
    node: &Node,
    body: Option<&Body>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Alert> {
    let items = match &node.yaml {
        Yaml::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    items.iter().filter_map(|item| alert(service, item, body, diagnostics)).collect()
}

fn alert(
    service: &Key,
    node: &Node,
    body: Option<&Body>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Alert> {
    let entries = node.entries();
    let known = |entry: &&(Key, Node)| !KEYS.contains(&entry.0.name.as_str());
    for (key, _) in entries.unwrap_or_default().iter().filter(known) {
        diagnostics.push(unknown_key(key, KEYS.into_iter(), "this alert"));
    }
    let when = match entries {
        Some(_) => node.value("when"),
        None => Some(node),
    };
    let Some((when, text)) = when.and_then(|when| Some((when, when.text()?))) else {
        let wrong = Diagnostic::new(node.span.clone(), format!("{} is no alert", node.is_a()));
        diagnostics.push(wrong.help(HELP));
        return None;
    };
    let webhook = node.value("webhook");
    if let Some(webhook) = webhook.filter(|it| !it.text().is_some_and(is_url)) {
        let wrong = Diagnostic::new(webhook.span.clone(), "a webhook is a URL");
        diagnostics.push(wrong.help("write `webhook: https://HOST/PATH`"));
    }
    let mut refuse = |message: String, help: String| {
        diagnostics.push(Diagnostic::new(when.span.clone(), message).help(help));
        None
    };
    let condition = match condition(text) {
        Ok(condition) => condition,
        Err((message, help)) => return refuse(message, help),
    };
    let is_flow = body.is_none_or(|body| matches!(body, Body::Flow(_)));
    let is_of_flows = !matches!(
        condition.measure,
        Measure::Errors | Measure::Latency | Measure::Rate | Measure::Waiting
    );
    if is_of_flows && !is_flow {
        let message =
            format!("`{}` is measured at flows, and this is none", word(condition.measure));
        return refuse(
            message,
            "a server and a view have rate, errors, latency, waiting".to_owned(),
        );
    }
    Some(Alert {
        service: service.name.clone(),
        text: text.trim().to_owned(),
        webhook: webhook.and_then(Node::text).map(str::to_owned),
        ..condition
    })
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

fn word(measure: Measure) -> &'static str {
    MEASURES.iter().find(|(_, known)| *known == measure).map_or("", |(word, _)| *word)
}

/// `MEASURE > LIMIT for DURATION`, or `waiting for DURATION`. The error is a message with its help.
fn condition(text: &str) -> Result<Alert, (String, String)> {
    let (what, lasting) = match text.split_once(" for ") {
        Some((what, time)) => (what, Some(time.trim())),
        None => (text, None),
    };
    let lasting = match lasting.map(duration) {
        None => Duration::ZERO,
        Some(Ok(lasting)) if lasting <= LONGEST => lasting,
        Some(Ok(_)) => return Err(("an alert waits for at most 24h".to_owned(), HELP.to_owned())),
        Some(Err(wrong)) => return Err((wrong, HELP.to_owned())),
    };
    let at = what.find(['>', '<']);
    let (name, limit) = what.split_at(at.unwrap_or(what.len()));
    let name = name.trim();
    let Some((_, measure)) = MEASURES.iter().find(|(word, _)| *word == name) else {
        let words = MEASURES.iter().map(|(word, _)| *word);
        let help = match nearest(name, words.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("what is measured: {}", words.collect::<Vec<_>>().join(", ")),
        };
        return Err((format!("`{name}` is nothing that is measured"), help));
    };
    let (is_above, limit) = match (limit.trim(), measure) {
        ("", Measure::Waiting) => (true, 0.5),
        (_, Measure::Waiting) => {
            return Err(("`waiting` has no limit".to_owned(), "write `waiting for 1m`".to_owned()));
        }
        ("", _) => return Err((format!("the alert on `{name}` has no limit"), HELP.to_owned())),
        (said, _) => {
            let equal = said.strip_prefix(">=").or_else(|| said.strip_prefix("<="));
            let is_equal = equal.is_some();
            let number = equal.or_else(|| said.get(1..)).unwrap_or_default();
            let (is_above, limit) = (said.starts_with('>'), limit_of(*measure, number.trim())?);
            // At least the limit is more than the number before it.
            let limit = match (is_equal, is_above) {
                (true, true) => limit.next_down(),
                (true, false) => limit.next_up(),
                (false, _) => limit,
            };
            (is_above, limit)
        }
    };
    let (service, text) = (String::new(), String::new());
    Ok(Alert { service, text, measure: *measure, is_above, limit, lasting, webhook: None })
}

fn limit_of(measure: Measure, text: &str) -> Result<f64, (String, String)> {
    match measure {
        Measure::BacklogAge | Measure::Latency => {
            let help = "write a time, for example `30s` or `250ms`".to_owned();
            duration(text).map(|time| time.as_secs_f64()).map_err(|wrong| (wrong, help))
        }
        _ => {
            let number = text.strip_suffix("/s").unwrap_or(text).trim().parse::<f64>();
            number.ok().filter(|number| number.is_finite() && *number >= 0.0).ok_or_else(|| {
                (
                    format!("`{text}` is no number"),
                    "write a number, for example `> 1000`".to_owned(),
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_measure_a_limit_and_a_time() {
        let read = condition("backlog_age > 30s for 1m").unwrap();
        assert_eq!((read.measure, read.is_above), (Measure::BacklogAge, true));
        assert_eq!((read.limit, read.lasting), (30.0, Duration::from_mins(1)));
        let read = condition("rate < 0.5/s").unwrap();
        assert_eq!((read.is_above, read.limit, read.lasting), (false, 0.5, Duration::ZERO));
        assert_eq!(condition("waiting for 5s").unwrap().measure, Measure::Waiting);
        assert_eq!(condition("latency > 250ms").unwrap().limit, 0.25);
        let read = condition("dead_letters >= 1").unwrap();
        assert!(read.is_above && 1.0 > read.limit && 0.0 < read.limit, "one is at least one");
        let read = condition("rate <= 2").unwrap();
        assert!(!read.is_above && 2.0 < read.limit && 2.1 > read.limit, "two is at most two");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let said = |text| {
            let (message, help) = condition(text).unwrap_err();
            format!("{message}: {help}")
        };
        assert!(said("backlog_agee > 3s").contains("did you mean `backlog_age`"));
        assert!(said("colour > 3").contains("what is measured"));
        assert!(said("backlog > many").contains("`many` is no number"));
        assert!(said("backlog_age > 3 apples").contains("no unit of time"));
        assert!(said("backlog >> 3").contains("`> 3` is no number"));
        assert!(said("backlog >== 3").contains("`= 3` is no number"));
        assert!(said("backlog => 3").contains("nothing that is measured"));
        assert!(said("errors for 1m").contains("no limit"));
        assert!(said("errors > 1 for ever").contains("does not start with a number"));
        assert!(said("errors > 1 for 48h").contains("at most 24h"));
    }
}
