//! Persons and places in every locale.

use std::collections::HashSet;

use super::super::locale;
use super::super::person::Locales;
use super::{fields, generator_of, json, single, value};

const LOCALISED: [&str; 16] = [
    "person.name",
    "person.first_name",
    "person.last_name",
    "person.email",
    "person.username",
    "person.phone",
    "address",
    "address.street",
    "address.city",
    "address.state",
    "address.postcode",
    "address.country",
    "company.name",
    "company.job",
    "internet.domain",
    "internet.url",
];

#[test]
fn every_locale_writes_clean_text_for_every_part() {
    for code in locale::codes() {
        for kind in LOCALISED {
            let generator = single(&format!("{kind} locale {code}"));
            for index in 0..400 {
                let text = value(&generator, index);
                assert!(!text.trim().is_empty() && text == text.trim(), "{code} {kind}: `{text}`");
                let clean = |letter: char| !letter.is_control() && letter != '"' && letter != '\\';
                assert!(text.chars().all(clean), "{code} {kind}: `{text}` needs escaping");
                assert!(!text.contains(['#', '^', '$']), "{code} {kind}: `{text}` is unfilled");
            }
        }
    }
}

#[test]
fn names_from_the_tables_fit_their_slots() {
    for code in locale::codes() {
        let locale = locale::find(code).expect("is known");
        assert!(locale.first.len() >= 20 && locale.last.len() >= 15, "{code} lost names");
    }
    let english = locale::find("en").expect("is known");
    assert_eq!((english.first.len(), english.last.len()), (3007, 474));
}

#[test]
fn of_a_hundred_english_names_96_are_two_words() {
    let generator = single("person.name");
    let two = (0..50_000).filter(|index| value(&generator, *index).split(' ').count() == 2).count();
    assert!((47_700..=48_300).contains(&two), "{two}");
}

#[test]
fn name_and_address_belong_to_the_same_person() {
    let lines = fields(&[
        ("name", "person.name locale de"),
        ("first", "person.first_name"),
        ("last", "person.last_name"),
        ("mail", "person.email"),
        ("other", "person.first_name"),
    ]);
    let generator = generator_of(&lines, 1);
    let mut differing = 0;
    for index in 0..300 {
        let record = json(&generator, index);
        let part = |name: &str| -> String {
            let (_, rest) = record.split_once(&format!("\"{name}\":\"")).expect("has the field");
            rest.split_once('"').expect("is closed").0.to_owned()
        };
        assert!(part("name").contains(&format!("{} {}", part("first"), part("last"))), "{record}");
        let ascii = part("last").is_ascii() && !part("last").contains([' ', '-']);
        assert!(!ascii || part("mail").contains(&part("last").to_lowercase()), "{record}");
        differing += usize::from(part("other") != part("first"));
    }
    assert!(differing > 250, "a second first name is another person's");
}

#[test]
fn an_address_agrees_with_its_parts() {
    let lines = fields(&[
        ("line", "address"),
        ("street", "address.street"),
        ("city", "address.city"),
        ("postcode", "address.postcode"),
        ("state", "address.state"),
    ]);
    let generator = generator_of(&lines, 1);
    let expected = concat!(
        r#"{"line":"7754 Hane Underpass, Hamillbury, CT 85929","street":"7754 Hane Underpass","#,
        r#""city":"Hamillbury","postcode":"85929","state":"CT"}"#
    );
    assert_eq!(json(&generator, 0), expected);
}

#[test]
fn weighted_locales_come_in_their_shares() {
    let generator = single("person.name locale ja 0.3, en 0.7");
    let japanese = (0..20_000).filter(|index| !value(&generator, *index).is_ascii()).count();
    assert!((5_700..=6_300).contains(&japanese), "{japanese}");
}

#[test]
fn german_umlauts_are_spelled_out_in_mail_addresses() {
    let generator = single("person.email locale de");
    let all: Vec<String> = (0..2000).map(|index| value(&generator, index)).collect();
    assert!(all.iter().all(|mail| mail.is_ascii() && mail.contains("@example.")));
    assert!(all.iter().any(|mail| mail.contains("mueller")));
}

#[test]
fn two_records_rarely_name_the_same_person() {
    let generator = single("person.name");
    let names: HashSet<String> = (0..10_000).map(|index| value(&generator, index)).collect();
    assert!(names.len() > 9_900, "{}", names.len());
}

#[test]
fn a_single_locale_needs_no_draw() {
    let english = locale::find("EN").expect("codes may be in capitals");
    let locales = Locales::new(&[(english, 1.0)]);
    assert!(std::ptr::eq(locales.of(1, 2), english));
    assert!(locale::find("pt_BR").is_some());
}
