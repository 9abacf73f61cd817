//! Tests of summaries, by what they promise.

mod bounds;
mod exact;
mod input;

use crate::summary::{Column, Options, SourceFacts, Summary, summarise_csv};

fn summary(file: impl AsRef<[u8]>) -> Summary {
    summarise_csv(file.as_ref(), Options::default(), SourceFacts::default()).unwrap()
}

/// The only column of a file with these cells.
fn column<T: ToString>(cells: impl IntoIterator<Item = T>) -> Column {
    let mut file = String::from("a,b\n");
    for cell in cells {
        file.push_str(&cell.to_string());
        file.push_str(",x\n");
    }
    summary(file).columns.swap_remove(0)
}
