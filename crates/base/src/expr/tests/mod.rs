//! Tests of the face as a whole, by theme.

mod agreement;
mod hostile;
mod meaning;
mod messages;
mod outcome;
mod templates;

use outcome::{map, test};
