//! Group commits: a write that fails does not disturb its neighbours, and a full disk loses nothing.

use super::*;
use crate::core::time::now;
use crate::resource::Idempotency;
use crate::resource::{Pending, StoreErrorKind, Written, pending};
use crate::stores::sqlite::commit::Committer;
use crate::stores::sqlite::connection::Location;
use crate::stores::sqlite::job::WriteJob;
use crate::stores::sqlite::shared::Shared;
use crate::stores::sqlite::table::Table;
use crate::stores::sqlite::worker::Scan;
use crate::stores::sqlite::{attempts, setup};

/// A writer without its thread, so that what shares a commit is certain.
struct Writer {
    connection: Connection,
    shared: Shared,
    committer: Committer,
}

impl Writer {
    fn new(file: &File) -> Self {
        let table = Table::new(Arc::new(users()));
        let location = Location::File(file.path());
        let mut connection = location.connect().unwrap();
        let Ok(prepared) = setup::prepare(&mut connection, &table, &location) else { panic!() };
        let shared = Shared::new(table, location, prepared);
        Self { connection, shared, committer: Committer::default() }
    }

    fn commit(&mut self, groups: Vec<Vec<Write>>) -> Vec<Pending<Vec<Written>>> {
        let (jobs, answers) = groups
            .into_iter()
            .map(|writes| {
                let (answering, pending) = pending();
                (WriteJob { writes, atomicity: Atomicity::Each, answering }, pending)
            })
            .unzip();
        self.committer.commit(&self.connection, &self.shared, jobs);
        answers
    }

    fn count(&self) -> i64 {
        self.connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap()
    }
}

fn inserts(ids: std::ops::Range<i64>) -> Vec<Vec<Write>> {
    ids.map(|id| vec![Action::Insert(user(id, &"x".repeat(500))).into()]).collect()
}

#[test]
fn one_that_the_table_refuses_does_not_disturb_its_neighbours() {
    let file = File::new();
    let mut writer = Writer::new(&file);
    writer
        .connection
        .execute_batch(
            "CREATE TRIGGER mine BEFORE INSERT ON users WHEN new.id = 2
             BEGIN SELECT RAISE(ABORT, 'not this one'); END;",
        )
        .unwrap();
    let mut groups = inserts(1..4);
    // Its first write was done when the second is refused: as a whole it is not.
    groups[1].insert(0, Action::Insert(user(9, "nine")).into());
    let results: Vec<_> = writer.commit(groups).into_iter().map(Pending::wait).collect();
    assert!(results[0].is_ok() && results[2].is_ok());
    assert_eq!(results[1].as_ref().unwrap_err().kind, StoreErrorKind::Refused);
    assert_eq!(writer.count(), 2);
    assert_eq!(writer.shared.health(), crate::resource::Health::Ready);
}

#[test]
fn a_full_disk_stores_nothing_of_a_commit_and_it_goes_on_when_there_is_room() {
    let file = File::new();
    let mut writer = Writer::new(&file);
    let pages = |limit: i64| format!("PRAGMA max_page_count = {limit}");
    writer.connection.query_row(&pages(40), [], |_| Ok(())).unwrap();
    let mut stored = 0;
    let mut next = 0;
    let refused = loop {
        let results: Vec<_> =
            writer.commit(inserts(next..next + 20)).into_iter().map(Pending::wait).collect();
        if let Some(Err(error)) = results.first() {
            assert!(results.iter().all(|result| result.as_ref().err() == Some(error)));
            break error.clone();
        }
        assert!(results.iter().all(Result::is_ok), "all or nothing");
        stored += 20;
        next += 20;
    };
    assert_eq!(refused.kind, StoreErrorKind::DiskFull);
    assert!(stored > 0);
    assert_eq!(writer.count(), stored);
    assert!(matches!(writer.shared.health(), crate::resource::Health::Down(_)));
    writer.connection.query_row(&pages(10_000), [], |_| Ok(())).unwrap();
    for pending in writer.commit(inserts(next..next + 20)) {
        assert!(pending.wait().unwrap()[0].outcome.is_success());
    }
    assert_eq!(writer.count(), stored + 20);
    assert_eq!(writer.shared.health(), crate::resource::Health::Ready);
}

#[test]
fn an_idempotency_key_expires() {
    let file = File::new();
    let mut writer = Writer::new(&file);
    let key = Idempotency { key: "k".into(), fingerprint: [1; 32] };
    let action = Action::Insert(user(1, "one"));
    let write = || Write { idempotency: Some(key.clone()), ..Write::from(action.clone()) };
    assert!(writer.commit(vec![vec![write()]]).remove(0).wait().is_ok());
    let day = 24 * 3600 * 1000;
    let table = &writer.shared.table;
    let known = |now_ms| {
        let known = attempts::find(&writer.connection, table, &key, now_ms).unwrap();
        matches!(known, attempts::Known::Same(_))
    };
    let now_ms = crate::core::time::unix_ms();
    assert!(known(now_ms) && known(now_ms + day - 10_000) && !known(now_ms + day));
    attempts::trim(&writer.connection, table, now_ms + day - 10_000, 9).unwrap();
    assert!(known(now_ms));
    attempts::trim(&writer.connection, table, now_ms + day, 9).unwrap();
    assert!(!known(now_ms), "it takes no room any more");
}

#[test]
fn a_list_that_takes_too_long_is_broken_off() {
    let connection = Location::Memory.connect().unwrap();
    let scan = Arc::new(Scan::new(&connection));
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                   SELECT count(*) FROM n";
    let end = now() + Duration::from_secs(20);
    std::thread::scope(|threads| {
        let running = threads.spawn(move || connection.query_row(endless, [], |_| Ok(())));
        scan.set(Some(now()));
        scan.interrupt_when_late(Duration::from_hours(1));
        while !running.is_finished() {
            assert!(now() < end, "it is never broken off");
            scan.interrupt_when_late(Duration::ZERO);
        }
        let error = running.join().unwrap().unwrap_err();
        let error = crate::stores::sqlite::error::store_error("file", &error);
        assert_eq!(error.kind, StoreErrorKind::TooSlow);
    });
}
