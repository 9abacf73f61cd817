//! What somebody does with the `sqlite3` shell while the store is open.

use super::*;
use crate::resource::{ChangeKind, Changes, Listener, Version};
use std::sync::Mutex;
use std::time::Instant;

#[derive(Default)]
struct Heard(Mutex<Vec<Key>>);

impl Listener for Heard {
    fn changed(&self, keys: &[(Key, Version)]) {
        self.0.lock().unwrap().extend(keys.iter().map(|(key, _)| key.clone()));
    }

    fn lost_track(&self) {
        self.0.lock().unwrap().push(Key::Text("lost".into()));
    }

    fn synced(&self, _at: Instant) {}
}

fn listen(store: &dyn Store) -> (Arc<Heard>, Arc<dyn Listener>) {
    let heard = Arc::new(Heard::default());
    let listener: Arc<dyn Listener> = Arc::<Heard>::clone(&heard);
    store.listen(&listener);
    (heard, listener)
}

fn changes_of(store: &dyn Store, during: impl FnOnce()) -> Changes {
    let begin = store.changes(None, 1).wait().unwrap().upto;
    during();
    store.changes(Some(begin), 1000).wait().unwrap()
}

#[test]
fn what_a_shell_writes_is_read_told_and_followed() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let (heard, _listener) = listen(&store);
    let told = changes_of(&store, || {
        let shell = file.shell();
        shell
            .execute_batch(
                "INSERT INTO users (id, name) VALUES (2, 'two'), (3, 'quote \" and \\ and é');
                 UPDATE users SET name = 'uno' WHERE id = 1;
                 UPDATE users SET id = 9 WHERE id = 2;
                 DELETE FROM users WHERE id = 3;",
            )
            .unwrap();
    });
    store.catch_up().wait().unwrap();
    let integer = |key: i64| Key::Integer(key);
    let expected = [
        (integer(2), ChangeKind::Created, Some(user(2, "two"))),
        (integer(3), ChangeKind::Created, Some(user(3, "quote \" and \\ and é"))),
        (integer(1), ChangeKind::Updated, Some(user(1, "uno"))),
        (integer(2), ChangeKind::Deleted, None),
        (integer(9), ChangeKind::Created, Some(user(9, "two"))),
        (integer(3), ChangeKind::Deleted, None),
    ];
    let told: Vec<_> =
        told.items.into_iter().map(|change| (change.key, change.kind, change.record)).collect();
    assert_eq!(told, expected);
    assert_eq!(*heard.0.lock().unwrap(), [2, 3, 1, 2, 9, 3].map(integer));
    assert_eq!(get(&store, 9), Some(user(9, "two")));
    // A key that came from elsewhere is as good as another.
    assert_eq!(write(&store, Action::Delete(integer(9))), Outcome::Deleted);
}

#[test]
fn a_shell_can_write_nothing_that_could_not_be_read() {
    let file = File::new();
    let fields = vec![
        field("id", FieldKind::Integer),
        field("score", FieldKind::Float),
        field("active", FieldKind::Boolean),
        field("born", FieldKind::Time),
        field("owner", FieldKind::Uuid),
        field("data", FieldKind::Json),
    ];
    let store = file.open(&schema(fields)).unwrap();
    let shell = file.shell();
    let good = [
        ("score", "1"),
        ("active", "1"),
        ("born", "'2024-02-29T23:59:59.000001Z'"),
        ("owner", "'00000000-0000-0000-0000-00000000000f'"),
        ("data", "'{\"a\": [1, null]}'"),
        ("data", "NULL"),
    ];
    for (id, (column, value)) in (1..).zip(good) {
        let sql = format!("INSERT INTO users (id, {column}) VALUES ({id}, {value})");
        shell.execute(&sql, []).unwrap();
        assert!(get(&store, id).is_some(), "{value}");
    }
    let bad = [
        ("score", "'much'"),
        ("active", "2"),
        ("active", "'yes'"),
        ("born", "'yesterday'"),
        ("born", "'2024-02-30T00:00:00.000000Z'"),
        ("born", "'2024-02-29T00:00:00Z'"),
        ("born", "0"),
        ("owner", "'00000000-0000-0000-0000-00000000000F'"),
        ("owner", "'1'"),
        ("data", "'{'"),
        ("data", "'{\n}'"),
        ("id", "NULL"),
    ];
    for (column, value) in bad {
        let sql = format!("UPDATE users SET {column} = {value} WHERE id = 1");
        assert!(shell.execute(&sql, []).is_err(), "{column} {value}");
    }
    assert_eq!(store.changes(None, 1).wait().unwrap().items.len(), 0);
    assert_eq!(store.count(vec![]).wait().unwrap(), 6);
}

#[test]
fn a_trigger_of_somebody_else_is_told_as_well() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    file.shell()
        .execute_batch(
            "CREATE TRIGGER mine AFTER INSERT ON users BEGIN
                 UPDATE users SET name = 'touched' WHERE id = 1; END;",
        )
        .unwrap();
    let (heard, _listener) = listen(&store);
    insert(&store, user(2, "two"));
    let heard = heard.0.lock().unwrap().clone();
    assert!(heard.contains(&Key::Integer(1)) && heard.contains(&Key::Integer(2)), "{heard:?}");
    assert_eq!(get(&store, 1), Some(user(1, "touched")));
}

#[test]
fn a_log_that_somebody_emptied_is_a_gap() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let begin = store.changes(None, 1).wait().unwrap().upto;
    let (heard, _listener) = listen(&store);
    file.shell().execute_batch("DELETE FROM headwater_changes_users").unwrap();
    store.catch_up().wait().unwrap();
    assert_eq!(*heard.0.lock().unwrap(), [Key::Text("lost".into())]);
    assert!(store.changes(Some(begin), 1).wait().unwrap().has_gap);
    drop(store);
    let store = file.open(&users()).unwrap();
    let version = store.get(Key::Integer(1)).wait().unwrap().as_of;
    assert!(version.0 > begin.major, "versions only grow");
}

#[test]
fn a_database_that_is_locked_says_so_and_goes_on_by_itself() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    let shell = file.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writes = vec![Action::Insert(user(2, "two")).into()];
    let locked = store.write(writes, Atomicity::Each).wait().unwrap_err();
    assert_eq!(locked.kind, crate::resource::StoreErrorKind::Locked);
    assert!(locked.detail.contains("another process"), "{locked}");
    assert!(matches!(store.health(), crate::resource::Health::Down(_)));
    assert!(get(&store, 1).is_some(), "reading goes on");
    shell.execute_batch("COMMIT").unwrap();
    // Without a write of anybody.
    until(&store, || store.health() == crate::resource::Health::Ready);
    assert_eq!(insert(&store, user(2, "two")), Outcome::Created(user(2, "two")));
}

#[test]
fn a_table_that_was_changed_while_it_is_open_is_an_error_and_no_more() {
    let file = File::new();
    let store = file.open(&users()).unwrap();
    insert(&store, user(1, "one"));
    file.shell().execute_batch("ALTER TABLE users RENAME COLUMN name TO title").unwrap();
    let broken = store.get(Key::Integer(1)).wait().unwrap_err();
    assert_eq!(broken.kind, crate::resource::StoreErrorKind::Broken, "{broken}");
    let writes = vec![Action::Insert(user(2, "two")).into()];
    assert!(store.write(writes, Atomicity::Each).wait().is_err());
    file.shell().execute_batch("ALTER TABLE users RENAME COLUMN title TO name").unwrap();
    assert!(get(&store, 1).is_some());
    assert!(insert(&store, user(2, "two")).is_success());
}
