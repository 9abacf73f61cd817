//! How SQLite carries out what lists ask for: pages must not read or sort what they do not show.

use super::*;
use crate::resource::{Comparison, Condition, Cursor, ListQuery, Order, Sort};
use crate::stores::sqlite::connection::Location;
use crate::stores::sqlite::select;
use crate::stores::sqlite::setup;
use crate::stores::sqlite::table::Table;
use crate::stores::sqlite::values::Bound;

fn plan(query: &ListQuery) -> String {
    let mut fields = users().fields;
    fields.push(Field { is_indexed: true, ..field("age", FieldKind::Integer) });
    let table = Table::new(Arc::new(schema(fields)));
    let mut connection = Location::Memory.connect().unwrap();
    assert!(setup::prepare(&mut connection, &table, &Location::Memory).is_ok());
    let selection = select::page(&table, query).unwrap();
    let mut statement =
        connection.prepare(&format!("EXPLAIN QUERY PLAN {}", selection.sql)).unwrap();
    for (place, value) in (1..).zip(&selection.values) {
        statement.raw_bind_parameter(place, Bound(value)).unwrap();
    }
    let mut lines: Vec<String> = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines.join("; ")
}

fn query(conditions: Vec<Condition>, order: Order, after: Option<Vec<Value>>) -> ListQuery {
    ListQuery { conditions, order, after: after.map(Cursor), limit: 10 }
}

fn condition(field: usize, comparison: Comparison) -> Condition {
    Condition { field, comparison, is_negated: false }
}

fn sort(field: usize, is_descending: bool) -> Order {
    Order::Fields(vec![Sort { field, is_descending }])
}

#[test]
fn pages_are_read_along_the_table_or_an_index() {
    let five = || Value::Integer(5);
    let equal = |field| vec![condition(field, Comparison::Equal(five()))];
    let greater = vec![condition(0, Comparison::Greater(five()))];
    let cases = [
        (query(vec![], Order::Insertion, None), "SCAN users"),
        (query(vec![], Order::Insertion, Some(vec![five()])), "PRIMARY KEY (rowid>?)"),
        (query(vec![], sort(0, false), Some(vec![five()])), "(id>?)"),
        (query(vec![], sort(0, true), Some(vec![five()])), "(id<?)"),
        (query(equal(0), Order::Insertion, None), "(id=?)"),
        (query(greater, sort(0, false), None), "(id>?)"),
        (query(equal(2), Order::Insertion, None), "headwater_index_users_age (age=?)"),
        (query(equal(2), Order::Insertion, Some(vec![five()])), "(age=? AND rowid>?)"),
    ];
    for (query, expected) in cases {
        let plan = plan(&query);
        assert!(plan.contains(expected) && !plan.contains("TEMP B-TREE"), "{query:?}: {plan}");
    }
}

#[test]
fn only_records_that_are_equal_are_sorted() {
    let five = || Value::Integer(5);
    let cases = [
        (query(vec![], sort(2, false), None), "headwater_index_users_age"),
        (query(vec![], sort(2, true), None), "headwater_index_users_age"),
        (query(vec![], sort(2, false), Some(vec![five(), five()])), "(age>?)"),
        (query(vec![], sort(2, true), Some(vec![five(), five()])), "(age<?)"),
    ];
    for (query, expected) in cases {
        let plan = plan(&query);
        let is_sorted = !plan.contains("TEMP B-TREE FOR ORDER BY");
        assert!(plan.contains(expected) && is_sorted, "{query:?}: {plan}");
    }
}
