//! What expressions give, natively and in jaq.

use super::super::Expression;
use super::{map, test};

#[test]
fn maps_records_as_jq_does() {
    let record = r#"{"name":"Ann","age":42,"tags":["x","y"],"in":{"b":null,"c":1.50}}"#;
    for (text, expected) in [
        (".", record),
        (".name", r#""Ann""#),
        (".in.c", "1.50"),
        (".missing", "null"),
        (".in.b.deep", "null"),
        ("{name, age}", r#"{"name":"Ann","age":42}"#),
        (
            r#"{z: .in.c, a: .name, k: "lit", n: -1, t: true, u: null}"#,
            r#"{"z":1.50,"a":"Ann","k":"lit","n":-1,"t":true,"u":null}"#,
        ),
        ("{adult: (.age >= 18), in: {c: .in.c}}", r#"{"adult":true,"in":{"c":1.50}}"#),
        (r#"{"two words": .name}"#, r#"{"two words":"Ann"}"#),
        ("del(.in, .tags)", r#"{"name":"Ann","age":42}"#),
        ("del(.missing)", record),
        ("select(.age > 18)", record),
        ("select(.age > 99)", ""),
        ("select(.age > 18) | {name}", r#"{"name":"Ann"}"#),
        ("select(.age > 18) | select(.name == \"Bob\")", ""),
        (".age >= 18 | not", "false"),
        ("empty", ""),
        (".tags[]", r#""x" "y""#),
        (".age, .name", r#"42 "Ann""#),
        (". + {age: 1}", r#"{"name":"Ann","age":1,"tags":["x","y"],"in":{"b":null,"c":1.50}}"#),
        (".new.field = 1 | {new}", r#"{"new":{"field":1}}"#),
        ("del(.in.b, .tags, .name)", r#"{"age":42,"in":{"c":1.50}}"#),
        ("[.tags[] | ascii_upcase] | join(\"-\")", r#""X-Y""#),
        ("\"\\(.name) is \\(.age)\"", r#""Ann is 42""#),
        (".tags | length, index(\"y\"), .[-1], .[1:]", r#"2 1 "y" ["y"]"#),
        ("[limit(3; range(10))], first(range(5;9))", "[0,1,2] 5"),
        ("reduce .tags[] as $t (\"\"; . + $t)", r#""xy""#),
        ("try error(\"no\") catch .", r#""no""#),
        (
            ".name | test(\"^a\"; \"i\"), [match(\"n\"; \"g\").offset], gsub(\"n\"; \"m\")",
            r#"true [1,2] "Amm""#,
        ),
        ("[.. | numbers]", "[42,1.50]"),
        ("{while: 1, env: .age}", r#"{"while":1,"env":42}"#),
        ("\"while def env\"", r#""while def env""#),
        (".tags | tojson | fromjson | sort_by(.) | group_by(.) | flatten", r#"["x","y"]"#),
        ("9 | sqrt, pow(.; 2), (. / 2 | floor)", "3.0 81.0 4"),
        (".tags[1.5], .tags[9], .none[1:]", r#""y" null null"#),
        ("nan, infinite", "null 1.7976931348623157e308"),
    ] {
        assert_eq!(map(text, record).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn tests_records_as_jq_does() {
    let record = r#"{"age":18,"level":"error","flag":false,"a":{"b":1.0},"big":9007199254740993}"#;
    for (text, expected) in [
        (".age >= 18", true),
        (".age > 18", false),
        ("18 <= .age", true),
        (".age == 18.0", true),
        (".a.b == 1", true),
        (".big == 9007199254740993", true),
        (".big == 9007199254740992", false),
        (".level == \"error\" and .age < 20", true),
        (".level == \"info\" or .flag", false),
        (".flag | not", true),
        (".missing", false),
        (".missing == null", true),
        (".a.b != null", true),
        (".missing < 0", true),
        (".level > 1000000", true),
        (".a > \"text\"", true),
        (".flag < true", true),
        ("select(.age == 18)", true),
        ("select(.age == 17)", false),
        ("empty", false),
        ("false, true", false),
        (".age % 2 == 0", true),
        ("[.a[]] | any(. == 1)", true),
        ("{age}", true),
    ] {
        assert_eq!(test(text, record), Ok(expected), "{text}");
    }
}

#[test]
fn the_last_of_equal_keys_wins() {
    let record = r#"{"a":{"b":1},"k":1,"a":{"c":2},"k":2}"#;
    assert_eq!(map("{k, b: .a.b, c: .a.c}", record).as_deref(), Ok(r#"{"k":2,"b":null,"c":2}"#));
    assert_eq!(test(".k == 2", record), Ok(true));
    assert_eq!(map("del(.k)", r#"{"k":1,"x":0,"k":2}"#).as_deref(), Ok(r#"{"x":0}"#));
}

#[test]
fn keys_and_texts_may_be_written_with_escapes() {
    let record = r#"{"n\u0061me":"\u0041nn"}"#;
    assert_eq!(test(".name == \"Ann\"", record), Ok(true));
    assert_eq!(test(r#".["n\u0061me"] == "\u0041nn""#, record), Ok(true));
}

#[test]
fn numbers_stay_as_they_are_written() {
    let record = r#"{"price":10.10,"id":123456789012345678901234567890,"e":1E5,"other":1}"#;
    let expected = r#"{"price":10.10,"id":123456789012345678901234567890,"e":1E5}"#;
    assert_eq!(map("{price, id, e}", record).as_deref(), Ok(expected));
    assert_eq!(map("del(.other) | .", record).as_deref(), Ok(expected));
    assert_eq!(map("with_entries(select(.key != \"other\"))", record).as_deref(), Ok(expected));
}

#[test]
fn simple_expressions_are_native_and_others_are_not() {
    for (text, native) in [
        (".", true),
        (".a.b", true),
        ("select(.a == 1 and (.b | not)) | {c, d: .e.f}", true),
        ("del(.a, .b)", true),
        (".a == -1.5", true),
        ("select(true)", false),
        ("del(.a.b)", false),
        (".a?", false),
        (".a[0]", false),
        (".a + 1", false),
        ("{a: 1, a: 2}", false),
        ("\"\\(.a)\"", false),
    ] {
        assert_eq!(Expression::compile(text).unwrap().is_native(), native, "{text}");
    }
}

#[test]
fn an_expression_can_go_to_other_threads() {
    fn check<T: Send + Sync + Clone + 'static>(_: &T) {}
    check(&Expression::compile(".a | map(. + 1)").unwrap());
}
