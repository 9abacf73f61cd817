//! Requests with their whole answers, from the files in `golden/`.
//!
//! A file is one conversation with a fresh store, its requests parted by lines of `=`. A request is its line, its
//! headers, an empty line and its body; behind a line of `-` follow the status, the headers that matter (`!name` must
//! not be there, `*` is any value) and the body.

use super::support::{Service, ask, notes, users};
use crate::resource::Schema;
use crate::server::tests::support::{Client, Seen};
use std::fmt::Write as _;

/// Its name, its text, and what it is about.
type File = (&'static str, &'static str, fn() -> Schema);

const FILES: &[File] = &[
    ("records", include_str!("golden/records.txt"), users),
    ("conditions", include_str!("golden/conditions.txt"), users),
    ("repeats", include_str!("golden/repeats.txt"), users),
    ("lists", include_str!("golden/lists.txt"), users),
    ("bulk", include_str!("golden/bulk.txt"), users),
    ("bad_input", include_str!("golden/bad_input.txt"), users),
    ("text_keys", include_str!("golden/text_keys.txt"), notes),
];

/// A request or an answer: its first line, its headers, its body.
struct Message<'t> {
    first: &'t str,
    headers: Vec<&'t str>,
    body: String,
}

fn message(text: &str) -> Message<'_> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    Message { first, headers: lines.collect(), body: body.trim_end().to_owned() }
}

#[test]
fn every_request_has_the_answer_of_its_file() {
    let mut wrong = String::new();
    for (name, text, schema) in FILES {
        let service = Service::of(schema());
        let mut client = service.client();
        for pair in text.split("\n====\n") {
            let (asked, expected) = pair.split_once("\n----\n").expect(pair);
            if let Some(difference) = differs(&mut client, &message(asked.trim_start()), expected) {
                writeln!(wrong, "{name}: {}\n{difference}", asked.trim()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn differs(client: &mut Client, asked: &Message<'_>, expected: &str) -> Option<String> {
    let expected = message(expected);
    let seen = ask(client, asked.first, &asked.headers, &asked.body);
    let is_same = seen.status.to_string() == expected.first
        && expected.headers.iter().all(|line| has(&seen, line))
        && seen.body.trim_end() == expected.body;
    (!is_same).then(|| format!("---- but it was:\n{}{}\n", seen.head.replace('\r', ""), seen.body))
}

fn has(seen: &Seen, line: &str) -> bool {
    match line.strip_prefix('!') {
        Some(name) => seen.header(name).is_none(),
        None => line.split_once(": ").is_some_and(|(name, value)| {
            seen.header(name).is_some_and(|seen| value == "*" || value == seen)
        }),
    }
}
