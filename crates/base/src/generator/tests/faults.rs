//! Faults on purpose: always the same, none lost that should not be, and none without being asked for.

use crate::core::spec::Spec;
use crate::generator::{Delivery, Faults, Generator, Injected, Schema};
use proptest::prelude::*;
use std::sync::Arc;

fn delivery(faults: Option<Faults>, limit: u64) -> Delivery {
    let text = |text: &str| Spec::Text(text.to_owned());
    let fields = [("id".to_owned(), text("sequence")), ("name".to_owned(), text("person.name"))];
    let schema = Arc::new(Schema::parse(&fields).unwrap());
    Delivery::new(Generator::new(schema, 7, "flow", 0), faults, limit)
}

const MANY: Faults = Faults { late: 0.2, repeat: 0.1, drop: 0.1, corrupt: 0.1 };

fn bytes(delivery: &Delivery, places: std::ops::Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    delivery.write_ndjson(places, &mut out);
    out
}

#[test]
fn without_faults_a_seed_means_what_it_always_meant() {
    let plain = delivery(None, u64::MAX);
    let mut expected = Vec::new();
    plain.generator().write_ndjson(0..500, &mut expected);
    assert_eq!(bytes(&plain, 0..500), expected);
    assert_eq!(bytes(&delivery(Some(Faults::default()), u64::MAX), 0..500), expected);
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_bytes(cuts in proptest::collection::vec(0_u64..300, 0..12)) {
        let spoilt = delivery(Some(MANY), 300);
        let mut cuts = cuts;
        cuts.extend([0, 300]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| bytes(&spoilt, pair[0]..pair[1]));
        prop_assert_eq!(pieces.flatten().collect::<Vec<_>>(), bytes(&spoilt, 0..300));
    }
}

#[test]
fn each_record_comes_as_its_fault_says_and_none_other() {
    let spoilt = delivery(Some(MANY), 2_000);
    let mut came = Vec::new();
    spoilt.indexes(0..2_000, &mut came);
    let mut kinds = [0; 5];
    for index in 0..2_000 {
        let times = came.iter().filter(|other| **other == index).count();
        let fault = spoilt.fault(index);
        let expected = match fault {
            Some(Injected::Drop) => 0,
            Some(Injected::Repeat) => 2,
            _ => 1,
        };
        assert_eq!(times, expected, "{index}: {fault:?}");
        if let Some(Injected::Late(by)) = fault {
            let place = came.iter().position(|other| *other == index).unwrap();
            // The one that stands at its place or, when that is away itself, the nearest before it.
            let before: Vec<u64> = came[..place].to_vec();
            assert!(before.iter().all(|other| *other <= index + by), "{index} comes too late");
            assert!(
                came[place..].iter().all(|other| *other + 64 >= index + by),
                "{index} too soon"
            );
        }
        kinds[match fault {
            None => 0,
            Some(Injected::Late(_)) => 1,
            Some(Injected::Repeat) => 2,
            Some(Injected::Drop) => 3,
            Some(Injected::Corrupt) => 4,
        }] += 1;
    }
    for (kind, expected) in kinds.into_iter().zip([1_000, 400, 200, 200, 200]) {
        assert!((expected - 80..=expected + 80).contains(&kind), "{kinds:?}");
    }
}

#[test]
fn a_damaged_record_stays_one_line_and_is_another() {
    let spoilt = delivery(Some(Faults { corrupt: 1.0, ..Faults::default() }), u64::MAX);
    let (damaged, whole) = (bytes(&spoilt, 0..300), bytes(&delivery(None, u64::MAX), 0..300));
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (damaged, whole): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (lines(&damaged), lines(&whole));
    assert_eq!(damaged.len(), whole.len());
    assert!(damaged.iter().zip(&whole).take(300).all(|(one, other)| one != other));
}
