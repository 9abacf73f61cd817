//! Text templates.

use super::super::Template;

fn render(text: &str, line: &str) -> Result<String, String> {
    let mut out = Vec::new();
    Template::parse(text)?.render(line.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn fills_in_values_of_every_type() {
    let record = r#"{"number":42,"price":10.10,"name":"Ann \"A\"\nB","none":null,"yes":true,
        "in":{"a":{"b":"deep"},"list":[1,"x"]}}"#;
    for (text, expected) in [
        ("Received number: {number}", "Received number: 42"),
        ("{price} {yes}", "10.10 true"),
        ("{name}!", "Ann \"A\"\nB!"),
        ("[{none}]", "[]"),
        ("{in.a.b}", "deep"),
        ("{in.list} {in.a}", r#"[1,"x"] {"b":"deep"}"#),
        ("{{literal}} {number}{number}", "{literal} 4242"),
        ("no fields é", "no fields é"),
        ("", ""),
    ] {
        assert_eq!(render(text, record).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn says_which_field_is_missing() {
    let record = r#"{"n":1,"null":null}"#;
    for (text, message) in [
        ("{number}", "the record has no field `number`"),
        ("{a.b}", "the record has no field `a.b`"),
        ("{null.b}", "the record has no field `null.b`"),
        ("{n.b}", "the record has no field `n.b`: `n` is a number"),
    ] {
        assert_eq!(render(text, record), Err(message.to_owned()), "{text}");
    }
    let message = "the record has no field `a`: it is an array";
    assert_eq!(render("{a}", "[1]"), Err(message.to_owned()));
    let mut out = b"kept".to_vec();
    assert!(Template::parse("x {n} {gone}").unwrap().render(br#"{"n":1}"#, &mut out).is_err());
    assert_eq!(out, b"kept");
}

#[test]
fn parse_errors_say_what_where_and_what_to_do() {
    for (text, message) in [
        ("Hé {a", "column 4: `{` is never closed; add `}`, or write `{{` for a brace"),
        ("a {}", "column 3: nothing between `{` and `}`; name a field, as in `{number}`"),
        ("a { }", "column 3: nothing between `{` and `}`; name a field, as in `{number}`"),
        ("a }", "column 3: `}` without `{` before it; write `}}` for a brace"),
        (
            "{\"a\": 1}",
            "column 1: `\"a\": 1` is not the name of a field; write `{{` and `}}` for braces, \
             and make other values with an expression first",
        ),
        (
            "{a..b}",
            "column 1: `a..b` is not the name of a field; write `{{` and `}}` for braces, \
             and make other values with an expression first",
        ),
    ] {
        assert_eq!(Template::parse(text).map(|_| ()), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn renders_with_values_from_elsewhere() {
    let template = Template::parse("Error fetching the number: {error}").unwrap();
    assert_eq!(template.fields(), ["error"]);
    let mut out = Vec::new();
    let lookup = |name: &str| (name == "error").then(|| "timed out".to_owned());
    template.render_with(&lookup, &mut out).unwrap();
    assert_eq!(out, b"Error fetching the number: timed out");
    let result = template.render_with(&|_| None, &mut out);
    assert_eq!(result, Err("there is no value for `error`".to_owned()));
    assert_eq!(out, b"Error fetching the number: timed out");
}

#[test]
fn names_each_field_once() {
    let template = Template::parse("{b} {a.c} {b}").unwrap();
    assert_eq!(template.fields(), ["b", "a.c"]);
}
