//! Bodies with many records.

use super::users;
use super::validate::told;
use crate::resource::bulk::{BulkFault, BulkForm, BulkRow, MAX_ROWS, rows};
use crate::resource::validate::Rules;
use crate::resource::{Schema, Value};
use proptest::prelude::*;

const EVERY: [BulkForm; 3] = [BulkForm::Ndjson, BulkForm::Array, BulkForm::Csv];

fn read(form: BulkForm, body: &str) -> Vec<BulkRow> {
    rows(&users(), form, body.as_bytes(), &Rules::default()).unwrap()
}

/// Each row as its key, or its line with its faults.
fn shown(rows: &[BulkRow]) -> Vec<String> {
    let shown = rows.iter().map(|row| match row {
        Ok(record) => format!("{:?}", record.value(0)),
        Err(faulty) => format!("line {}: {}", faulty.line, told(&faulty.faults).join(", ")),
    });
    shown.collect()
}

#[test]
fn lines_stand_for_themselves() {
    let body = "{\"id\":1,\"name\":\"eva\",\"age\":1}\r\n\n{\"id\":\"2\"}\n nonsense\n\
                {\"id\":3,\"name\":\"bob\",\"age\":2}";
    let expected = [
        "Integer(1)",
        "line 3: id: wants integer, name: Missing, age: Missing",
        "line 4: : not JSON: expected a value at byte 2, found `n`",
        "Integer(3)",
    ];
    assert_eq!(shown(&read(BulkForm::Ndjson, body)), expected);
    let bytes = b"{\"id\":\"\xff\"}\n{\"id\":1,\"name\":\"eva\",\"age\":1}\n";
    let rows = rows(&users(), BulkForm::Ndjson, bytes, &Rules::default()).unwrap();
    assert!(rows[0].is_err() && rows[1].is_ok());
}

#[test]
fn items_of_an_array_are_found_by_their_lines() {
    let body = "[\n{\"id\":1,\"name\":\"eva\",\"age\":1}, 7,\n\n {\"id\":3,\n\"nmae\":\"bob\",\"age\":2}\n]\n";
    let expected =
        ["Integer(1)", "line 2: : wants object", "line 4: name: Missing, nmae: unknown, name?"];
    assert_eq!(shown(&read(BulkForm::Array, body)), expected);
    assert_eq!(read(BulkForm::Array, " [ ] "), []);
    for body in ["", "{}", "[{}", "[{}] x", "[{},]", "[nonsense]"] {
        let result = rows(&users(), BulkForm::Array, body.as_bytes(), &Rules::default());
        assert!(matches!(result, Err(BulkFault::Unreadable(_))), "{body}");
    }
}

#[test]
fn cells_are_values_of_their_fields() {
    let body = "\u{feff}id,more,name,age,score\r\n1,\"{\"\"a\"\": [1]}\",eva,30.0,\r\n\
                x,,,1e,-0.5\n2,,bob\n\n3,,\"a\nb\",4,5\n4,,\"eva,1,2\n5,,eva,1,2\n";
    let found = read(BulkForm::Csv, body);
    let expected = [
        "Integer(1)",
        "line 3: id: wants integer, name: Missing, age: wants integer",
        "line 4: : row has 3 cells, the header has 5",
        "line 6: name: Pattern",
        "line 8: : row opens a quote that is never closed",
        "Integer(5)",
    ];
    assert_eq!(shown(&found), expected);
    let record = found[0].as_ref().unwrap();
    assert_eq!(record.value(3), &Value::text("red"), "the default of an empty cell");
    assert_eq!(record.value(4), &Value::Null);
    assert_eq!(record.value(5), &Value::Json("{\"a\":[1]}".into()));
}

#[test]
fn a_wrong_header_is_told_as_a_whole() {
    let wrong = |body: &str| {
        rows(&users(), BulkForm::Csv, body.as_bytes(), &Rules::default()).unwrap_err().to_string()
    };
    assert_eq!(
        wrong("id,nmae,what\n1,2,3\n"),
        "the column `nmae` is no field; did you mean `name`?; the column `what` is no field"
    );
    assert!(wrong("id,id\n").contains("both named"));
    assert!(wrong("").contains("no header"));
    assert!(wrong("id;name\n1;eva\n").contains("`id;name` is no field"));
    let rules = Rules { ignores_unknown: true, ..Rules::default() };
    let body = b"what,id,name,age\nx,1,eva,1\n";
    assert!(rows(&users(), BulkForm::Csv, body, &rules).unwrap()[0].is_ok());
}

#[test]
fn a_hostile_body_takes_bounded_memory() {
    let body = "0\n".repeat(MAX_ROWS + 1);
    let result = rows(&users(), BulkForm::Ndjson, body.as_bytes(), &Rules::default());
    assert_eq!(result, Err(BulkFault::TooManyRows));
    let members: Vec<String> = (0..91).map(|i| format!("\"x{i}\":0")).collect();
    let row = format!("{{{}}}\n", members.join(","));
    let found = read(BulkForm::Ndjson, &row.repeat(1000));
    let faults = |row: &BulkRow| row.as_ref().unwrap_err().faults.len();
    assert_eq!((faults(&found[0]), faults(&found[999])), (94, 1));
}

fn without_limits() -> Schema {
    let mut schema = users();
    for field in &mut schema.fields {
        field.limits = crate::resource::FieldLimits::default();
    }
    schema
}

proptest! {
    #[test]
    fn never_panics(body in any::<Vec<u8>>(), form in prop::sample::select(EVERY.to_vec())) {
        drop(rows(&users(), form, &body, &Rules::default()));
        let body = [b"id,name,age\n".as_slice(), &body].concat();
        drop(rows(&users(), form, &body, &Rules::default()));
    }

    #[test]
    fn the_three_forms_agree(
        people in prop::collection::vec((any::<i64>(), "[^\0]{1,8}", any::<i32>()), 0..8),
    ) {
        let objects: Vec<String> = people
            .iter()
            .map(|(id, name, age)| serde_json::json!({ "id": id, "name": name, "age": age }).to_string())
            .collect();
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["id", "name", "age"]).unwrap();
        for (id, name, age) in &people {
            csv.write_record([&id.to_string(), name, &age.to_string()]).unwrap();
        }
        let csv = String::from_utf8(csv.into_inner().unwrap()).unwrap();
        let schema = without_limits();
        let read = |form, body: &str| rows(&schema, form, body.as_bytes(), &Rules::default()).unwrap();
        let expected = read(BulkForm::Array, &format!("[{}]", objects.join(",")));
        prop_assert!(expected.iter().all(Result::is_ok));
        prop_assert_eq!(&read(BulkForm::Ndjson, &objects.join("\n")), &expected);
        prop_assert_eq!(&read(BulkForm::Csv, &csv), &expected);
    }
}
