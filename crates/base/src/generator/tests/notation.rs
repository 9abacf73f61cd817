//! JSON, CSV and text, nesting, quoting, null.

use std::sync::Arc;

use super::super::{Generator, Schema, Spec};
use super::{csv, fields, generator_of, json, single, text, value};

fn nested() -> Vec<(String, Spec)> {
    let inside = vec![
        ("city".to_owned(), text("constant Łódź, \"Stare\"")),
        ("deep".to_owned(), Spec::Map(vec![("n".to_owned(), text("constant 5"))])),
    ];
    vec![("id".to_owned(), text("sequence")), ("place".to_owned(), Spec::Map(inside))]
}

#[test]
fn json_nests_and_escapes_only_what_must_be() {
    let generator = generator_of(&nested(), 1);
    assert_eq!(
        json(&generator, 0),
        r#"{"id":1,"place":{"city":"Łódź, \"Stare\"","deep":{"n":5}}}"#
    );
}

#[test]
fn csv_flattens_with_dots_and_quotes_as_rfc_4180_does() {
    let generator = generator_of(&nested(), 1);
    assert_eq!(
        csv(&generator, 0..2),
        "id,place.city,place.deep.n\n1,\"Łódź, \"\"Stare\"\"\",5\n2,\"Łódź, \"\"Stare\"\"\",5\n"
    );
}

#[test]
fn csv_tells_null_from_an_empty_text() {
    let all = fields(&[("a", "constant \"\""), ("b", "uuid null 1"), ("c", "constant x")]);
    assert_eq!(csv(&generator_of(&all, 1), 0..1), "a,b,c\n\"\",,x\n");
}

#[test]
fn names_of_fields_are_escaped_too() {
    let odd = [("a \"b\",\n".to_owned(), text("constant 1"))];
    let generator = generator_of(&odd, 1);
    assert_eq!(json(&generator, 0), "{\"a \\\"b\\\",\\n\":1}");
    assert_eq!(csv(&generator, 0..1), "\"a \"\"b\"\",\n\"\n1\n");
}

#[test]
fn text_is_the_bare_value_of_a_single_field() {
    assert_eq!(value(&single("constant say \"hi\""), 0), "say \"hi\"");
    assert_eq!(value(&single("constant 5"), 0), "5");
    assert_eq!(value(&single("integer 1..9 null 1"), 0), "null");
    let two = generator_of(&fields(&[("a", "constant 1"), ("b", "constant true")]), 1);
    assert_eq!(value(&two, 0), r#"{"a":1,"b":true}"#);
}

#[test]
fn bare_words_keep_their_json_type_and_quoted_ones_are_text() {
    let shown = |line: &str| json(&single(line), 0);
    assert_eq!(shown("constant -1.5e3"), r#"{"value":-1.5e3}"#);
    assert_eq!(shown("constant null"), r#"{"value":null}"#);
    assert_eq!(shown("constant 007"), r#"{"value":"007"}"#);
    assert_eq!(shown("constant \"5\""), r#"{"value":"5"}"#);
    assert_eq!(shown("choice 7, 7"), r#"{"value":7}"#);
    assert_eq!(shown("choice \"Route 66\" , \"Route 66\""), r#"{"value":"Route 66"}"#);
}

#[test]
fn a_map_or_list_is_a_choice_where_it_says_so() {
    let weights = Spec::Map(vec![("ok".to_owned(), text("1")), ("no".to_owned(), text("0"))]);
    let entry = |spec| vec![("choice".to_owned(), spec)];
    let single = |spec| generator_of(&[("value".to_owned(), spec)], 1);
    assert_eq!(json(&single(Spec::Map(entry(weights.clone()))), 3), r#"{"value":"ok"}"#);
    assert_eq!(json(&single(Spec::List(vec![text("red")])), 3), r#"{"value":"red"}"#);
    let mut with_null = entry(weights);
    with_null.push(("null".to_owned(), text("1")));
    assert_eq!(json(&single(Spec::Map(with_null)), 3), r#"{"value":null}"#);
    // A field that happens to be called choice is a field.
    let field = Spec::Map(entry(text("constant 1")));
    assert_eq!(json(&single(field), 3), r#"{"value":{"choice":1}}"#);
}

#[test]
fn null_keeps_the_object_whole_wherever_it_stands() {
    let all = fields(&[("a", "uuid null 1"), ("b", "integer 1..1"), ("c", "uuid null 1")]);
    assert_eq!(json(&generator_of(&all, 1), 0), r#"{"a":null,"b":1,"c":null}"#);
}

#[test]
fn columns_are_dotted_paths() {
    assert_eq!(generator_of(&nested(), 1).columns(), ["id", "place.city", "place.deep.n"]);
}

#[test]
fn the_lines_of_the_built_in_stacks_parse() {
    for line in ["integer 1..100", "integer 1..180", "integer 1..10000", "person.name"] {
        single(line);
    }
    single("integer 18..80");
}

#[test]
fn times_are_written_in_every_format() {
    let at = |line: &str, index| value(&single(line), index);
    assert_eq!(at("time", 61), "2026-01-01T00:01:01.000Z");
    assert_eq!(at("time every 50ms", 3), "2026-01-01T00:00:00.150Z");
    assert_eq!(at("time from 2024-02-28 every 1d format date", 1), "2024-02-29");
    assert_eq!(at("time from 2026-01-01T01:00:00.5+01:00 format unix_ms", 0), "1767225600500");
    assert_eq!(at("time from 1969-12-31T23:59:59Z format unix", 0), "-1");
    assert_eq!(at("time from 1900-03-01", 0), "1900-03-01T00:00:00.000Z");
    assert_eq!(at("time every 100us", 15), "2026-01-01T00:00:00.001Z");
    assert_eq!(at("time", u64::MAX), "9999-12-31T23:59:59.999Z");
}

#[test]
fn null_is_read_wherever_it_makes_sense() {
    assert_eq!(value(&single("  uuid   null   1 "), 0), "null");
    assert_eq!(value(&single("constant null"), 0), "null");
    assert_eq!(value(&single("choice null, null"), 0), "null");
    assert_eq!(value(&single("constant null null 0"), 0), "null");
}

#[test]
fn whatever_is_written_parses_or_is_refused_but_never_panics() {
    for kind in Schema::kinds() {
        let letters: Vec<char> = kind.example.chars().collect();
        for place in 0..letters.len() {
            for replacement in ['.', ',', '-', '9', '0', ' ', '"', '\\', '{', ']', 'é'] {
                let mut changed = letters.clone();
                changed[place] = replacement;
                let line: String = changed.iter().collect();
                if let Ok(schema) = Schema::parse(&fields(&[("value", &line)])) {
                    let generator = Generator::new(Arc::new(schema), 1, "", 0);
                    let shown = json(&generator, place as u64);
                    assert!(shown.starts_with("{\"value\":") && shown.ends_with('}'), "{line}");
                }
            }
        }
    }
}
