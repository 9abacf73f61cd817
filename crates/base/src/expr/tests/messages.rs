//! The words people read when an expression or a record is wrong.

use super::super::Expression;
use super::{map, test};

#[test]
fn compile_errors_say_what_where_and_what_to_do() {
    for (text, message) in [
        ("", "the expression is empty; write `.` to pass records on unchanged"),
        (
            ".a +",
            "column 5: expected an expression, found the end; something is missing at the end",
        ),
        (".a = = 1", "column 6: expected an expression, found `=`; compare with one `==`"),
        ("'a'", "column 1: strings need double quotes, not `'`"),
        (".a && .b", "column 4: `&& .b` is not part of jq; write `and`"),
        (".a || .b", "column 4: expected the end, found `||`; write `or`"),
        ("(.a", "column 1: `(` is never closed; a closing parenthesis is missing"),
        (".a)", "column 3: `)` is not part of jq; it closes a bracket that was never opened"),
        ("\"abc", "column 1: `\"` is never closed; a closing quote is missing"),
        ("lenght", "column 1: there is no function `lenght`; did you mean `length`?"),
        (
            ".a | name",
            "column 6: there is no function `name`; a field is written `.name`, \
                       a text `\"name\"`",
        ),
        ("map", "column 1: there is no function `map`; `map` takes another number of arguments"),
        (
            "split(1;2;3)",
            "column 1: there is no function `split` with 3 arguments; \
                          `split` takes another number of arguments",
        ),
        ("$x", "column 1: there is no variable `$x`; bind it with `… as $x |`"),
        (
            "if .a then 1",
            "column 13: expected else or end, found the end; every `if` ends with `end`",
        ),
        (
            ".a .b 1",
            "column 7: expected the end, found `1`; \
                     join two parts with `|`, `,` or an operator",
        ),
        (
            ".a |\n lenght",
            "line 2, column 2: there is no function `lenght`; did you mean `length`?",
        ),
        ("break $x", "column 7: there is no label `$x`; set it with `label $x |`"),
    ] {
        assert_eq!(Expression::compile(text).map(|_| ()), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn refused_words_come_with_the_reason() {
    let ends = "an expression must end for every record; \
                use `.[]`, `map`, `range`, `limit`, `reduce` or `foreach`";
    for (text, column, word, reason) in [
        ("[.a | while(. < 9; . + 1)]", 7, "while", ends),
        ("until(. > 9; . + 1)", 1, "until", ends),
        ("\"\\(repeat(1))\"", 4, "repeat", ends),
        ("recurse(.a)", 1, "recurse", ends),
        ("[combinations(3)]", 2, "combinations", ends),
        ("input", 1, "input", "an expression sees one record at a time"),
        ("env.HOME", 1, "env", "a step is pure: the same record always gives the same result"),
        ("{a: $ENV}", 5, "$ENV", "a step is pure: the same record always gives the same result"),
        ("now", 1, "now", "a step is pure: the same record always gives the same result"),
        ("debug", 1, "debug", "an expression has no output but its results; drop it"),
        (
            "halt",
            1,
            "halt",
            "an expression cannot stop the service; \
                             use `error(\"reason\")` or `empty`",
        ),
        ("todate", 1, "todate", "dates are not part of expressions; keep them as text or numbers"),
        ("import \"a\" as a; .", 1, "import", "an expression cannot read files"),
        ("@base64", 1, "@base64", "this format is not carried; use `@text`, `@json` or `@sh`"),
    ] {
        let message = format!("column {column}: `{word}` is not available: {reason}");
        assert_eq!(Expression::compile(text).map(|_| ()), Err(message), "{text}");
    }
    assert!(
        Expression::compile("def f: f; f")
            .unwrap_err()
            .starts_with("column 1: `def` is not available: functions cannot be defined")
    );
}

#[test]
fn record_errors_name_the_expression_and_the_type() {
    let record = r#"{"a":1,"t":"text","l":[1]}"#;
    for (text, message) in [
        (".a.b", "`.a.b`: cannot index number with \"b\""),
        (".a.b | length", "`.a.b | length`: cannot index number with \"b\""),
        ("{x: .l.b}", "`{x: .l.b}`: cannot index array with \"b\""),
        (".a + .t", "`.a + .t`: cannot calculate number 1 + string \"text\""),
        (".a[]", "`.a[]`: cannot iterate over number"),
        ("error(\"too old\")", "`error(\"too old\")`: too old"),
        ("error({code: 1})", "`error({code: 1})`: object of 1 members"),
        ("{(.a): 1}", "`{(.a): 1}`: an object key must be a string, not number 1"),
        (
            ".t | fromjson",
            "`.t | fromjson`: string \"text\": not JSON: \
                           expected a value at byte 1, found `t`",
        ),
        (
            ".t | test(\"(\")",
            "`.t | test(\"(\")`: the pattern \"(\" is wrong: \
                              found open group without closing ')'",
        ),
        (".l[5] = 1", "`.l[5] = 1`: index 5 is out of bounds"),
    ] {
        assert_eq!(map(text, record), Err(message.to_owned()), "{text}");
        assert_eq!(
            Expression::compile(text).unwrap().without_plan().map(record.as_bytes(), &mut vec![]),
            Err(message.to_owned()),
            "{text} in jaq"
        );
    }
}

#[test]
fn broken_records_are_refused_in_every_way() {
    for text in [".a == 1", "{a}", "del(.a)", "select(.a)", ".a + 1"] {
        for (line, message) in [
            ("{\"a\":1", "not JSON: expected `,` or `}` at byte 7, found the end"),
            ("", "not JSON: expected a value at byte 1, found the end"),
            ("{\"a\":1} x", "not JSON: expected the end of the record at byte 9, found `x`"),
            ("{\"a\":\n1}", "the record has a line feed in it; a record is one line of JSON"),
        ] {
            assert_eq!(map(text, line), Err(message.to_owned()), "{text} on {line}");
            assert_eq!(test(text, line), Err(message.to_owned()), "{text} on {line}");
        }
    }
}

#[test]
fn errors_leave_the_output_as_it_was() {
    for text in [".a, .b.c", "{x: .a, y: .b.c}", ".a.c", "{a: .b} | .a, error(\"x\")"] {
        let mut out = b"before\n".to_vec();
        let result = Expression::compile(text).unwrap().map(br#"{"a":"s","b":1}"#, &mut out);
        assert!(result.is_err(), "{text}");
        assert_eq!(out, b"before\n", "{text}");
    }
}
