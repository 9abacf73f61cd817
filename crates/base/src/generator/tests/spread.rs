//! Ranges, shares and distributions; all with fixed seeds.

use std::collections::{HashMap, HashSet};

use super::{fields, generator_of, number, single, value};

fn counts(line: &str, records: u64) -> HashMap<String, u64> {
    let generator = single(line);
    let mut counts = HashMap::new();
    for index in 0..records {
        *counts.entry(value(&generator, index)).or_default() += 1;
    }
    counts
}

fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} ± {tolerance}");
}

#[test]
fn ranges_hit_both_ends_and_all_between_evenly() {
    let counts = counts("integer -3..3", 70_000);
    assert_eq!(counts.len(), 7);
    for number in -3..=3 {
        assert_near(counts[&number.to_string()] as f64, 10_000.0, 400.0);
    }
    let ends = self::counts("float -0.1..0.1 decimals 1", 3000);
    let mut values: Vec<&str> = ends.keys().map(String::as_str).collect();
    values.sort_unstable();
    assert_eq!(values, ["-0.1", "0.0", "0.1"]);
}

#[test]
fn the_widest_ranges_work() {
    let generator = single("integer -9223372036854775808..9223372036854775807");
    let values: Vec<i64> =
        (0..1000).map(|index| value(&generator, index).parse().expect("is an i64")).collect();
    assert!(values.iter().any(|number| *number < i64::MIN / 2));
    assert!(values.iter().any(|number| *number > i64::MAX / 2));
    assert_eq!(value(&single("integer 5..5"), 9), "5");
    let unique = single("unique -9223372036854775808..9223372036854775807");
    assert_ne!(value(&unique, 0), value(&unique, 1));
}

#[test]
fn weights_are_kept() {
    let counts = counts("choice ok 95, warn 4, error 1", 100_000);
    assert_near(counts["ok"] as f64, 95_000.0, 300.0);
    assert_near(counts["warn"] as f64, 4000.0, 250.0);
    assert_near(counts["error"] as f64, 1000.0, 130.0);
}

#[test]
fn booleans_and_nulls_come_in_their_shares() {
    assert_near(counts("boolean", 40_000)["true"] as f64, 20_000.0, 400.0);
    assert_near(counts("boolean 0.3", 40_000)["true"] as f64, 12_000.0, 400.0);
    assert_near(counts("integer 1..9 null 0.05", 40_000)["null"] as f64, 2000.0, 180.0);
    assert_eq!(counts("boolean 0", 100).get("true"), None);
    assert_eq!(counts("boolean 1", 100)["true"], 100);
}

#[test]
fn null_says_nothing_about_the_value() {
    let plain = single("integer 1..100");
    let holed = single("integer 1..100 null 0.5");
    let shown: Vec<u64> = (0..20_000).filter(|index| value(&holed, *index) != "null").collect();
    let mean = shown.iter().map(|index| number(&plain, *index)).sum::<f64>() / shown.len() as f64;
    assert_near(mean, 50.5, 1.2);
    assert!(shown.iter().all(|index| value(&plain, *index) == value(&holed, *index)));
}

/// Mean and standard deviation of 50 000 records.
fn moments(line: &str) -> (f64, f64) {
    let generator = single(line);
    let values: Vec<f64> = (0..50_000).map(|index| number(&generator, index)).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[test]
fn distributions_have_their_mean_and_deviation() {
    let close = |line: &str, mean: f64, deviation: f64| {
        let (found_mean, found_deviation) = moments(line);
        assert_near(found_mean, mean, deviation * 0.02);
        assert_near(found_deviation, deviation, deviation * 0.03);
    };
    close("float 0..1", 0.5, 1.0 / 12.0_f64.sqrt());
    close("uniform 10..20 decimals 3", 15.0, 10.0 / 12.0_f64.sqrt());
    close("normal mean 20 sd 2 decimals 2", 20.0, 2.0);
    close("exponential mean 5", 5.0, 5.0);
    close("poisson mean 3", 3.0, 3.0_f64.sqrt());
    close("poisson mean 2500", 2500.0, 50.0);
    close("beta alpha 2 beta 5", 2.0 / 7.0, (10.0_f64 / (49.0 * 8.0)).sqrt());
    close("beta alpha 0.5 beta 0.5", 0.5, (0.125_f64).sqrt());
    close("pareto scale 1 shape 6", 1.2, (6.0_f64 / (25.0 * 4.0)).sqrt());
    let spread = 0.5_f64;
    let mean = (spread * spread / 2.0).exp() * 10.0;
    close("lognormal median 10 sigma 0.5", mean, mean * ((spread * spread).exp() - 1.0).sqrt());
}

#[test]
fn a_normal_has_its_quantiles() {
    let generator = single("normal mean 0 sd 1");
    let within = |limit: f64| {
        let inside = (0..100_000).filter(|index| number(&generator, *index).abs() < limit);
        inside.count() as f64 / 1000.0
    };
    assert_near(within(1.0), 68.27, 0.5);
    assert_near(within(2.0), 95.45, 0.25);
    assert_near(within(3.0), 99.73, 0.07);
}

#[test]
fn zipf_ranks_fall_off_as_the_law_says() {
    let counts = counts("zipf 1..100 exponent 1", 100_000);
    let harmonic: f64 = (1..=100).map(|rank| 1.0 / f64::from(rank)).sum();
    for rank in [1, 2, 10] {
        let expected = 100_000.0 / (f64::from(rank) * harmonic);
        assert_near(counts[&rank.to_string()] as f64, expected, 4.0 * expected.sqrt());
    }
    assert!(counts.keys().all(|rank| (1..=100).contains(&rank.parse::<u32>().expect("a rank"))));
}

#[test]
fn bounds_hold() {
    let generator = single("normal mean 0 sd 10 min -5 max 5");
    assert!((0..2000).all(|index| number(&generator, index).abs() <= 5.0));
    let generator = single("walk from 20 step 3 min -10 max 40 decimals 1");
    let values: Vec<f64> = (0..20_000).map(|index| number(&generator, index)).collect();
    assert!(values.iter().all(|value| (-10.0..=40.0).contains(value)));
    assert_eq!(values[0], 20.0);
    assert!(values.iter().any(|value| *value < -9.0) && values.iter().any(|value| *value > 39.0));
}

#[test]
fn the_steps_of_a_walk_have_their_size_and_are_independent() {
    let generator = single("walk step 2");
    let values: Vec<f64> = (0..60_000).map(|index| number(&generator, index)).collect();
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let count = steps.len() as f64;
    assert_near(steps.iter().sum::<f64>() / count, 0.0, 0.05);
    assert_near((steps.iter().map(|step| step * step).sum::<f64>() / count).sqrt(), 2.0, 0.03);
    let neighbours = steps.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count / 4.0;
    assert_near(neighbours, 0.0, 0.02);
}

#[test]
fn a_wave_has_its_period_and_height() {
    let generator = single("wave period 100 amplitude 5 level 20 decimals 3");
    assert_eq!(value(&generator, 0), "20.000");
    assert_eq!(value(&generator, 25), "25.000");
    assert_eq!(value(&generator, 1_000_075), "15.000");
    let daily = single("wave period 24h every 1h phase 0.25 decimals 1");
    assert_eq!((value(&daily, 0), value(&daily, 12)), ("1.0".to_owned(), "-1.0".to_owned()));
}

#[test]
fn unique_is_a_permutation_of_its_range_in_every_lap() {
    for count in [1, 2, 3, 10, 1000, 1024, 1025] {
        let generator = single(&format!("unique 1..{count}"));
        let lap = |lap: u64| -> Vec<u64> {
            let indexes = lap * count..(lap + 1) * count;
            indexes.map(|index| value(&generator, index).parse().expect("a number")).collect()
        };
        for number in 0..3 {
            let distinct: HashSet<u64> = lap(number).into_iter().collect();
            assert_eq!(distinct.len() as u64, count);
            assert!(distinct.iter().all(|value| (1..=count).contains(value)));
        }
        assert!(count < 10 || lap(0) != lap(1), "the second lap has another order");
    }
}

#[test]
fn identifiers_never_repeat_and_have_their_form() {
    let uuid = single("uuid");
    let uuids: HashSet<String> = (0..50_000).map(|index| value(&uuid, index)).collect();
    assert_eq!(uuids.len(), 50_000);
    for uuid in uuids.iter().take(1000) {
        let bytes = uuid.as_bytes();
        assert_eq!((bytes.len(), bytes[14]), (36, b'4'));
        assert!(
            b"89ab".contains(&bytes[19]) && [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-')
        );
    }
    let ulid = single("ulid");
    let ulids: Vec<String> = (0..5000).map(|index| value(&ulid, index)).collect();
    assert!(ulids.is_sorted_by(|left, right| left < right));
    assert!(ulids.iter().all(|ulid| ulid.len() == 26 && ulid.starts_with("01KDVDN")));
}

#[test]
fn jitter_keeps_the_order_and_the_grid() {
    let generator = single("time every 100ms jitter 0.5 format unix_ms");
    let times: Vec<u64> = (0..5000).map(|index| number(&generator, index) as u64).collect();
    let late: Vec<u64> = times.iter().map(|time| time % 100).collect();
    assert!(times.is_sorted() && late.iter().all(|late| *late < 50));
    assert!(late.contains(&0) && late.contains(&49));
}

#[test]
fn times_between_two_days_stay_there() {
    let generator = single("time between 2026-01-01 and 2026-01-03 format date");
    let days: HashSet<String> = (0..1000).map(|index| value(&generator, index)).collect();
    assert!(days.contains("2026-01-01") && days.contains("2026-01-02") && days.len() <= 3);
}

#[test]
fn fields_of_one_record_are_independent() {
    let pair = generator_of(&fields(&[("a", "float 0..1"), ("b", "float 0..1")]), 3);
    let mut sum = 0.0;
    for index in 0..20_000 {
        let shown = value(&pair, index);
        let numbers: Vec<f64> =
            shown.split([':', ',', '}']).filter_map(|part| part.parse().ok()).collect();
        sum += (numbers[0] - 0.5) * (numbers[1] - 0.5) * 12.0;
    }
    assert_near(sum / 20_000.0, 0.0, 0.03);
}

#[test]
fn patterns_fill_every_class_and_count() {
    let generator = single("pattern [A-C]{2}-\\d{1,3}x\\[é");
    let mut lengths = HashSet::new();
    for index in 0..300 {
        let shown = value(&generator, index);
        let (letters, rest) = shown.split_once('-').expect("has a dash");
        assert!(letters.len() == 2 && letters.bytes().all(|byte| b"ABC".contains(&byte)));
        let digits = rest.strip_suffix("x[é").expect("ends as written");
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
        lengths.insert(digits.len());
    }
    assert_eq!(lengths, HashSet::from([1, 2, 3]));
}

#[test]
fn texts_have_as_many_words_as_asked_for() {
    let words = single("text.words 2..4");
    let counts: HashSet<usize> =
        (0..200).map(|index| value(&words, index).split(' ').count()).collect();
    assert_eq!(counts, HashSet::from([2, 3, 4]));
    let sentence = value(&single("text.sentence"), 0);
    assert!(sentence.starts_with(|letter: char| letter.is_uppercase()) && sentence.ends_with('.'));
}
