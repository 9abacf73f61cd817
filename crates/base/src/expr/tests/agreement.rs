//! Native and jaq results must be equal, and our values must mean what jaq's own mean.

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;
use proptest::prelude::*;

use super::super::Expression;

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-3..4_i32).prop_map(|number| number.to_string()),
        (-3..4_i32).prop_map(|number| format!("{number}.0")),
        (-300..300).prop_map(|number| format!("{}", f64::from(number) / 8.0)),
        Just("1e2".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        prop::sample::select(vec!["\"\"", "\"x\"", "\"y z\"", "\"\\u0078\"", "\"é\\n\"", "\"1\""])
            .prop_map(str::to_owned),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "\\u0061"])
}

fn record() -> impl Strategy<Value = String> {
    let value = scalar().prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            object(inner),
        ]
    });
    prop_oneof![1 => scalar(), 6 => object(value)]
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((key(), value), 0..5).prop_map(|members| {
        let member = |(key, value): (&str, String)| format!("\"{key}\":{value}");
        format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
    })
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(vec![".a", ".b", ".c", ".a.b", ".a.c", ".b.a.c", ".", ".d"])
        .prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![scalar(), Just("-1".to_owned()), Just("2.50".to_owned())]
}

fn condition() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        1 => path(),
        3 => (path(), operator.clone(), literal())
            .prop_map(|(path, operator, literal)| format!("{path} {operator} {literal}")),
        1 => (literal(), operator, path())
            .prop_map(|(literal, operator, path)| format!("{literal} {operator} {path}")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| format!("({left} and {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} or {right})")),
            inner.prop_map(|inner| format!("({inner} | not)")),
        ]
    })
}

fn simple() -> impl Strategy<Value = String> {
    let shape = prop_oneof![
        Just("{a, b}".to_owned()),
        (path(), literal(), condition()).prop_map(|(path, literal, condition)| format!(
            "{{z: {path}, \"k y\": {literal}, a: {{b: {path}, c: ({condition})}}}}"
        )),
        Just("del(.a)".to_owned()),
        Just("del(.b, .a)".to_owned()),
        path(),
        condition(),
        literal(),
    ];
    prop_oneof![
        shape.clone(),
        condition().prop_map(|condition| format!("select({condition})")),
        (condition(), shape)
            .prop_map(|(condition, shape)| format!("select({condition}) | {shape}")),
    ]
}

/// Outputs as JSON values, which forgives only how a number or text is written.
fn values(lines: &[u8]) -> Vec<serde_json::Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn all_same(left: &[serde_json::Value], right: &[serde_json::Value]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// Like equality, but a number is what it counts: 1 is 1.0.
fn same(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (left, right) {
        (Number(left), Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Array(left), Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Object(left), Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && same(left.1, right.1))
        }
        _ => left == right,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn native_and_jaq_results_are_equal(text in simple(), line in record()) {
        let native = Expression::compile(&text).unwrap();
        prop_assert!(native.is_native(), "{}", text);
        let general = native.clone().without_plan();
        prop_assert_eq!(
            native.test(line.as_bytes()), general.test(line.as_bytes()), "{} on {}", text, line
        );
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let native = native.map(line.as_bytes(), &mut ours);
        let general = general.map(line.as_bytes(), &mut theirs);
        prop_assert_eq!(native, general, "{} on {}", text, line);
        let (ours, theirs) = (values(&ours), values(&theirs));
        prop_assert!(all_same(&ours, &theirs), "{text} on {line}: {ours:?}, {theirs:?}");
    }

    #[test]
    fn our_values_mean_what_jaqs_mean(text in general(), line in record()) {
        let expression = Expression::compile(text).unwrap().without_plan();
        let mut ours = Vec::new();
        let result = expression.map(line.as_bytes(), &mut ours);
        match (result, reference(text, &line)) {
            (Ok(_), Ok(theirs)) => {
                let (ours, theirs) = (values(&ours), values(theirs.as_bytes()));
                prop_assert!(all_same(&ours, &theirs), "{text} on {line}: {ours:?}, {theirs:?}");
            }
            (Err(_), Err(())) => {}
            (ours, theirs) => prop_assert!(false, "{} on {}: {:?}, {:?}", text, line, ours, theirs),
        }
    }
}

fn general() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[.[]?]",
        ".a + .b",
        ".a - .b",
        ".a * .b",
        ".a / .b | tojson | length > 0",
        ".a % .b",
        "-.a",
        "[.a, .b, .c] | sort",
        "[.a, .b, .c] | unique, min, max",
        "[.a, .b] | group_by(.)",
        ".a == .b, .a < .b, .a >= .c",
        ".a | length",
        ".a | keys",
        ".a | tojson, tostring",
        ".a | arrays | .[0], .[-1], .[1:], .[:-1]",
        ".a | strings | .[1:], .[:-1], .[-2:-1]",
        "[..] | length",
        "to_entries",
        "objects | .a |= [.]",
        ".a.b? // \"none\"",
        "[paths]",
        "walk(if type == \"number\" then . + 1 else . end)",
        "[.a, .b] | contains([1])",
        ".a | objects | has(\"a\")",
        ".a | arrays | has(0)",
        "[.a, .b, .a] | index(1), indices([1])",
        "reduce .[]? as $x (null; . + $x)",
        ".a | arrays as [$x, $y] | {$x, $y}",
        "[.a | .[]? | select(. != null)] | add",
        "[limit(2; .[]?)], first(.[]?), isempty(.[]?)",
        "with_entries(.value |= tojson)",
        "flatten",
        ".a | type",
        "[.a[]?] | reverse, join(\",\")",
        "any, all",
        "[.a, .b | arrays] | transpose",
        ".a | explode | implode",
    ])
}

/// What jaq with its own values gives, a line for each output.
fn reference(text: &str, line: &str) -> Result<String, ()> {
    let left_out = [
        "@html",
        "@htmld",
        "@uri",
        "@urid",
        "@base64",
        "@base64d",
        "stderr",
        "debug",
        "halt_error",
        "todate",
        "fromdate",
        "logb",
        "significand",
        "pow10",
        "drem",
        "nexttoward",
        "scalb",
        "gamma",
    ];
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let definitions = all.filter(|definition| !left_out.contains(&definition.name));
    let patterns = ["test", "match", "capture", "scan", "scan_", "splits", "split", "sub", "gsub"];
    let definitions = definitions.filter(|definition| !patterns.contains(&definition.name));
    let natives = jaq_core::funs().chain(jaq_std::base_funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions).load(&arena, File { code: text, path: () }).unwrap();
    let filter = Compiler::default().with_funs(natives).compile(modules);
    let filter = filter.unwrap_or_else(|errors| panic!("{text}: {:?}", errors[0].1));
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let input = jaq_json::read::parse_single(line.as_bytes()).unwrap();
    let mut lines = String::new();
    for output in filter.id.run((context, input)) {
        let value = output.map_err(|_| ())?;
        lines.push_str(&value.to_string());
        lines.push('\n');
    }
    Ok(lines)
}
