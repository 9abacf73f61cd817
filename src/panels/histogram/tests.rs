//! Bins against numpy's, and what the markup says.

use super::*;

/// Made by numpy 2.4.6: `numpy.histogram(numbers, bins)`.
const NUMPY: &str = include_str!("numpy.json");

fn list<T: serde::de::DeserializeOwned>(case: &serde_json::Value, name: &str) -> T {
    serde_json::from_value(case[name].clone()).unwrap()
}

#[test]
fn bins_are_those_of_numpy_to_the_last_bit() {
    let known: serde_json::Value = serde_json::from_str(NUMPY).unwrap();
    let cases = known["cases"].as_array().unwrap();
    assert!(cases.len() > 15);
    for case in cases {
        let (numbers, count): (Vec<f64>, usize) = (list(case, "numbers"), list(case, "bins"));
        let expected = Bins { edges: list(case, "edges"), counts: list(case, "counts") };
        assert_eq!(bins(&numbers, count), expected, "{numbers:?} in {count} bins");
    }
}

#[test]
fn no_numbers_have_no_bins_and_the_extremes_do_not_panic() {
    assert_eq!(bins(&[], 10), Bins { edges: Vec::new(), counts: Vec::new() });
    for numbers in [[f64::MAX, f64::MIN], [f64::MAX, f64::MAX], [5e-324, 0.0], [1.0, 1e308]] {
        let total: u64 = bins(&numbers, 200).counts.iter().sum();
        assert_eq!(total, 2, "{numbers:?}");
    }
}

fn drawn(numbers: &[f64]) -> Drawn {
    let frame = Frame { id: "panel-1", records: "users" };
    Histogram { field: "age".into(), bins: 10 }.draw(&frame, numbers)
}

#[test]
fn the_picture_has_its_axes_a_description_and_a_table() {
    let drawn = drawn(&[18.0, 18.5, 80.0]);
    for part in [
        ">Age</text>",
        ">Number of Users</text>",
        "age of 3 users, 18 to 80, in 10 bins; the fullest holds 2, 18 to below 24.2.",
        "<th scope=\"row\">73.8 to 80</th><td class=\"n\">1</td>",
        "id=\"panel-1-chart\" data-live",
        "id=\"panel-1-table\" data-live",
    ] {
        assert!(drawn.markup.contains(part), "{part} in {}", drawn.markup);
    }
    assert!(!drawn.markup.contains("style="), "a strict policy allows no style in the markup");
    assert_eq!(drawn.data["counts"][0], 2);
    roxmltree::Document::parse(&drawn.svg.unwrap()).unwrap();
}

#[test]
fn a_field_with_a_hostile_name_stays_text() {
    let frame = Frame { id: "panel-1", records: "<b>" };
    let field = "<script>alert(1)</script>".to_owned();
    let drawn = Histogram { field, bins: 2 }.draw(&frame, &[1.0, 2.0]);
    assert!(!drawn.markup.contains("<script") && !drawn.markup.contains("<b>"));
}
