//! The scanner must accept what `serde_json` accepts, and decode strings the same.

use proptest::prelude::*;

use super::{Kind, RawText, Scanner, write_text};

fn check(text: &str) -> Result<(), String> {
    let mut scanner = Scanner::new(text.as_bytes())?;
    scanner.skip()?;
    scanner.end()
}

#[test]
fn tells_what_is_wrong_and_where() {
    for (text, message) in [
        ("", "not JSON: expected a value at byte 1, found the end"),
        ("{\"a\":}", "not JSON: expected a value at byte 6, found `}`"),
        ("{\"a\" 1}", "not JSON: expected `:` at byte 6, found `1`"),
        ("[1,]", "not JSON: expected something after `,` at byte 4, found `]`"),
        ("{a:1}", "not JSON: expected a key in quotes at byte 2, found `a`"),
        ("1 2", "not JSON: expected the end of the record at byte 3, found `2`"),
        ("01", "not JSON: expected the end of the record at byte 2, found `1`"),
        ("\"\\x\"", "not JSON: expected an escape sequence at byte 3, found `x`"),
    ] {
        assert_eq!(check(text), Err(message.to_owned()), "{text}");
    }
    assert_eq!(Scanner::new(b"\"\xff\"").unwrap_err(), "not JSON: bad UTF-8 at byte 2");
}

#[test]
fn refuses_deep_nesting_without_overflowing_the_stack() {
    assert_eq!(check(&format!("{}{}", "[".repeat(128), "]".repeat(128))), Ok(()));
    let message = Err("the record is nested deeper than 128 levels".to_owned());
    assert_eq!(check(&"[".repeat(1_000_000)), message);
    assert_eq!(check(&"{\"a\":".repeat(1_000_000)), message);
}

#[test]
fn decodes_surrogate_pairs_and_replaces_lone_ones() {
    let decode = |inner| RawText { inner, escaped: true }.decode().into_owned();
    assert_eq!(decode("\\ud83d\\ude00!"), "\u{1f600}!");
    assert_eq!(decode("\\ud83dx"), "\u{fffd}x");
    assert_eq!(decode("\\u0041\\n\\\\"), "A\n\\");
    let exactly = |inner| RawText { inner, escaped: true }.decode_exactly().is_some();
    assert!(exactly("\\ud83d\\ude00\\ufffd"));
    assert!(!exactly("\\ud83dx") && !exactly("\\ude00"));
}

#[test]
fn orders_the_kinds_as_jq_does() {
    assert!(Kind::Null < Kind::False && Kind::False < Kind::True && Kind::True < Kind::Number);
    assert!(Kind::Number < Kind::Text && Kind::Text < Kind::Array && Kind::Array < Kind::Object);
}

/// Fragments that make valid and nearly valid JSON likely.
fn fragments() -> impl Strategy<Value = String> {
    let parts = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"\\u00e9\"",
        "\"\\u12\"",
        "1",
        "-0.5e3",
        "00",
        "true",
        "nul",
        "null",
        " ",
        "\"",
        "\\",
        "é",
        "{\"k\":1}",
        "[1,2]",
        ".",
        "-",
        "1e",
        "\t",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 1..8).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn accepts_what_serde_json_accepts(text in fragments()) {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn strings_survive_writing_and_decoding(text in any::<String>()) {
        let mut out = Vec::new();
        write_text(&text, &mut out);
        let written = String::from_utf8(out).unwrap();
        prop_assert_eq!(&serde_json::from_str::<String>(&written).unwrap(), &text);
        prop_assert_eq!(RawText::of_value(&written).decode(), text);
    }
}
