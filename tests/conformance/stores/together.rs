//! Many at once.

use super::Place;
use super::following::Heard;
use super::samples::*;
use headwater::resource::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A read as of r has seen every write of a version w <= r, and what is told to listeners holds as well.
pub fn a_read_sees_every_write_up_to_its_version(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    insert_all(&*store, &[counter(1, 0)]);
    let (heard, _listener) = Heard::at(&store);
    let written = Mutex::new(Vec::new());
    let reads = Mutex::new(Vec::new());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let mut last = Version(0);
                while !is_over.load(Ordering::Relaxed) {
                    let fetched = find(&*store, Key::Integer(1));
                    assert!(fetched.as_of >= last, "versions only grow");
                    last = fetched.as_of;
                    reads.lock().unwrap().push((fetched.as_of, count_of(&fetched.record.unwrap())));
                }
            });
        }
        for count in 1..=150 {
            let version = write(&*store, Action::Put(counter(1, count))).version;
            written.lock().unwrap().push((version, count));
            // Somebody else's writes share the versions.
            outcome(&*store, Action::Put(counter(2, count)));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let written = written.into_inner().unwrap();
    assert!(written.is_sorted());
    for (as_of, count) in reads.into_inner().unwrap() {
        let seen = written.iter().filter(|(version, _)| *version <= as_of).map(|it| it.1).max();
        assert!(count >= seen.unwrap_or(0), "as of {as_of} {seen:?} was there, {count} was read");
    }
    let told = heard.keys.lock().unwrap().clone();
    let last = told.iter().filter(|(key, _)| *key == Key::Integer(1)).map(|it| it.1).max().unwrap();
    let is_last = written[148].0 < last && last <= written[149].0;
    assert!(is_last, "told as of {last}, written {:?}", &written[148..]);
    // When all is quiet, a read has seen everything.
    until(&store, || find(&*store, Key::Integer(1)).as_of >= written[149].0);
}

fn count_of(record: &Record) -> i64 {
    match record.value(1) {
        Value::Integer(count) => *count,
        other => panic!("{other:?}"),
    }
}

pub fn no_update_is_lost(place: &dyn Place) {
    let schema = counters();
    let store = place.open(&schema).unwrap();
    let other = if place.is_shared() { place.open(&schema).unwrap() } else { store.clone() };
    insert_all(&*store, &[counter(1, 0)]);
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let store = if thread % 2 == 0 { &store } else { &other };
            let schema = &schema;
            threads.spawn(move || {
                let mut done = 0;
                while done < 20 {
                    let record = get(&**store, 1).unwrap();
                    let next = counter(1, count_of(&record) + 1);
                    let tag = Precondition::Matches(vec![ETag::of(schema, &record)]);
                    match outcome(&**store, guarded(Action::Put(next), tag)) {
                        Outcome::Updated { changed: true, .. } => done += 1,
                        Outcome::PreconditionFailed(Some(_)) => {}
                        became => panic!("{became:?}"),
                    }
                }
            });
        }
    });
    assert_eq!(get(&*store, 1), Some(counter(1, 160)));
}

pub fn one_of_many_inserts_wins(place: &dyn Place) {
    let store = place.open(&things()).unwrap();
    let winners = Mutex::new(BTreeMap::new());
    std::thread::scope(|threads| {
        for thread in 0..8_i64 {
            let (store, winners) = (&store, &winners);
            threads.spawn(move || {
                for id in 0..30 {
                    // Every third is fought for by its unique field instead of its key.
                    let key = if id % 3 == 0 { id + thread * 1000 } else { id };
                    let name = format!("{thread}");
                    let record = thing(key, &name).with(CODE, Value::text(format!("c{id}")));
                    if let Outcome::Created(_) = outcome(&**store, Action::Insert(record)) {
                        *winners.lock().unwrap().entry(id).or_insert(0) += 1;
                    }
                }
            });
        }
    });
    let winners = winners.into_inner().unwrap();
    assert_eq!(winners.len(), 30);
    assert!(winners.values().all(|count| *count == 1), "{winners:?}");
    assert_eq!(all(&*store).len(), 30);
}

pub fn a_follower_misses_nothing(place: &dyn Place) {
    let store = place.open(&counters()).unwrap();
    let begin = here(&*store);
    let is_over = AtomicBool::new(false);
    let mut followed = Vec::new();
    std::thread::scope(|threads| {
        let writers: Vec<_> = (0..4)
            .map(|thread| {
                let store = &store;
                threads.spawn(move || {
                    for number in 0..60 {
                        let id = thread * 10 + number % 10;
                        let action = match number % 4 {
                            3 => Action::Delete(Key::Integer(id)),
                            _ => Action::Put(counter(id, number)),
                        };
                        outcome(&**store, action);
                    }
                })
            })
            .collect();
        let follower = threads.spawn(|| {
            let mut found = Vec::new();
            let mut after = begin;
            loop {
                let was_over = is_over.load(Ordering::Acquire);
                let some = store.changes(Some(after), 16).wait().unwrap();
                assert!(!some.has_gap);
                let is_empty = some.items.is_empty();
                after = some.upto;
                found.extend(some.items);
                if is_empty && was_over {
                    return found;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        // All are visible to whoever follows.
        let end = write(&*store, Action::Put(counter(99, 0))).version;
        until(&store, || {
            let told = changes(&*store, begin).items;
            told.iter().any(|change| change.key == Key::Integer(99) && change.version <= end)
        });
        is_over.store(true, Ordering::Release);
        followed = follower.join().unwrap();
    });
    assert!(followed.is_sorted_by(|one, next| one.position < next.position));
    let mut kept = BTreeMap::new();
    for change in &followed {
        let was = match &change.record {
            Some(record) => kept.insert(change.key.clone(), record.clone()),
            None => kept.remove(&change.key),
        };
        assert_eq!(was.is_none(), change.kind == ChangeKind::Created, "{change:?}");
    }
    let sorted = list(&*store, vec![], Order::Fields(vec![]));
    assert_eq!(kept.into_values().collect::<Vec<_>>(), sorted);
}
