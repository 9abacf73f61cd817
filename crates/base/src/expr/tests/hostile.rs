//! Expressions and records that try to run for ever, eat the memory or overflow the stack.

use std::time::Duration;

use super::super::Expression;
use super::map;

/// Runs and requires an end in good time; the bound is wide since tests share the machine.
fn stopped(text: &str, line: &str) -> String {
    let start = crate::core::time::now();
    let reason = map(text, line).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(10), "{text} took {:?}", start.elapsed());
    let (_, reason) = reason.rsplit_once("`: ").unwrap_or_else(|| panic!("{text}: {reason}"));
    reason.to_owned()
}

#[test]
fn endless_and_huge_work_is_stopped() {
    for text in [
        "[range(1e18)]",
        "range(0; 1; 0) | empty",
        "reduce range(1e9) as $x (0; . + 1)",
        "[limit(1e9; range(1e18)) | select(false)]",
        "first(range(1e18) | select(. < 0))",
        "last(range(1e18))",
        "isempty(range(1e18) | empty)",
        "[foreach range(1e9) as $x (0; . + 1)] | length",
        "[try range(1e18) catch 0] | length",
        "[range(1e9) | try error(.) catch .]",
        "[range(1e9) | (error)?]",
        "label $out | range(1e18) | if . < 0 then break $out else empty end",
        "reduce range(1e9) as $x ([1]; [.[], .[]])",
        "[range(1e5) as $x | range(1e5) | \"\\(.)\"] | add",
        "[range(1000)] | [.[] as $a | .[] as $b | .[] as $c | empty]",
        "[range(50000)] | tojson | [range(1000) as $x | explode]",
        "[range(3000) | [range(3000)]] | tojson",
        "[range(100000)] as $a | [$a[] | $a == $a]",
        "(\"a\" * 60000) as $t | [range(1e6) | $t | test(\"(a*)*b\")]",
        "(\"a\" * 60000) | [match(\"a*b|a\"; \"g\")] | length",
        "[range(20000)] as $a | [$a | contains($a)]",
        "[range(1e6) as $x | {a: $x}] | group_by(.a) | add | [paths] | length",
    ] {
        let reason = stopped(text, "null");
        assert!(reason.starts_with("stopped: "), "{text}: {reason}");
    }
}

#[test]
fn counted_combinations_are_stopped_even_without_outputs() {
    let ones = "(1,1,1,1,1,1,1,1,1,1)";
    let nested =
        (0..8).fold("empty".to_owned(), |inner, level| format!("{ones} as $v{level} | {inner}"));
    assert!(stopped(&nested, "null").starts_with("stopped: "));
    let sums = [ones; 9].join(" + ");
    assert!(stopped(&format!("({sums} == 0) // 5"), "null").starts_with("stopped: "));
}

#[test]
fn values_cannot_outgrow_their_bounds() {
    let size = "stopped: a value grew larger than 16 MiB";
    let depth = "stopped: a value is nested deeper than 192 levels";
    let nesting = "stopped: an assignment goes through more than 64 steps at once";
    for (text, expected) in [
        ("\"x\" * 1000000000", size),
        ("\"x\" * 1e18", "cannot calculate string \"x\" * number 1e18"),
        ("\"x\" * 99999999999999999999", size),
        ("reduce range(100) as $x (\"a\"; . + .)", size),
        ("reduce range(100) as $x ([1]; . + .)", size),
        ("reduce range(100) as $x (1; [., .])", size),
        ("reduce range(100) as $x (1; {a: ., b: .})", size),
        ("reduce range(100) as $x ({}; .a = . | .b = .)", size),
        ("try (reduce range(100) as $x (1; [., .])) catch 0", size),
        ("reduce range(1000) as $x (1; [.])", depth),
        ("reduce range(1000) as $x (1; {a: .})", depth),
        ("reduce range(1000) as $x ({}; .a = .)", depth),
        ("setpath([range(1000) | \"a\"]; 1)", nesting),
        ("(reduce range(1000) as $x (.; .a)) |= 1", nesting),
        ("(foreach range(1000) as $x (.; .a)) |= {}", nesting),
        ("(foreach range(1000) as $x (.; .a; .)) |= {}", nesting),
        ("(reduce range(100000) as $x (.; .)) |= 1", nesting),
        ("delpaths([[range(1000) | \"a\"]])", nesting),
        ("[range(1000)] | reduce .[] as $x ([0]; .[0] |= [.])", depth),
        ("(\"[\" * 1000) | fromjson", "the record is nested deeper than 128 levels"),
        ("[1,2] | .[1000000000] = 1", "index 1000000000 is out of bounds"),
        ("[1,2] | .[-5] = 1", "index -5 is out of bounds"),
        ("reduce range(1000) as $x (3; . * .)", "the result is an integer of more than 4096 bits"),
        (
            "\"a\" | test(\"((a{100}){100}){100}\")",
            "the pattern \"((a{100}){100}){100}\" is wrong: \
                                                    compiled regex exceeded size limit",
        ),
    ] {
        let reason = stopped(text, "null");
        assert!(reason.ends_with(expected), "{text}: {reason}");
    }
}

#[test]
fn outputs_are_counted_and_measured() {
    assert_eq!(stopped("range(10001)", "null"), "stopped: more than 10000 outputs for one record");
    assert_eq!(
        stopped("\"x\" * 2000000", "null"),
        "stopped: more than 1 MiB of output for one record"
    );
    assert_eq!(
        stopped("reduce range(150) as $x (1; [.])", "null"),
        "the output is nested deeper than 128 levels"
    );
    assert_eq!(map("[range(10000)] | .[] | 1", "null").map(|all| all.len()), Ok(19_999));
}

#[test]
fn large_but_honest_work_is_done() {
    let record = format!("[{}]", vec!["\"word\""; 1_000].join(","));
    assert_eq!(map("length", &record).as_deref(), Ok("1000"));
    assert_eq!(map("join(\" \") | length", &record).as_deref(), Ok("4999"));
    assert_eq!(map("map({a: .}) | map(.a) | unique", &record).as_deref(), Ok("[\"word\"]"));
    assert_eq!(map("reduce .[] as $x ([]; . + [$x]) | length", &record).as_deref(), Ok("1000"));
    assert_eq!(map("to_entries | from_entries? // length", &record).as_deref(), Ok("1000"));
}

#[test]
fn long_and_deep_expressions_are_refused_or_run() {
    let parts = [".|", "1+", "1,", "-", "try ", ". and ", "1//", ". as $x|", ".a=", ".a|=", ".[]|"];
    for part in parts {
        for times in [60, 100, 120, 121, 10_000] {
            let text = format!("{}1", part.repeat(times));
            if let Ok(expression) = Expression::compile(&text) {
                // Only that it comes back matters; many of these fail on this record.
                let mapped = expression.map(b"{\"a\":1}", &mut Vec::new());
                assert!(mapped.is_ok() || mapped.is_err());
            }
        }
    }
    let keys = (0..290).map(|key| format!("k{key}")).collect::<Vec<_>>().join(",");
    assert_eq!(map(&format!("{{{keys}}} | [.[]] | length"), "{}").as_deref(), Ok("290"));
    let nested = format!("{}.{}", "map(. | . | .,".repeat(38), ")".repeat(38));
    assert_eq!(map(&nested, "[]").as_deref(), Ok("[]"));
    let single = format!("{}.{}", "map(. | . | ".repeat(38), ")".repeat(38));
    let deep = format!("{}1{}", "[".repeat(38), "]".repeat(38));
    assert_eq!(map(&single, &deep), Ok(deep));
    assert_eq!(
        Expression::compile(&".|".repeat(5_000)).unwrap_err(),
        "the expression has 10000 parts, at most 600 are allowed; split it into steps"
    );
    assert_eq!(
        Expression::compile(&"[".repeat(10_000)).unwrap_err(),
        "the expression nests brackets deeper than 40 levels; split it into steps"
    );
    assert_eq!(
        Expression::compile(&" ".repeat(20_000)).unwrap_err(),
        "the expression has 20000 bytes, at most 16384 are allowed; split it into steps"
    );
}

#[test]
fn deep_records_do_not_overflow_the_stack() {
    let deepest = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    for text in ["flatten", "[..] | length", "walk(.)", "[paths] | length", "tojson", ". == ."] {
        assert!(map(text, &deepest).is_ok(), "{text}");
    }
    for text in [".a", "{a}", "del(.a)", ".a == 1", ". + 1"] {
        let reason = map(text, &"[".repeat(100_000)).unwrap_err();
        assert_eq!(reason, "the record is nested deeper than 128 levels", "{text}");
    }
}

#[test]
fn the_least_integer_is_no_trap() {
    let line = "-9223372036854775808";
    for text in ["length", "-.", "[.] | implode", "abs", ". % -1", ".[:.]?", "tostring", "[.[.]?]"]
    {
        // Only that nothing panics matters here.
        let mapped = map(text, line);
        assert!(!mapped.is_err_and(|reason| reason.contains("jq failed")), "{text}");
    }
}
