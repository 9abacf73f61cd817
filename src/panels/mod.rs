//! Panels: the parts of a view's page. To add one, write `name.rs` in this folder and add `name` to the list.

use crate::core::kind::kinds;

kinds! { PanelKind:
    bar,
    histogram,
    line,
    number,
    statistics,
    table,
}
