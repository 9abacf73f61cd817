//! Query strings of lists, and the cursors in them.

use super::validate::told;
use super::{every_kind, field, record, users};
use crate::resource::query::{self, ListRequest};
use crate::resource::{
    Comparison, Condition, Cursor, FaultKind, FieldKind, ListQuery, Order, Schema, Sort, Value,
};
use proptest::prelude::*;

fn read(query: &str) -> ListRequest {
    query::parse(&users(), query).unwrap_or_else(|faults| panic!("{query}: {:?}", told(&faults)))
}

fn faults(query: &str) -> Vec<String> {
    told(&query::parse(&users(), query).unwrap_err())
}

fn conditions(query: &str) -> Vec<(usize, Comparison, bool)> {
    let conditions = read(query).query.conditions;
    conditions.into_iter().map(|all| (all.field, all.comparison, all.is_negated)).collect()
}

#[test]
fn nothing_asked_is_the_first_hundred_by_the_key() {
    let query =
        ListQuery { conditions: vec![], order: Order::Fields(vec![]), after: None, limit: 100 };
    assert_eq!(read(""), ListRequest { query, fields: None, count: false });
}

#[test]
fn every_comparison() {
    use Comparison::{Equal, Greater, GreaterOrEqual, In, IsNull, Less, LessOrEqual, Like};
    let number = Value::Integer;
    for (query, expected) in [
        ("age=18", (2, Equal(number(18)), false)),
        ("age=eq.18", (2, Equal(number(18)), false)),
        ("age=neq.18", (2, Equal(number(18)), true)),
        ("age=not.neq.18", (2, Equal(number(18)), false)),
        ("age=lt.-1", (2, Less(number(-1)), false)),
        ("age=lte.18.0", (2, LessOrEqual(number(18)), false)),
        ("age=gt.18", (2, Greater(number(18)), false)),
        ("age=gte.18", (2, GreaterOrEqual(number(18)), false)),
        ("age=not.gte.18", (2, GreaterOrEqual(number(18)), true)),
        ("score=1.5", (4, Equal(Value::Float(1.5)), false)),
        ("score=lt.1e3", (4, Less(Value::Float(1000.0)), false)),
        ("age=in.(1,2)", (2, In(vec![number(1), number(2)]), false)),
        (
            "name=not.in.(a,%22b,c%22,%22d\\%22%22,,e)",
            (1, In(["a", "b,c", "d\"", "", "e"].map(Value::text).to_vec()), true),
        ),
        ("name=like.*x*", (1, Like("*x*".into()), false)),
        ("age=is.null", (2, IsNull, false)),
        ("more=not.is.null", (5, IsNull, true)),
        ("name=Ann.Lee", (1, Equal(Value::text("Ann.Lee")), false)),
        ("name=", (1, Equal(Value::text("")), false)),
        ("name=eq.eq.5", (1, Equal(Value::text("eq.5")), false)),
        ("where.age=1", (2, Equal(number(1)), false)),
        ("colour=gt.green", (3, Greater(Value::text("green")), false)),
    ] {
        assert_eq!(conditions(query), [expected], "{query}");
    }
    assert_eq!(conditions("age=gte.18&age=lt.65").len(), 2);
}

#[test]
fn sort_fields_limit_and_count() {
    let request = read("sort=-age,name&fields=name,id&limit=1000&count=exact");
    let sorts =
        vec![Sort { field: 2, is_descending: true }, Sort { field: 1, is_descending: false }];
    assert_eq!(request.query.order, Order::Fields(sorts));
    assert_eq!(request.fields, Some(vec![1, 0]));
    assert_eq!((request.query.limit, request.count), (1000, true));
}

#[test]
fn a_field_named_like_a_parameter_can_be_filtered() {
    let mut schema = users();
    schema.fields.push(field("limit", FieldKind::Integer));
    let request = query::parse(&schema, "limit=5&where.limit=gte.7").unwrap();
    assert_eq!(request.query.limit, 5);
    let comparison = Comparison::GreaterOrEqual(Value::Integer(7));
    let expected = Condition { field: 6, comparison, is_negated: false };
    assert_eq!(request.query.conditions, [expected]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let query = "agee=1&age=x&colour=blue&sort=nmae,-age,age,more&fields=idd&limit=0&after=xyz\
                 &count=some&limit=7&where.sort=1&Age=1";
    assert_eq!(
        faults(query),
        [
            "agee: unknown, age?",
            "age: wants integer",
            "colour: Choice",
            "limit: Repeated",
            "where.sort: Unknown",
            "Age: unknown, age?",
            "sort: unknown, name?",
            "sort: Repeated",
            "sort: a json field has no order",
            "fields: unknown, id?",
            "limit: TooSmall",
            "after: this is no cursor of this list with this `sort`: begin without `after`, and take what \
             `next` says as it is",
            "count: Choice",
        ]
    );
}

#[test]
fn filters_that_make_no_sense_are_told() {
    for (query, expected) in [
        ("limit=1001", "limit: TooLarge"),
        ("limit=ten", "limit: wants integer"),
        ("limti=1", "limti: unknown, limit?"),
        ("age=gtee.18", "age: `gtee` is no comparison; did you mean `gte`?"),
        ("age=in.1,2", "age: `in` wants its values in brackets: `in.(1,2)`"),
        ("age=in.()", "age: wants integer"),
        ("age=in.(1,x)", "age: wants integer"),
        ("name=in.(%22a)", "name: a quote in `in.(…)` is not closed"),
        ("name=in.(%22a%22b)", "name: there must be a comma behind a closing quote in `in.(…)`"),
        ("age=like.1*", "age: `like` is for texts"),
        ("more=1", "more: a json field can only be asked for `is.null`"),
        ("more=eq.1", "more: a json field can only be asked for `is.null`"),
        ("name=a%00", "name: Nul"),
        ("name=like.a%00", "name: Nul"),
        (
            "age=is.true",
            "age: `is` asks for `is.null` or `not.is.null`; for the text use `eq.is.…`",
        ),
        ("sort=", "sort: Unknown"),
        ("fields=", "fields: Unknown"),
        ("=1", ": Unknown"),
    ] {
        assert_eq!(faults(query), [expected], "{query}");
    }
    assert_eq!(faults(&"age=1&".repeat(101)), ["age: a list has at most 100 filters"]);
    assert_eq!(faults("name=not.there").len(), 1);
    assert_eq!(faults(&"x=1&".repeat(10_000)).len(), 100);
    let many = format!("age=in.({}1)", "1,".repeat(1000));
    assert_eq!(faults(&many), ["age: `in` takes at most 1000 values"]);
    let boolean = query::parse(&every_kind(), "is_new=gt.true").unwrap_err();
    assert!(matches!(boolean[0].kind, FaultKind::Malformed(_)));
}

fn by(sorts: &[(usize, bool)]) -> Order {
    let sorts = sorts
        .iter()
        .map(|(field, is_descending)| Sort { field: *field, is_descending: *is_descending });
    Order::Fields(sorts.collect())
}

/// The cursor behind a record, as stores make it.
fn cursor(schema: &Schema, order: &Order, values: &[Value]) -> Cursor {
    let columns = order.columns(schema);
    Cursor(columns.iter().map(|sort| values[sort.field].clone()).collect())
}

#[test]
fn an_order_ends_with_the_key() {
    let schema = users();
    let columns = |sorts: &[(usize, bool)]| {
        by(sorts).columns(&schema).iter().map(|s| (s.field, s.is_descending)).collect::<Vec<_>>()
    };
    assert_eq!(columns(&[]), [(0, false)]);
    assert_eq!(columns(&[(2, true)]), [(2, true), (0, false)]);
    assert_eq!(columns(&[(0, true), (2, true)]), [(0, true)]);
    assert_eq!(columns(&[(2, false), (0, true)]), [(2, false), (0, true)]);
}

#[test]
fn a_cursor_belongs_to_its_list_and_its_order() {
    let schema = users();
    let order = by(&[(2, true)]);
    let cursor = Cursor(vec![Value::Null, Value::Integer(7)]);
    let text = cursor.encode(&schema, &order);
    assert_eq!(Cursor::decode(&text, &schema, &order), Some(cursor));
    for other in [by(&[]), by(&[(2, false)]), by(&[(1, true)]), Order::Insertion] {
        assert_eq!(Cursor::decode(&text, &schema, &other), None);
    }
    let mut renamed = users();
    renamed.name = "others".into();
    assert_eq!(Cursor::decode(&text, &renamed, &order), None);
    let place = Cursor(vec![Value::Integer(7)]);
    let text = place.encode(&schema, &Order::Insertion);
    assert_eq!(Cursor::decode(&text, &schema, &Order::Insertion), Some(place));
    let without_key = Cursor(vec![Value::Integer(1)]).encode(&schema, &order);
    assert_eq!(Cursor::decode(&without_key, &schema, &order), None);
    let next = read(&format!("sort=-age&after={}", cursor_text()));
    assert_eq!(next.query.after, Some(Cursor(vec![Value::Integer(30), Value::Integer(7)])));
}

fn cursor_text() -> String {
    Cursor(vec![Value::Integer(30), Value::Integer(7)]).encode(&users(), &by(&[(2, true)]))
}

proptest! {
    #[test]
    fn cursors_survive_their_text(
        record in record(),
        sorts in prop::collection::vec((1_usize..8, any::<bool>()), 0..3),
    ) {
        let schema = every_kind();
        let order = by(&sorts);
        let cursor = cursor(&schema, &order, record.values());
        let text = cursor.encode(&schema, &order);
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(Cursor::decode(&text, &schema, &order), Some(cursor));
    }

    #[test]
    fn a_damaged_cursor_is_refused(place in any::<prop::sample::Index>(), letter in "[a-zA-Z0-9_-]") {
        let text = cursor_text();
        let place = place.index(text.len());
        let mut damaged = text.clone();
        damaged.replace_range(place..=place, &letter);
        let found = Cursor::decode(&damaged, &users(), &by(&[(2, true)]));
        prop_assert_eq!(found.is_some(), damaged == text);
    }

    #[test]
    fn no_query_makes_it_panic(query in any::<String>(), name in "(age|name|sort|after|in|more)") {
        drop(query::parse(&users(), &query));
        drop(query::parse(&users(), &format!("{name}={query}")));
        drop(query::parse(&users(), &format!("{name}=in.({query})")));
    }
}
