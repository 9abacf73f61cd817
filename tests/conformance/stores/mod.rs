//! The laws that every store obeys. A store is added by telling how its place is made: `laws(name, fresh)`.
//!
//! Where `src/resource` leaves something open, it is decided here: an idempotency key is looked up first, then the
//! precondition is judged, then whether the record is there, then its unique fields. Only what succeeded is
//! remembered under an idempotency key. Null comes first in both directions.

mod changing;
mod following;
mod keeping;
mod listing;
mod model;
mod model_check;
pub mod paging;
mod repeating;
pub mod samples;
mod together;
mod writing;

use headwater::core::fault::Fault;
use headwater::resource::{Schema, Store};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Where the records of one store live.
pub trait Place: Send + Sync {
    /// Opens it with this schema; the first time it is empty.
    fn open(&self, schema: &Schema) -> Result<Arc<dyn Store>, Fault>;

    /// What was written is there when the place is opened again, and several stores may be open on it at once.
    fn is_shared(&self) -> bool;
}

type Law = fn(&dyn Place);

const LAWS: &[(&str, Law)] = &[
    ("a record is found as it was written", writing::a_record_is_found_as_it_was_written),
    ("outcomes of inserts", writing::inserting_tells_what_is_there),
    ("outcomes of puts", writing::putting_creates_or_replaces),
    ("outcomes of ensuring", writing::ensuring_keeps_what_is_there),
    ("outcomes of replacing", writing::replacing_needs_a_record),
    ("outcomes of patches", writing::patching_sets_some_fields),
    ("outcomes of deletes", writing::deleting_needs_a_record),
    ("preconditions", writing::preconditions_are_judged_before_anything_else),
    ("unique fields", writing::a_unique_value_has_one_owner),
    ("repeats are answered, not done", repeating::a_repeat_is_answered_and_not_done),
    ("a key for something else", repeating::a_key_for_another_request_is_a_mismatch),
    ("failures are not remembered", repeating::a_failure_is_not_remembered),
    ("keys of a group that failed", repeating::a_group_that_fails_forgets_its_keys),
    ("groups of one mind", repeating::an_atomic_group_is_all_or_nothing),
    ("groups of many minds", repeating::the_others_of_a_group_do_not_mind_a_failure),
    ("a group sees its own writes", repeating::a_group_sees_its_own_writes),
    ("comparisons", listing::every_comparison_on_every_kind),
    ("null in comparisons", listing::null_fulfils_only_is_null),
    ("patterns", listing::patterns_match_whole_texts),
    ("sorts", listing::every_kind_sorts_in_both_directions),
    ("the order of insertion", listing::an_update_keeps_its_place_and_a_new_record_is_last),
    ("counts", listing::counting_agrees_with_listing),
    ("pages", paging::pages_cover_the_list_in_every_order),
    ("pages while others write", paging::what_stays_is_listed_exactly_once),
    ("foreign cursors", paging::a_cursor_of_another_order_is_refused),
    ("changes are told in order", following::changes_are_told_in_order),
    ("following from now on", following::following_begins_with_what_comes),
    ("a gap is told", following::a_gap_is_told),
    ("listeners hear before the answer", following::a_listener_hears_before_the_answer),
    ("listeners are told when in step", following::a_listener_is_told_when_in_step),
    ("news of other stores", following::writes_of_another_store_are_told),
    ("who a store is", keeping::a_store_knows_who_it_is),
    ("versions", together::a_read_sees_every_write_up_to_its_version),
    ("no update is lost", together::no_update_is_lost),
    ("one of many inserts wins", together::one_of_many_inserts_wins),
    ("a follower misses nothing", together::a_follower_misses_nothing),
    ("every value comes back", keeping::every_value_comes_back),
    ("keys of every kind", keeping::keys_of_every_kind),
    ("names of every kind", keeping::any_name_will_do),
    ("generated keys", keeping::a_generated_key_is_new),
    ("opening again", keeping::everything_is_there_after_opening_again),
    ("schemas that fit", changing::a_schema_that_fits_is_carried_out),
    ("schemas that do not fit", changing::a_schema_that_does_not_fit_is_refused),
    ("random lives", model_check::a_store_does_what_the_model_does),
];

/// Checks every law, each at a place of its own.
pub fn laws(kind: &str, fresh: &dyn Fn() -> Box<dyn Place>) {
    let is_broken = |law: Law| {
        let place = fresh();
        catch_unwind(AssertUnwindSafe(|| law(&*place))).is_err()
    };
    let broken: Vec<_> = LAWS.iter().filter(|(_, law)| is_broken(*law)).map(|it| it.0).collect();
    assert!(broken.is_empty(), "{kind} breaks: {}", broken.join(", "));
}
