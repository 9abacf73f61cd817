//! A stream as the stack file wants it: made where it is missing, compared where it is there, never changed.

use super::answer::STREAM_NOT_FOUND;
use super::connection::Connection;
use crate::core::fault::Fault;
use crate::core::options::{Opt, Options, Shape};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The options that say it, beside `create`, whose default differs.
pub const CLAIMS: [Opt; 10] = [
    Opt::required("stream", Shape::Text, "Name of the stream."),
    Opt::optional(
        "subjects",
        Shape::Names,
        "Subjects that the stream takes; `*` and `>` are wildcards.",
    ),
    Opt::optional(
        "retention",
        Shape::Choice(&["limits", "interest", "workqueue"]),
        "How long the stream keeps a message: up to its limits, while a consumer wants it, or until one has it.",
    ),
    Opt::optional(
        "storage",
        Shape::Choice(&["file", "memory"]),
        "Where the stream keeps its messages.",
    ),
    Opt::optional("replicas", Shape::Whole(1, 5), "Servers of the cluster that hold each message."),
    Opt::optional("max_age", Shape::Duration, "Age at which the stream drops a message."),
    Opt::optional("max_bytes", Shape::Size, "Bytes that the stream may hold."),
    Opt::optional("max_messages", Shape::Whole(1, u64::MAX), "Messages that the stream may hold."),
    Opt::optional(
        "discard",
        Shape::Choice(&["new", "old"]),
        "What a full stream does: refuse new messages (a stream made here does), or drop its oldest.",
    ),
    Opt::optional(
        "duplicate_window",
        Shape::Duration,
        "How long the stream recognises a message that is sent again; the server's default is 2m.",
    ),
];

/// What the stack file says of a stream.
#[derive(Debug, Clone)]
pub struct Claims {
    pub name: String,
    pub may_create: bool,
    /// What is stated, in JetStream's names; a span is in nanoseconds.
    stated: Map<String, Value>,
    subject: Option<String>,
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Tells a stream from one that was made anew under its name.
    pub created: String,
    pub retention: String,
    pub subjects: Vec<String>,
    pub first: u64,
    pub last: u64,
    pub duplicate_window: Duration,
    pub max_message: Option<u64>,
    pub limits: String,
}

impl Claims {
    pub fn of(options: &Options) -> Self {
        let mut stated = Map::new();
        let subjects = options.names("subjects");
        if !subjects.is_empty() {
            stated.insert("subjects".into(), json!(subjects));
        }
        for (option, name) in
            [("retention", "retention"), ("storage", "storage"), ("discard", "discard")]
        {
            if let Some(word) = options.text_if(option) {
                stated.insert(name.into(), word.into());
            }
        }
        for (option, name) in
            [("replicas", "num_replicas"), ("max_bytes", "max_bytes"), ("max_messages", "max_msgs")]
        {
            if let Some(number) = options.whole_if(option) {
                stated.insert(name.into(), number.into());
            }
        }
        for (option, name) in [("max_age", "max_age"), ("duplicate_window", "duplicate_window")] {
            if let Some(span) = options.duration_if(option) {
                stated.insert(name.into(), nanoseconds(span).into());
            }
        }
        let may_create = options.is_set("create");
        Self { name: options.text("stream").to_owned(), may_create, stated, subject: None }
    }

    /// The subject of a stream that is made, unless the stack file states some.
    #[must_use]
    pub fn or_subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }

    fn wanted(&self) -> Value {
        let mut wanted = json!({
            "name": self.name, "retention": "limits", "storage": "file", "num_replicas": 1,
            // What is acknowledged must not be pushed out by what comes later, unless somebody wants that.
            "discard": "new",
            "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
            "max_msg_size": -1, "max_msgs_per_subject": -1,
        });
        if let Some(subject) = &self.subject {
            wanted["subjects"] = json!([subject]);
        }
        if let Some(wanted) = wanted.as_object_mut() {
            wanted.extend(self.stated.clone());
        }
        wanted
    }

    /// The first thing that differs, with both values.
    fn difference(&self, there: &Value) -> Option<String> {
        self.stated.iter().find_map(|(name, stated)| {
            let found = &there[name];
            let is_same = match (stated, found) {
                (Value::Array(stated), Value::Array(found)) if name == "subjects" => {
                    stated.len() == found.len() && stated.iter().all(|one| found.contains(one))
                }
                _ => stated == found,
            };
            (!is_same).then(|| {
                let option = option_of(name);
                format!(
                    "`{option}` is {} there, and the stack file says {}",
                    shown(name, found),
                    shown(name, stated)
                )
            })
        })
    }
}

/// Finds the stream, or makes it. `must_exist` says that it was there before: then it is not made anew, because what
/// it held would silently be gone.
pub(super) async fn ensure(
    connection: &Connection,
    claims: &Claims,
    must_exist: bool,
) -> Result<Found, Fault> {
    let name = &claims.name;
    is_name(name)?;
    let asked = connection.ask(&format!("STREAM.INFO.{name}"), &Value::Null).await;
    let info = match asked {
        Ok(info) => info,
        Err(trouble) if trouble.is(STREAM_NOT_FOUND) => {
            let shown = connection.shown();
            if must_exist {
                return Err(Fault::retry(format!(
                    "{shown}: the stream {name} was there and is gone: was it deleted? Restore it and this flow \
                     goes on; to begin with an empty one, make it by hand and move this flow's checkpoint away"
                )));
            }
            if !claims.may_create {
                return Err(Fault::retry(format!(
                    "{shown}: there is no stream {name} yet: start what writes it, or say `create: true`"
                )));
            }
            let wanted = claims.wanted();
            let made = connection.ask(&format!("STREAM.CREATE.{name}"), &wanted).await;
            made.map_err(|trouble| {
                connection.fault(&format!("making the stream {name}"), &trouble)
            })?
        }
        Err(trouble) => return Err(connection.fault(&format!("the stream {name}"), &trouble)),
    };
    if let Some(difference) = claims.difference(&info["config"]) {
        return Err(Fault::stop(format!(
            "{}: the stream {name} differs: {difference}; change one of them (`nats stream edit {name}`), nothing is \
             changed from here",
            connection.shown()
        )));
    }
    Ok(found(&info))
}

pub(super) fn is_name(name: &str) -> Result<(), Fault> {
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || r".*>/\".contains(c);
    if name.is_empty() || name.contains(is_wrong) {
        return Err(Fault::stop(format!(
            "`{name}` cannot be the name of a stream: it has no blanks, dots, slashes and wildcards"
        )));
    }
    Ok(())
}

fn found(info: &Value) -> Found {
    let (config, state) = (&info["config"], &info["state"]);
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let subjects = config["subjects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let limits = ["max_bytes", "max_msgs", "discard"].map(|name| {
        let value = &config[name];
        let is_set = value.as_i64().is_none_or(|limit| limit > 0);
        if is_set { format!("{} {}", option_of(name), shown(name, value)) } else { String::new() }
    });
    let limits: Vec<String> = limits.into_iter().filter(|limit| !limit.is_empty()).collect();
    Found {
        created: info["created"].as_str().unwrap_or_default().to_owned(),
        retention: config["retention"].as_str().unwrap_or("limits").to_owned(),
        subjects: subjects.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        first: number(&state["first_seq"]),
        last: number(&state["last_seq"]),
        duplicate_window: Duration::from_nanos(number(&config["duplicate_window"])),
        max_message: config["max_msg_size"].as_u64().filter(|limit| *limit > 0),
        limits: limits.join(", "),
    }
}

pub(super) fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn option_of(name: &str) -> &str {
    match name {
        "num_replicas" => "replicas",
        "max_msgs" => "max_messages",
        other => other,
    }
}

/// As one would write it in the stack file.
fn shown(name: &str, value: &Value) -> String {
    let is_span = matches!(name, "max_age" | "duplicate_window" | "ack_wait");
    match value {
        Value::Number(number) if is_span => {
            format!("{} s", number.as_f64().unwrap_or_default() / 1e9)
        }
        Value::Number(number) if number.as_i64() == Some(-1) => "unlimited".to_owned(),
        Value::Array(items) => {
            items.iter().map(|item| shown(name, item)).collect::<Vec<_>>().join(" ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "not set".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn shown_setting(name: &str, value: &Value) -> String {
    shown(name, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::options::Setting;

    fn claims() -> Claims {
        let mut options = Options::default();
        options.set("stream", Setting::Text("S".into()));
        options.set("retention", Setting::Text("workqueue".into()));
        options.set("max_age", Setting::Duration(Duration::from_mins(1)));
        options.set("subjects", Setting::Names(vec!["a".into(), "b".into()]));
        Claims::of(&options)
    }

    #[test]
    fn what_is_not_stated_is_not_compared() {
        let there = json!({
            "retention": "workqueue", "max_age": 60_000_000_000u64, "subjects": ["b", "a"], "storage": "memory"
        });
        assert_eq!(claims().difference(&there), None);
    }

    #[test]
    fn a_difference_names_both_values() {
        let there =
            json!({ "retention": "limits", "max_age": 60_000_000_000u64, "subjects": ["b", "a"] });
        let told = claims().difference(&there).unwrap();
        assert_eq!(told, "`retention` is limits there, and the stack file says workqueue");
        let there = json!({ "retention": "workqueue", "max_age": 0, "subjects": ["b", "a"] });
        let told = claims().difference(&there).unwrap();
        assert_eq!(told, "`max_age` is 0 s there, and the stack file says 60 s");
    }

    #[test]
    fn a_stream_that_is_made_refuses_what_does_not_fit() {
        let wanted = claims().wanted();
        assert_eq!(
            (wanted["discard"].as_str(), wanted["storage"].as_str()),
            (Some("new"), Some("file"))
        );
        assert_eq!(wanted["retention"], "workqueue");
    }
}
