//! The rolling overview of all datasets, newest first.

use maud::{Markup, PreEscaped, html};

use crate::charts::{
    Axis, AxisKind, Chart, Frame, LineMarks, Marks, Placement, Point, SvgOptions, Theme, clean,
    layout, number, svg,
};

use super::dataset::{badge, sparkline};
use super::entry::IndexEntry;
use super::page::{href, page};
use super::quality::{Verdict, counted};

/// More rows than this make a page slow to open; older reports keep their files and their links.
const MOST_ROWS: usize = 1000;
const TREND: Frame = Frame { width: 380.0, height: 200.0, heading: false };

/// The index of the given entries, which are in the order in which the datasets were done.
pub fn index_html(entries: &[IndexEntry]) -> String {
    let content = html! {
        header {
            h1 { "Datasets" }
            @if entries.is_empty() { p.lead { "No dataset has been summarised yet." } }
            @else { (totals(entries)) }
        }
        @if entries.len() > 1 {
            section aria-labelledby="trends" {
                h2 #trends { "From dataset to dataset" }
                div.trends {
                    (trend("trend-rows", "Rows", entries, |entry| Some(entry.rows as f64)))
                    @if let Some(column) = shared_column(entries) {
                        (trend("trend-mean", &format!("Mean of {column}"), entries, |entry| mean(entry, &column)))
                    }
                }
            }
        }
        @if !entries.is_empty() { (all(entries)) }
    };
    page("Datasets", &html! {}, &content)
}

fn totals(entries: &[IndexEntry]) -> Markup {
    let sum = |of: fn(&IndexEntry) -> u64| entries.iter().map(of).fold(0, u64::saturating_add);
    let rows = sum(|entry| entry.rows);
    let bad = sum(|entry| entry.bad_rows);
    let with = |verdict| entries.iter().filter(|entry| entry.quality.verdict == verdict).count();
    let (warned, failed) = (with(Verdict::Warn) as u64, with(Verdict::Fail) as u64);
    html! {
        dl.totals {
            (total("datasets", &number::count(entries.len() as u64)))
            (total("rows", &number::short_count(rows)))
            (total("bad rows", &number::short_count(bad)))
            (total("read", &number::bytes(sum(|entry| entry.bytes))))
        }
        p.lead { (verdict_words(entries.len() as u64, warned, failed)) }
    }
}

fn total(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn verdict_words(all: u64, warned: u64, failed: u64) -> String {
    match (warned, failed) {
        (0, 0) if all == 1 => "The dataset is good.".to_owned(),
        (0, 0) => format!("All {} datasets are good.", number::count(all)),
        _ => {
            let good = number::count(all - warned - failed);
            let words = [(warned, Verdict::Warn), (failed, Verdict::Fail)];
            let rest: Vec<String> = words
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, verdict)| match (verdict, count) {
                    (Verdict::Warn, 2..) => format!("{} need a look", number::count(count)),
                    _ => format!("{} {}", number::count(count), verdict.words()),
                })
                .collect();
            format!("{good} good, {}.", rest.join(", "))
        }
    }
}

/// The newest entry's first column of numbers, if an older one has it, too.
fn shared_column(entries: &[IndexEntry]) -> Option<String> {
    let newest = entries.iter().rev().find_map(|entry| entry.highlight.as_ref())?;
    let having = entries.iter().filter(|entry| mean(entry, &newest.column).is_some());
    (having.count() > 1).then(|| newest.column.clone())
}

fn mean(entry: &IndexEntry, column: &str) -> Option<f64> {
    entry.highlight.as_ref().filter(|shown| shown.column == column).map(|shown| shown.mean)
}

fn trend(
    id: &str,
    title: &str,
    entries: &[IndexEntry],
    of: impl Fn(&IndexEntry) -> Option<f64>,
) -> Markup {
    let points: Vec<Point> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| Point { x: (place + 1) as f64, y: of(entry).unwrap_or(f64::NAN) })
        .collect();
    let chart = Chart {
        title: title.to_owned(),
        subtitle: String::new(),
        description: trend_sentence(title, entries, &points),
        marks: Marks::Line(LineMarks::one(
            Axis::new("datasets, oldest to newest", AxisKind::Count),
            Axis::new(title, AxisKind::Number),
            points,
        )),
    };
    let scene = layout(&chart, TREND);
    let name = id.to_owned();
    let options = SvgOptions { name, placement: Placement::Page, theme: Theme::Automatic };
    html! {
        figure {
            (PreEscaped(svg(&scene, &options)))
            figcaption { (clean(&chart.description)) }
        }
    }
}

fn trend_sentence(title: &str, entries: &[IndexEntry], points: &[Point]) -> String {
    let known = || points.iter().zip(entries).filter(|(point, _)| point.y.is_finite());
    let lowest = known().min_by(|one, other| one.0.y.total_cmp(&other.0.y));
    let highest = known().max_by(|one, other| one.0.y.total_cmp(&other.0.y));
    let datasets = counted(known().count() as u64, "dataset");
    let (Some((low, lowest)), Some((high, highest))) = (lowest, highest) else {
        return format!("{title}: nothing to show.");
    };
    if low.y == high.y {
        return format!("{title} of {datasets}, always {}.", number::number(low.y));
    }
    format!(
        "{title} of {datasets}, lowest {} ({}), highest {} ({}).",
        number::number(low.y),
        lowest.name,
        number::number(high.y),
        highest.name
    )
}

fn all(entries: &[IndexEntry]) -> Markup {
    let timed = entries.iter().any(|entry| entry.finished.is_some());
    let older = entries.len().saturating_sub(MOST_ROWS);
    html! {
        section aria-labelledby="all" {
            h2 #all { "All datasets" }
            div.scroll role="region" aria-labelledby="all" tabindex="0" {
                table.wide {
                    caption { "Newest first" }
                    thead { tr {
                        th scope="col" { "dataset" }
                        th scope="col" { "quality" } th.n scope="col" { "rows" }
                        th.n scope="col" { "bad rows" } th.n scope="col" { "columns" }
                        th.n scope="col" { "size" } th scope="col" { (shape_heading(entries)) }
                        @if timed { th scope="col" { "finished" } }
                    } }
                    tbody {
                        @for (place, entry) in entries.iter().enumerate().rev().take(MOST_ROWS) {
                            (row(place, entry, timed))
                        }
                    }
                }
            }
            @if older > 0 { p.note { (counted(older as u64, "older dataset")) " not listed here." } }
        }
    }
}

fn shape_heading(entries: &[IndexEntry]) -> String {
    shared_column(entries).map_or_else(|| "shape".to_owned(), |name| clean(&name))
}

fn row(place: usize, entry: &IndexEntry, timed: bool) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(href(&entry.report)) { (clean(&entry.name)) } }
            td { (badge(entry.quality.verdict)) }
            td.n { (number::count(entry.rows)) }
            td.n { (number::count(entry.bad_rows)) }
            td.n { (number::count(entry.columns)) }
            td.n { (number::bytes(entry.bytes)) }
            td.spark {
                @if let Some(shown) = &entry.highlight {
                    (sparkline(&format!("shape-{}", place + 1), &shown.column, &shown.counts))
                }
            }
            @if timed { td.time { (clean(entry.finished.as_deref().unwrap_or(""))) } }
        }
    }
}
