//! Tests of the generator through its public face.

mod faults;
mod golden;
mod locales;
mod messages;
mod notation;
mod purity;
mod samples;
mod spread;

use samples::{
    ORIGIN, csv, everything, fields, generator_of, json, ndjson, number, single, text, value,
};
