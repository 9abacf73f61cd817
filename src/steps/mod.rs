//! Steps: what changes records on their way. To add one, write `name.rs` in this folder and add `name`
//! to the list.

use crate::core::kind::kinds;

kinds! { StepKind:
    filter,
    map,
    summarise,
}
