//! The matcher against a naive model that holds everything in memory.

use super::expected::{Plan, made, records};
use super::mark::{Form, Reading};
use super::matcher::{Found, Matcher, Of};
use super::tally::{Place, Tally, Wrong};
use crate::core::spec::Spec;
use crate::generator::{Delivery, Faults, Generator, Schema};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn plan(made: u64, faults: Option<Faults>, by: Option<&str>) -> Plan {
    let text = |text: &str| Spec::Text(text.to_owned());
    let fields = [("id".to_owned(), text("sequence")), ("name".to_owned(), text("uuid"))];
    let schema = Arc::new(Schema::parse(&fields).unwrap());
    let delivery = Delivery::new(Generator::new(schema, 7, "flow", 0), faults, u64::MAX);
    let reading = Reading { form: Form::Exact, by: by.map(str::to_owned) };
    Plan { delivery, steps: Vec::new(), reading, made, upper: made + 100 }
}

/// The lines that arrive when nothing goes wrong.
fn lines(plan: &Plan, places: u64) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    plan.delivery.write_ndjson(0..places, &mut bytes);
    records(&bytes).map(<[u8]>::to_vec).collect()
}

/// What an audit says of these lines: the counts, how many are missing, how many are beyond the checkpoint.
fn audit(plan: &Plan, lines: &[Vec<u8>]) -> (Tally, u64, u64) {
    audit_of(Of::Ordered, plan, lines)
}

fn audit_of(of: Of, plan: &Plan, lines: &[Vec<u8>]) -> (Tally, u64, u64) {
    let mut matcher = Matcher::new(plan, 3).unwrap();
    matcher.begin(of).unwrap();
    for (line, record) in lines.iter().zip(1..) {
        let (mark, place) = (plan.reading.mark(line), Place { piece: 0, record });
        matcher.place(&Found { mark, place, text: line }).unwrap();
    }
    let bound = matcher.finish().unwrap();
    let missing = bound - matcher.seen.count(0..bound);
    (matcher.tally.clone(), missing, matcher.seen.count(bound..bound + 1000))
}

#[derive(Debug, Clone)]
enum Edit {
    Remove(usize),
    Double(usize),
    Repeat(usize, usize),
    Swap(usize),
    Move(usize, usize),
    Damage(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let place = 0..1000_usize;
    let edit = prop_oneof![
        place.clone().prop_map(Edit::Remove),
        place.clone().prop_map(Edit::Double),
        (place.clone(), 1..80_usize).prop_map(|(at, count)| Edit::Repeat(at, count)),
        place.clone().prop_map(Edit::Swap),
        (place.clone(), place.clone()).prop_map(|(from, to)| Edit::Move(from, to)),
        place.prop_map(Edit::Damage),
    ];
    proptest::collection::vec(edit, 0..8)
}

fn apply(lines: &mut Vec<Vec<u8>>, edit: &Edit) {
    let length = lines.len().max(1);
    match *edit {
        Edit::Remove(at) => drop(lines.remove(at % length)),
        Edit::Double(at) => lines.insert(at % length, lines[at % length].clone()),
        Edit::Repeat(at, count) => {
            let (from, to) = (at % length, (at % length + count).min(length));
            let again: Vec<Vec<u8>> = lines[from..to].to_vec();
            lines.splice(to..to, again);
        }
        Edit::Swap(at) => lines.swap(at % (length - 1), at % (length - 1) + 1),
        Edit::Move(from, to) => {
            let line = lines.remove(from % length);
            lines.insert(to % length, line);
        }
        // Behind the key; only of a record that is there once, or it matters which of them came first.
        Edit::Damage(at) => {
            let line = lines[at % length].clone();
            if lines.iter().filter(|other| key(other) == key(&line)).count() == 1 {
                let end = line.len() - 5;
                lines[at % length][end] = b'#';
            }
        }
    }
}

fn key(line: &[u8]) -> Vec<u8> {
    line.split(|byte| *byte == b',').next().unwrap().to_vec()
}

/// Missing, twice and damaged, by the keys alone. Of several with one key the first one counts.
fn naive(expected: &[Vec<u8>], found: &[Vec<u8>]) -> (u64, u64, u64) {
    let known: BTreeMap<Vec<u8>, &Vec<u8>> = expected.iter().map(|it| (key(it), it)).collect();
    let (mut seen, mut twice, mut damaged) = (BTreeSet::new(), 0, 0);
    for line in found {
        if !seen.insert(key(line)) {
            twice += 1;
        } else if known[&key(line)] != line {
            damaged += 1;
        }
    }
    (known.len() as u64 - seen.len() as u64, twice, damaged)
}

proptest! {
    #[test]
    fn counts_what_a_naive_model_counts(edits in edits()) {
        let plan = plan(300, None, Some("id"));
        let expected = lines(&plan, 300);
        let mut found = expected.clone();
        for edit in &edits {
            apply(&mut found, edit);
        }
        let (tally, missing, _) = audit(&plan, &found);
        prop_assert_eq!((missing, tally.twice, tally.damaged), naive(&expected, &found));
        prop_assert_eq!((tally.foreign, tally.found), (0, found.len() as u64));
        let is_moved = |edit: &Edit| !matches!(edit, Edit::Remove(_) | Edit::Damage(_));
        prop_assert!(tally.out_of_order == 0 || edits.iter().any(is_moved));
    }

    #[test]
    fn whatever_was_spoilt_on_purpose_is_expected(seed in 0..40_u64, made in 1..400_u64) {
        let share = seed as f64 / 100.0;
        let faults = Faults { late: share / 2.0, repeat: share / 4.0, drop: 0.1, corrupt: 0.1 };
        let plan = plan(made, Some(faults), None);
        let (tally, missing, _) = audit(&plan, &lines(&plan, made));
        prop_assert_eq!((missing, tally.twice, tally.out_of_order), (0, 0, 0));
        prop_assert_eq!((tally.damaged, tally.foreign), (0, 0));
    }
}

#[test]
fn one_record_taken_away_doubled_swapped_or_damaged_is_named() {
    for (edit, wrong, number) in [
        (Edit::Double(40), Wrong::Twice, 40),
        (Edit::Swap(70), Wrong::OutOfOrder, 70),
        (Edit::Damage(90), Wrong::Damaged, 90),
    ] {
        for by in [Some("id"), None] {
            let plan = plan(200, None, by);
            let mut found = lines(&plan, 200);
            apply(&mut found, &edit);
            let (tally, missing, _) = audit(&plan, &found);
            let cases: Vec<_> = tally.cases.iter().map(|case| (case.wrong, case.number)).collect();
            assert_eq!((cases, missing), (vec![(wrong, Some(number))], 0), "{edit:?} by {by:?}");
        }
    }
    let plan = plan(200, None, None);
    let mut found = lines(&plan, 200);
    apply(&mut found, &Edit::Remove(17));
    let (tally, missing, _) = audit(&plan, &found);
    assert_eq!((tally.cases.len(), missing), (0, 1));
    let made = made(&plan, &[17]).unwrap();
    assert_eq!(made[0].1.index, Some(17));
    assert!(made[0].1.text.starts_with(b"{\"id\":18,"));
}

#[test]
fn a_long_gap_and_a_whole_copy_are_followed() {
    let plan = plan(2_000, None, Some("id"));
    let all = lines(&plan, 2_000);
    let gap: Vec<Vec<u8>> = all[..200].iter().chain(&all[1_200..]).cloned().collect();
    let (tally, missing, _) = audit(&plan, &gap);
    assert_eq!((missing, tally.twice, tally.out_of_order, tally.damaged), (1_000, 0, 0, 0));
    let copy: Vec<Vec<u8>> = all.iter().chain(&all).cloned().collect();
    let (tally, missing, _) = audit(&plan, &copy);
    assert_eq!((missing, tally.twice, tally.out_of_order), (0, 2_000, 0));
}

#[test]
fn what_is_beyond_the_checkpoint_is_in_flight_and_what_nobody_made_is_foreign() {
    let plan = plan(100, None, Some("id"));
    let mut found = lines(&plan, 120);
    found.insert(0, b"{\"id\":\"header\"}".to_vec());
    found.push(b"rubbish \xFF".to_vec());
    found.remove(115);
    let (tally, missing, in_flight) = audit(&plan, &found);
    assert_eq!((missing, in_flight, tally.foreign), (0, 19, 2));
}

#[test]
fn another_seed_finds_nothing_of_its_own() {
    let ours = plan(50, None, None);
    let (tally, missing, _) = audit(&ours, &lines(&plan(50, None, None), 50));
    assert_eq!((missing, tally.foreign, tally.damaged), (0, 0, 0));
    let text = |text: &str| Spec::Text(text.to_owned());
    let schema = Schema::parse(&[("name".to_owned(), text("uuid"))]).unwrap();
    let other = Generator::new(Arc::new(schema), 8, "flow", 0);
    let mut bytes = Vec::new();
    other.write_ndjson(0..50, &mut bytes);
    let lines: Vec<Vec<u8>> = records(&bytes).map(<[u8]>::to_vec).collect();
    let (tally, missing, _) = audit(&ours, &lines);
    assert_eq!(missing + tally.damaged, 50);
    assert_eq!(tally.damaged + tally.foreign, 50);
}

#[test]
fn a_target_with_an_order_of_its_own_is_not_judged_by_it() {
    let plan = plan(2_000, None, Some("id"));
    let mut found = lines(&plan, 2_000);
    found.sort_by_key(|line| xxhash_rust::xxh3::xxh3_64(line));
    found.pop();
    found.push(found[7].clone());
    let end = found[9].len() - 5;
    found[9][end] = b'#';
    let (tally, missing, _) = audit_of(Of::Unordered, &plan, &found);
    assert_eq!((missing, tally.twice, tally.out_of_order, tally.damaged), (1, 1, 0, 1));
}

#[test]
fn a_refused_record_is_a_dead_letter_and_not_missing() {
    let plan = plan(100, None, Some("id"));
    let all = lines(&plan, 100);
    let mut matcher = Matcher::new(&plan, 3).unwrap();
    let place = |matcher: &mut Matcher, line: &[u8]| {
        let (mark, place) = (plan.reading.mark(line), Place { piece: 0, record: 1 });
        matcher.place(&Found { mark, place, text: line }).unwrap();
    };
    for line in all.iter().filter(|line| !line.starts_with(b"{\"id\":40,")) {
        place(&mut matcher, line);
    }
    matcher.begin(Of::DeadLetters).unwrap();
    place(&mut matcher, &all[39]);
    // Delivered again later, and kept as a letter of before.
    place(&mut matcher, &all[50]);
    let bound = matcher.finish().unwrap();
    assert_eq!(bound - matcher.seen.count(0..bound), 0);
    assert_eq!((matcher.tally.dead, matcher.tally.twice, matcher.tally.found), (1, 0, 99));
}
