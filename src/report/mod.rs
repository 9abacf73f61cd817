//! HTML pages for people: a report of one dataset and an index of all of them. Each page is one file
//! without scripts and without anything fetched from elsewhere.

mod column;
mod dataset;
mod entry;
mod index;
mod page;
mod quality;
mod tables;

pub use dataset::{ReportContext, report_html};
pub use entry::{Highlight, IndexEntry};
pub use index::index_html;
pub use page::{PAGE_STYLE, PageLink};
pub use quality::{Quality, Verdict, quality_of};

#[cfg(test)]
mod tests;
