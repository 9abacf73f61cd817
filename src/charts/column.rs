//! The chart of one column of a summary.

use crate::summary::{Column, Histogram, Kind, Summary, TopValue};

use super::describe;
use super::number;
use crate::core::chart::{Axis, AxisKind, Bar, BarMarks, Chart, HistogramMarks, Marker, Marks};

/// The chart that shows a column best; `None` when a picture would say nothing. A time column has
/// one only if it carries a histogram, whose edges are then seconds since 1970.
pub fn chart_for(summary: &Summary, column: &Column) -> Option<Chart> {
    match (column.kind, &column.histogram) {
        (Kind::Empty, _) | (Kind::Time, None) => None,
        (Kind::Integer | Kind::Float, Some(bins)) => {
            Some(histogram(summary, column, bins, AxisKind::Number))
        }
        (Kind::Time, Some(bins)) => Some(histogram(summary, column, bins, AxisKind::Time)),
        _ => bars(summary, column),
    }
}

fn histogram(summary: &Summary, column: &Column, bins: &Histogram, kind: AxisKind) -> Chart {
    let median = median(column);
    let marker = median.map(|(value, exact)| {
        let about = if exact { "" } else { "≈ " };
        let written = describe::written(column, value);
        Marker { value, label: format!("median {about}{written}") }
    });
    Chart {
        title: column.name.clone(),
        subtitle: describe::numbers_subtitle(summary, column),
        description: describe::histogram(summary, column, bins),
        marks: Marks::Histogram(HistogramMarks {
            x: Axis::new("", kind),
            y: Axis::new("rows", AxisKind::Count),
            edges: bins.edges.clone(),
            counts: bins.counts.clone(),
            marker,
        }),
    }
}

/// The median and whether it is exact.
pub(super) fn median(column: &Column) -> Option<(f64, bool)> {
    let found = column.quantiles.iter().find(|quantile| quantile.p == 0.5)?;
    Some((found.value, found.error == 0.0))
}

fn bars(summary: &Summary, column: &Column) -> Option<Chart> {
    let most = column.top.first()?;
    let listed_all = column.distinct.value <= column.top.len() as u64;
    // Ten bars of one row each, picked from many such values, would show chance only.
    if most.count <= 1 && !listed_all {
        return None;
    }
    let known = summary.rows.saturating_sub(column.nulls);
    let bars = column.top.iter().map(|value| bar(value, known)).collect();
    Some(Chart {
        title: column.name.clone(),
        subtitle: describe::values_subtitle(summary, column),
        description: describe::bars(summary, column),
        marks: Marks::Bars(BarMarks { bars }),
    })
}

fn bar(value: &TopValue, rows: u64) -> Bar {
    let about = if value.error == 0 { "" } else { "≤ " };
    let share = number::percent(value.count, rows);
    Bar {
        label: value.value.clone(),
        value: value.count as f64,
        note: format!("{about}{} ({share})", number::short_count(value.count)),
    }
}
