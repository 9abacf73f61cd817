//! Synthetic records from a schema: `record(i)` is a pure function of seed, origin, stream and `i`.
//! The language of the value types is listed, with examples, by [`Schema::kinds`] (`kinds.rs`).
//! Pacing and delivery live elsewhere: one integer, the index, is all the state there is.
//!
//! A field is one line, `TYPE [what it needs] [option value]… [null SHARE]`:
//!
//! ```text
//! user_id:  unique 1..10000
//! name:     person.name locale de 0.3, en 0.7
//! email:    person.email                          # the same person as in `name`
//! age:      integer 18..80 null 0.05
//! status:   choice ok 95, warn 4, error 1         # or { choice: { ok: 95, warn: 4, error: 1 } }
//! colour:   [red, green, blue]                    # a list is a choice with equal shares
//! at:       time every 50ms jitter 0.2
//! reading:  walk from 20 step 0.5 min -10 max 40 decimals 2
//! place:    { city: address.city, latitude: geo.latitude }     # a map is a nested object
//! ```
//!
//! - A field's values depend on its own path only: adding, removing or moving others changes none.
//! - In one object the first `person.name`, `person.email`, … are one person, the second ones another;
//!   the same holds for `address` and its parts. A locale given once holds for all of that group.
//! - `null SHARE` as the last words of any line makes that share of the values null.
//! - Words in double quotes are text as it stands; bare numbers, `true`, `false` keep their JSON type.
//! - Real mail boxes and hosts are never generated: they end in the reserved `example` domains.

mod alias;
mod business;
mod calendar;
mod choice;
mod clause;
mod decimal;
mod distribution;
mod faults;
mod identifier;
mod instant;
mod internet;
mod kinds;
mod layout;
mod literal;
mod locale;
mod names;
mod normal;
mod number;
mod parallel;
mod parse;
mod pattern;
mod person;
mod place;
mod random;
mod record;
mod schema;
mod spec;
mod text;
mod value;
mod walk;
mod wave;
mod zipf;

#[cfg(test)]
mod tests;

pub use faults::{Delivery, Faults, Injected};
pub use kinds::Kind;
pub use parallel::{Format, generate_parallel};
pub use record::Generator;
pub use schema::Schema;
pub use spec::{Spec, SpecError};
