//! The near cache alone: its bounds, and what several threads do to it at once.

use super::*;
use crate::caches::feed::Feed;
use crate::caches::moment::Moment;
use crate::resource::{Key, Record, Value, Version};
use std::sync::Arc;
use std::time::Duration;

fn entry(number: i64, as_of: u64) -> Entry {
    Entry {
        record: Some(Record::new([Value::Integer(number)])),
        as_of: Version(as_of),
        read_at: Moment(as_of),
        known_at: Moment(u64::MAX),
        expires: Moment(u64::MAX),
        load: Duration::ZERO,
        epoch: 0,
    }
}

const WANTED: Wanted = Wanted {
    asked: Moment(1),
    bound: Duration::ZERO,
    negative_bound: Duration::ZERO,
    at_least: Version(0),
    confirmed: Moment::NEVER,
};

fn near(entries: usize) -> Near {
    Near::new(entries, Arc::new(Feed::new(true)))
}

fn seen(near: &Near, key: &Key) -> Option<Value> {
    match near.look(key, &WANTED) {
        Look::Hit(entry) => entry.record.map(|record| record.value(0).clone()),
        Look::Unsure | Look::Nothing => None,
    }
}

#[test]
fn holds_no_more_entries_than_it_may() {
    for entries in [1, 5, 127, 128, 1000, 10_000] {
        let near = near(entries);
        for number in 0..3 * entries as i64 {
            near.lead(&Key::Integer(number)).answer(&entry(number, 1));
        }
        assert!(near.len() <= entries && near.len() >= entries / 2, "{}", near.len());
        assert!(near.counts().evictions >= 2 * entries as u64);
    }
}

#[test]
fn a_copy_from_elsewhere_must_have_seen_every_write() {
    let feed = Arc::new(Feed::new(true));
    let near = Near::new(100, Arc::clone(&feed));
    let key = Key::Integer(1);
    assert!(near.lead(&key).admit(&entry(1, 99)).is_err(), "the floor is not known yet");
    feed.learn_floor(0, Version(5));
    assert!(near.lead(&key).admit(&entry(1, 4)).is_err());
    near.overwrite(&[(key.clone(), Version(9))]);
    assert!(near.lead(&key).admit(&entry(1, 8)).is_err());
    assert!(near.lead(&Key::Integer(2)).admit(&entry(2, 8)).is_ok(), "another key");
    assert_eq!(seen(&near, &key), None);
    assert!(near.lead(&key).admit(&entry(3, 9)).is_ok());
    assert_eq!(seen(&near, &key), Some(Value::Integer(3)));
    let lead = near.lead(&key);
    feed.lost_track();
    assert!(lead.admit(&entry(4, 99)).is_err(), "track was lost while it was fetched");
}

#[test]
fn what_was_seen_of_a_key_refuses_older_copies_as_a_write_does() {
    let feed = Arc::new(Feed::new(true));
    let near = Near::new(100, Arc::clone(&feed));
    feed.learn_floor(0, Version(0));
    let key = Key::Integer(1);
    near.lead(&key).answer(&entry(1, 5));
    near.reveal(&key, Version(9), |_| true);
    assert_eq!(seen(&near, &key), Some(Value::Integer(1)), "it agrees");
    near.reveal(&key, Version(9), |_| false);
    assert_eq!(seen(&near, &key), None);
    assert!(near.lead(&key).admit(&entry(1, 8)).is_err());
    assert!(near.lead(&key).admit(&entry(2, 9)).is_ok());
    near.reveal(&key, Version(9), |_| false);
    assert_eq!(seen(&near, &key), Some(Value::Integer(2)), "it is as new as what was seen");
}

#[test]
fn a_write_of_an_older_version_leaves_a_copy_that_has_seen_it() {
    let near = near(100);
    let key = Key::Integer(1);
    near.lead(&key).answer(&entry(7, 7));
    near.overwrite(&[(key.clone(), Version(7))]);
    assert_eq!(seen(&near, &key), Some(Value::Integer(7)));
    near.overwrite(&[(key.clone(), Version(8))]);
    assert_eq!(seen(&near, &key), None);
}

#[test]
fn threads_that_read_write_and_evict_at_once_leave_no_old_copy() {
    const KEYS: u64 = 300;
    let near = near(128);
    let newest: Vec<_> = (0..KEYS).map(|_| std::sync::atomic::AtomicU64::new(1)).collect();
    let ordering = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (near, newest) = (&near, &newest);
            threads.spawn(move || {
                let mut random = crate::testing::random::Random::new(thread);
                for _ in 0..20_000 {
                    let number = random.below(KEYS);
                    let key = Key::Integer(number as i64);
                    let cell = &newest[number as usize];
                    if random.chance(10) {
                        let version = cell.fetch_add(1, ordering) + 1;
                        near.overwrite(&[(key, Version(version))]);
                        continue;
                    }
                    let acknowledged = near.look(&key, &WANTED);
                    if let Look::Hit(entry) = acknowledged {
                        assert_eq!(entry.record.unwrap().value(0), &Value::Integer(number as i64));
                    } else if let Some(lead) = near.lead_alone(&key) {
                        let version = cell.load(ordering);
                        lead.answer(&entry(number as i64, version));
                    }
                }
            });
        }
    });
    assert!(near.len() <= 128);
    for (number, cell) in newest.iter().enumerate() {
        if let Some(entry) = near.any(&Key::Integer(number as i64)) {
            assert_eq!(entry.as_of.0, cell.load(ordering), "key {number}");
        }
    }
}
