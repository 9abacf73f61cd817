//! Tables that were made by something else, or by another Headwater, or changed by hand.

use super::*;

#[track_caller]
fn refused(file: &File, schema: &Schema, words: &[&str]) {
    let fault = file.open(schema).err().unwrap();
    assert!(matches!(fault, Fault::Stop { .. }), "a person must do something");
    for word in words {
        assert!(fault.reason().contains(word), "`{word}` is not in: {fault}");
    }
}

#[test]
fn a_table_of_somebody_else_is_refused_and_left_alone() {
    let file = File::new();
    let sql = "CREATE TABLE Users (user_id INTEGER PRIMARY KEY, title TEXT); INSERT INTO users VALUES (1, 'x')";
    file.shell().execute_batch(sql).unwrap();
    refused(&file, &users(), &["users.db", "`users`", "user_id, title", "RENAME TO old"]);
    let count: i64 =
        file.shell().query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
    // The remedy of the message works.
    file.shell().execute_batch("ALTER TABLE \"users\" RENAME TO old").unwrap();
    let store = file.open(&users()).unwrap();
    let copy = "INSERT INTO \"users\" (id, name) SELECT user_id, title FROM old";
    file.shell().execute_batch(copy).unwrap();
    assert_eq!(get(&store, 1), Some(user(1, "x")));
}

#[test]
fn columns_that_were_changed_by_hand_are_named() {
    let changes = [
        ("ALTER TABLE users DROP COLUMN name", "the column `name` is missing"),
        ("ALTER TABLE users RENAME COLUMN name TO title", "the column `name` is missing"),
        (
            "ALTER TABLE users DROP COLUMN name; ALTER TABLE users ADD COLUMN name INTEGER",
            "the column `name` is INTEGER and was TEXT",
        ),
    ];
    for (sql, words) in changes {
        let file = File::new();
        drop(file.open(&users()).unwrap());
        let triggers = "DROP TRIGGER headwater_insert_users; DROP TRIGGER headwater_update_users;
                        DROP TRIGGER headwater_move_users;";
        file.shell().execute_batch(&format!("{triggers} {sql}")).unwrap();
        refused(&file, &users(), &["users.db", "`users`", words]);
    }
    // One column more is somebody's own affair.
    let file = File::new();
    drop(file.open(&users()).unwrap());
    file.shell().execute_batch("ALTER TABLE users ADD COLUMN note TEXT").unwrap();
    let store = file.open(&users()).unwrap();
    assert!(insert(&store, user(1, "one")).is_success());
    assert_eq!(get(&store, 1), Some(user(1, "one")));
}

#[test]
fn what_is_missing_around_the_table_is_made_again() {
    let file = File::new();
    let mut schema = users();
    schema.fields[1].is_unique = true;
    drop(file.open(&schema).unwrap());
    file.shell()
        .execute_batch(
            "DROP TRIGGER headwater_insert_users; DROP INDEX headwater_unique_users_name;
             DROP TABLE headwater_attempts_users;",
        )
        .unwrap();
    let store = file.open(&schema).unwrap();
    let begin = store.changes(None, 1).wait().unwrap().upto;
    insert(&store, user(1, "one"));
    assert_eq!(store.changes(Some(begin), 9).wait().unwrap().items.len(), 1);
    assert_eq!(insert(&store, user(2, "one")), Outcome::Taken { field: 1 });
}

#[test]
fn a_newer_format_is_refused() {
    let file = File::new();
    drop(file.open(&users()).unwrap());
    file.shell().execute_batch("UPDATE headwater_schema SET format = 2").unwrap();
    refused(&file, &users(), &["format 2", "newer Headwater", "users.db"]);
    file.shell().execute_batch("UPDATE headwater_schema SET format = 1, schema = '{}'").unwrap();
    refused(&file, &users(), &["users.db", "`users`"]);
}

#[test]
fn names_that_sqlite_cannot_tell_apart_are_refused() {
    let file = File::new();
    let twice = schema(vec![field("id", FieldKind::Integer), field("ID", FieldKind::Text)]);
    refused(&file, &twice, &["`ID`", "another name"]);
    let ours = schema(vec![field("headwater_place", FieldKind::Integer)]);
    refused(&file, &ours, &["`headwater_place`"]);
    let many = (0..500).map(|number| field(&format!("f{number}"), FieldKind::Integer)).collect();
    refused(&file, &schema(many), &["400 fields"]);
    for name in ["sqlite_users", "headwater_changes"] {
        refused(&file, &Schema { name: name.into(), ..users() }, &[name]);
    }
}

#[test]
fn a_new_field_gets_its_default_and_indexes_come_and_go() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let begin = store.changes(None, 1).wait().unwrap().upto;
    drop(store);
    let indexes = || -> Vec<String> {
        let shell = file.shell();
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'headwater%'
                   AND tbl_name = 'users'";
        let mut statement = shell.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut schema = users();
    schema.fields.push(Field { default: Some(Value::Time(5)), ..field("born", FieldKind::Time) });
    schema.fields[1].is_indexed = true;
    let store = file.open(&schema).unwrap();
    assert_eq!(get(&store, 1).unwrap().value(2), &Value::Time(5));
    let nothing = store.changes(Some(begin), 9).wait().unwrap();
    assert!(nothing.items.is_empty(), "this is no change of a record");
    assert_eq!(indexes(), ["headwater_index_users_name"]);
    drop(store);
    schema.fields[1].is_unique = true;
    drop(file.open(&schema).unwrap());
    assert_eq!(indexes(), ["headwater_unique_users_name"]);
    schema.fields[1].is_unique = false;
    schema.fields[1].is_indexed = false;
    drop(file.open(&schema).unwrap());
    assert!(indexes().is_empty());
}

#[test]
fn a_table_with_as_many_fields_as_may_be_works() {
    let file = File::new();
    let mut fields = vec![field("id", FieldKind::Integer)];
    fields.extend((1..400).map(|number| field(&format!("field {number}"), FieldKind::Float)));
    let store = file.open(&schema(fields)).unwrap();
    let mut values = vec![Value::Integer(1)];
    values.extend((1..400).map(|number| Value::Float(f64::from(number))));
    let record = Record::new(values);
    let begin = store.changes(None, 1).wait().unwrap().upto;
    assert_eq!(insert(&store, record.clone()), Outcome::Created(record.clone()));
    let told = store.changes(Some(begin), 9).wait().unwrap();
    assert_eq!(told.items[0].record.as_ref(), Some(&record));
}
