//! Every message a wrong schema can give.

use super::super::{Schema, Spec, SpecError};
use super::{fields, text};

fn errors(fields: &[(String, Spec)]) -> Vec<String> {
    Schema::parse(fields).expect_err("is wrong").iter().map(ToString::to_string).collect()
}

#[test]
fn every_wrong_line_is_told_what_is_wrong_and_what_to_write() {
    for (line, message) in WRONG_LINES {
        assert_eq!(errors(&fields(&[("f", line)])), [format!("f: {message}")], "{line}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_with_their_paths() {
    let inside = fields(&[("good", "uuid"), ("bad", "integer 9..1")]);
    let mut all = fields(&[("first", "integr 1..2"), ("fine", "uuid")]);
    all.push(("place".to_owned(), Spec::Map(inside)));
    all.push(("nothing".to_owned(), Spec::Map(Vec::new())));
    assert_eq!(
        errors(&all),
        [
            "first: there is no value type `integr` (did you mean `integer`?)",
            "place.bad: the range 9..1 is empty (write 1..9)",
            "nothing: there are no fields (write at least one field, for example `number: integer \
             1..100`)",
        ]
    );
}

#[test]
fn two_fields_cannot_share_a_column() {
    let mut all = fields(&[("a.b", "uuid")]);
    all.push(("a".to_owned(), Spec::Map(fields(&[("b", "uuid")]))));
    assert_eq!(errors(&all), ["a.b: `a.b` is there twice (give every field a name of its own)"]);
}

#[test]
fn a_record_has_at_least_one_field() {
    let help = "write at least one field, for example `number: integer 1..100`".to_owned();
    let error = SpecError {
        field: String::new(),
        message: "there are no fields".to_owned(),
        help: Some(help),
    };
    assert_eq!(Schema::parse(&[]).expect_err("is wrong"), [error]);
}

#[test]
fn wrong_lists_and_maps_of_choices_are_explained() {
    let one = |spec| errors(&[("f".to_owned(), spec)]).remove(0);
    let choice = |options| Spec::Map(vec![("choice".to_owned(), options)]);
    assert_eq!(
        one(Spec::List(Vec::new())),
        "f: there is nothing to choose from (write `choice red, green, blue`)"
    );
    assert_eq!(
        one(Spec::List(vec![Spec::Map(fields(&[("a", "uuid")]))])),
        "f: a choice can only hold plain values (write texts or numbers, as in [red, green, blue])"
    );
    assert_eq!(
        one(choice(Spec::Map(vec![("a".to_owned(), text("often"))]))),
        "f: the weight of `a` must be a number from 0 up, not `often` (write a number, such as 10)"
    );
    assert_eq!(
        one(choice(Spec::Map(vec![("a".to_owned(), Spec::List(Vec::new()))]))),
        "f: the weight of `a` must be a number from 0 up, not `a map or list` (write a number, such \
         as 10)"
    );
}

#[rustfmt::skip]
const WRONG_LINES: &[(&str, &str)] = &[
    ("integer 100..1", "the range 100..1 is empty (write 1..100)"),
    ("integer", "`integer` needs a range (write `integer 1..100`)"),
    ("integer 5", "`5` is not a range (write `integer 1..100`)"),
    ("integer 1..x", "`x` is not a bound of `integer` (write `integer 1..100`)"),
    ("integer a..5", "`a` is not a bound of `integer` (write `integer 1..100`)"),
    ("integer 1..", "a range needs both ends (write `integer 1..100`)"),
    ("integer 1..5 step 2", "`integer` does not know `step` (leave it out)"),
    ("integr 1..5", "there is no value type `integr` (did you mean `integer`?)"),
    ("nme", "there is no value type `nme` (did you mean `person.name`?)"),
    ("5", "there is no value type `5` (for a fixed value write `constant 5`)"),
    ("hello world", "there is no value type `hello` (for a fixed value write `constant hello world`)"),
    ("", "the value is empty (write a type, for example `integer 1..100`)"),
    ("float 0..1 decimals 20", "`decimals` must be 0 to 12, not `20` (write `decimals 2`)"),
    ("float 0..1 decimal 2", "`float` does not know `decimal` (did you mean `decimals`?)"),
    ("float 0..1000000000000 decimals 9", "9 decimals are too many for this range (write fewer decimals)"),
    ("float -1e308..1e308", "the range is too wide (write `float 0..1`)"),
    ("normal mean 20", "`normal` needs `sd` (for example `normal mean 20 sd 2 decimals 1`)"),
    ("normal mean 20 sd 0", "`sd` must be above 0, not 0 (write `sd 1`)"),
    ("normal mean x sd 1", "`mean` must be a number, not `x` (write `mean 1.5`)"),
    ("normal sd 1", "`normal` needs `mean` (for example `normal mean 20 sd 2 decimals 1`)"),
    ("normal mean 1 sd 1 min 5 max 2", "`min 5` is above `max 2` (write `min 2 max 5`)"),
    ("normal mean 1 sd 1 min", "`min` has no value (write a value after `min`)"),
    ("normal mean 1 mean 2 sd 1", "`mean` is given twice (keep one of them)"),
    ("poisson mean 20000", "`poisson` takes a mean up to 10000 (write `normal mean 20000 sd 141 decimals 0`)"),
    ("zipf 5..1", "the range 5..1 is empty (write 1..5)"),
    ("beta 1..0 alpha 1 beta 1", "the range 1..0 is empty (write 0..1)"),
    ("sequence from x", "`from` must be a whole number, not `x` (write `from 1`)"),
    ("sequence 5", "`sequence` does not know `5` (its options are from, step)"),
    ("boolean 2", "`boolean` must be a share from 0 to 1, not `2` (write `boolean 0.05` for 5 %)"),
    ("boolean yes", "`boolean` must be a share from 0 to 1, not `yes` (write `boolean 0.05` for 5 %)"),
    ("choice", "there is nothing to choose from (write `choice red, green, blue`)"),
    ("choice a 1, b", "some choices have a weight and some have none (give every choice a weight, or put those that end in a number in double quotes)"),
    ("choice a 0, b 0", "all weights are 0 (give at least one choice a weight)"),
    ("choice a,,b", "there is nothing to choose from (write `choice red, green, blue`)"),
    ("constant", "`constant` needs a value (write `constant hello`)"),
    ("uuid 4", "`uuid` does not know `4` (leave it out)"),
    ("unique 5", "`5` is not a range (write `unique 1..10000`)"),
    ("ulid every x", "`every` must be a duration, not `x` (write `every 50ms`; the units are us, ms, s, m, h, d)"),
    ("time every 0s", "`every` must be a duration, not `0s` (write `every 50ms`; the units are us, ms, s, m, h, d)"),
    ("time every 5 minutes", "`time` does not know `minutes` (its options are from, every, jitter, format)"),
    ("time from yesterday", "`yesterday` is not a time (write it as 2026-01-01T00:00:00Z, or as a day, 2026-01-01)"),
    ("time between 2026-01-01", "`time between` needs two times (write `time between 2026-01-01 and 2026-12-31`)"),
    ("time between 2026-02-01 and 2026-01-01", "there is no time between 2026-02-01 and 2026-01-01 (write `time between 2026-01-01 and 2026-02-01`)"),
    ("time from 2026-02-30", "`2026-02-30` is not a time (write it as 2026-01-01T00:00:00Z, or as a day, 2026-01-01)"),
    ("time format iso", "there is no time format `iso` (write `format rfc3339`, `date`, `unix` or `unix_ms`)"),
    ("time jitter 2", "`jitter` must be a share from 0 to 1, not `2` (write `jitter 0.05` for 5 %)"),
    ("walk min 5 max 1", "there is no room between `min 5` and `max 1` (set `max` above `min`)"),
    ("walk from 50 max 40", "`from 50` is out of bounds (write `from 40`)"),
    ("walk step 0", "`step` must be above 0, not 0 (write `step 1`)"),
    ("wave", "`wave` needs a period (write `period 100` for records, or `period 24h every 1s`)"),
    ("wave period x", "`x` is not a period (write `period 100` for records, or `period 24h every 1s`)"),
    ("wave period 100 every 1s", "a period in records has no `every` (write `period 100` for records, or `period 24h every 1s`)"),
    ("text.words 0", "`text.words` takes 1 to 1000 words, not `0` (write `text.words 3` or `text.words 3..6`)"),
    ("text.words many", "`text.words` takes 1 to 1000 words, not `many` (write `text.words 3` or `text.words 3..6`)"),
    ("text.sentence 3", "`text.sentence` does not know `3` (leave it out)"),
    ("pattern", "`pattern` is empty (write `pattern [A-Z]{3}-[0-9]{4}`)"),
    ("pattern [A-Z", "a `[` in the pattern is never closed (write `[A-Z]`)"),
    ("pattern []", "`[]` holds no character (write `[A-Z]`)"),
    ("pattern [Z-A]", "the range `Z-A` is empty (write `A-Z`)"),
    ("pattern A{x}", "`{x}` is not a count from 0 to 1000 (write `{3}` or `{2,5}`)"),
    ("pattern A{2000}", "`{2000}` is not a count from 0 to 1000 (write `{3}` or `{2,5}`)"),
    ("pattern }", r"`}` stands alone in the pattern (write `\}` for the character itself)"),
    (r"pattern a\", r"the pattern ends in `\` (write `\\` for a backslash)"),
    ("person.name locale xx", "there is no locale `xx` (choose from en, de, fr, it, nl, pt, pt-br, cy, tr, ja, zh, zh-tw, ar, fa)"),
    ("person.name locale de x", "the weight of `de` must be a number from 0 up, not `x` (write a number, such as 10)"),
    ("person.name locale de 0, en 0", "all weights are 0 (write `locale de 0.3, en 0.7`)"),
    ("person.name local de", "`person.name` does not know `local` (did you mean `locale`?)"),
    ("person.name locale de 1 2", "`locale` does not know `2` (write `locale de 0.3, en 0.7`)"),
    ("person.name locale", "`locale` has no value (write `locale de`)"),
    ("email", "there is no value type `email` (did you mean `person.email`?)"),
    ("city", "there is no value type `city` (did you mean `address.city`?)"),
    ("uuid null 2", "`null` must be a share from 0 to 1, not `2` (write `null 0.05` for 5 %)"),
    ("uuid null", "`null` has no share (write `null 0.05` for 5 %)"),
    ("int 1..5", "there is no value type `int` (did you mean `integer`?)"),
    ("walk min 1 max 1", "there is no room between `min 1` and `max 1` (set `max` above `min`)"),
    ("zipf 1..9 exponent 21", "`exponent` must be at most 20, not 21 (write `exponent 1`)"),
    ("beta alpha 0 beta 1", "`alpha` must be above 0.001, not 0 (write `alpha 1`)"),
];
