//! The tables beside the charts: the same numbers for those who read rather than look.

use maud::{Markup, html};

use crate::charts::{clean, number, time};
use crate::summary::{BadRows, Column, Estimate, Histogram, Kind, Quantile, TopValue};

/// The bins of a histogram.
pub(super) fn bins(column: &Column, histogram: &Histogram) -> Markup {
    let written = |edge: f64| match column.kind {
        Kind::Time => time::date_text(edge),
        _ => number::number(edge),
    };
    let edges = histogram.edges.iter().zip(histogram.edges.iter().skip(1));
    html! {
        table {
            caption { "Rows by " (clean(&column.name)) (histogram_error(histogram)) }
            thead { tr { th.n scope="col" { "from" } th.n scope="col" { "to below" } th.n scope="col" { "rows" } } }
            tbody {
                @for ((low, high), count) in edges.zip(&histogram.counts) {
                    tr {
                        th.n scope="row" { (written(*low)) }
                        td.n { (written(*high)) }
                        td.n { (number::count(*count)) }
                    }
                }
            }
        }
    }
}

fn histogram_error(histogram: &Histogram) -> String {
    if histogram.error == 0.0 {
        return String::new();
    }
    format!(" (borders {})", exactness(histogram.error))
}

/// The most frequent values.
pub(super) fn top_values(column: &Column, rows: u64) -> Markup {
    let inexact = column.top.iter().any(|value| value.error > 0);
    html! {
        table {
            caption { "Most frequent values of " (clean(&column.name)) }
            thead { tr { th scope="col" { "value" } th.n scope="col" { "rows" } th.n scope="col" { "share" } } }
            tbody {
                @for value in &column.top {
                    tr {
                        th scope="row" { (shown_value(&value.value)) }
                        td.n { (top_count(value)) }
                        td.n { (number::percent(value.count, rows)) }
                    }
                }
            }
        }
        @if inexact { p.note { "A range is given where a count is not exact; shares are of its upper end." } }
    }
}

fn shown_value(value: &str) -> String {
    let value = clean(value);
    if value.trim().is_empty() { "(blank)".to_owned() } else { value }
}

fn top_count(value: &TopValue) -> String {
    if value.error == 0 {
        return number::count(value.count);
    }
    let least = value.count.saturating_sub(value.error);
    format!("{} to {}", number::count(least), number::count(value.count))
}

pub(super) fn quantiles(column: &Column) -> Markup {
    html! {
        table {
            caption { "Quantiles of " (clean(&column.name)) }
            thead {
                tr {
                    th.n scope="col" { "rows below" }
                    th.n scope="col" { "value" }
                    th scope="col" { "precision" }
                }
            }
            tbody {
                @for quantile in &column.quantiles {
                    tr {
                        th.n scope="row" { (share_below(quantile)) }
                        td.n { (number::number(quantile.value)) }
                        td { (exactness(quantile.error)) }
                    }
                }
            }
        }
    }
}

fn share_below(quantile: &Quantile) -> String {
    // Rounded, because 0.07 times a hundred is not quite 7.
    let share = (quantile.p * 1e4).round() / 100.0;
    let text = format!("{}\u{a0}%", number::number(share));
    if quantile.p == 0.5 { format!("median, {text}") } else { text }
}

/// `exact` or `± 0.4 %`.
pub(super) fn exactness(error: f64) -> String {
    if error == 0.0 {
        "exact".to_owned()
    } else {
        format!("±\u{a0}{}\u{a0}%", number::number(error * 100.0))
    }
}

/// `5,210 ± 1.6 %`; nothing is added to an exact count.
pub(super) fn estimate(estimate: Estimate) -> String {
    let value = number::count(estimate.value);
    if estimate.error == 0.0 {
        return value;
    }
    format!("{value} {}", exactness(estimate.error))
}

pub(super) fn bad_rows(bad: &BadRows) -> Markup {
    let more = bad.count.saturating_sub(bad.first.len() as u64);
    html! {
        div.scroll role="region" aria-label="Bad rows" tabindex="0" {
            table {
                caption {
                    @if more == 0 { "Rows that could not be read" }
                    @else {
                        "The first " (bad.first.len()) " of " (number::count(bad.count))
                        " rows that could not be read"
                    }
                }
                thead { tr { th.n scope="col" { "line" } th.n scope="col" { "byte" } th scope="col" { "reason" } } }
                tbody {
                    @for row in &bad.first {
                        tr {
                            th.n scope="row" { (number::count(row.line)) }
                            td.n { (number::count(row.byte)) }
                            td { (clean(&row.reason)) }
                        }
                    }
                }
            }
        }
    }
}
