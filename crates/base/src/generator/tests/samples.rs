//! Small generators and their output as text.

use std::sync::Arc;

use super::super::{Generator, Schema, Spec};

/// 2026-01-01T00:00:00Z.
pub(super) const ORIGIN: i64 = 1_767_225_600_000;

pub(super) fn text(line: &str) -> Spec {
    Spec::Text(line.to_owned())
}

pub(super) fn fields(lines: &[(&str, &str)]) -> Vec<(String, Spec)> {
    lines.iter().map(|(name, line)| ((*name).to_owned(), text(line))).collect()
}

pub(super) fn generator_of(fields: &[(String, Spec)], seed: u64) -> Generator {
    Generator::new(Arc::new(Schema::parse(fields).expect("parses")), seed, "test", ORIGIN)
}

/// A generator of the single field `value`.
pub(super) fn single(line: &str) -> Generator {
    generator_of(&fields(&[("value", line)]), 7)
}

pub(super) fn value(generator: &Generator, index: u64) -> String {
    let mut out = Vec::new();
    generator.write_text(index, &mut out);
    String::from_utf8(out).expect("is UTF-8")
}

pub(super) fn number(generator: &Generator, index: u64) -> f64 {
    value(generator, index).parse().expect("is a number")
}

pub(super) fn json(generator: &Generator, index: u64) -> String {
    let mut out = Vec::new();
    generator.write_json(index, &mut out);
    String::from_utf8(out).expect("is UTF-8")
}

pub(super) fn ndjson(generator: &Generator, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    generator.write_ndjson(range, &mut out);
    out
}

pub(super) fn csv(generator: &Generator, range: std::ops::Range<u64>) -> String {
    let mut out = Vec::new();
    generator.write_csv_header(&mut out);
    generator.write_csv(range, &mut out);
    String::from_utf8(out).expect("is UTF-8")
}

/// A record with one field of every type.
pub(super) fn everything() -> Vec<(String, Spec)> {
    Schema::kinds().iter().map(|kind| (kind.name.replace('.', "_"), text(kind.example))).collect()
}
