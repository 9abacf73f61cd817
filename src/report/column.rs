//! One column of a report: heading, chart with its data table, facts and quantiles.

use maud::{Markup, PreEscaped, html};

use crate::charts::{
    Frame, Placement, SvgOptions, Theme, chart_for, clean, layout, number, svg, time,
};
use crate::summary::{Column, Kind, Numbers, Summary, TimeFacts};

use super::quality::counted;
use super::tables;

/// Small enough to stay readable at 320 pixels, where the chart is scaled down by a fifth.
const CHART: Frame = Frame { width: 360.0, height: 210.0, heading: false };

pub(super) fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "whole numbers",
        Kind::Float => "numbers",
        Kind::Boolean => "yes or no",
        Kind::Time => "times",
        Kind::Text => "text",
        Kind::Empty => "empty",
    }
}

pub(super) fn anchor(place: usize) -> String {
    format!("column-{}", place + 1)
}

pub(super) fn section(summary: &Summary, place: usize, column: &Column) -> Markup {
    let anchor = anchor(place);
    let heading = format!("{anchor}-name");
    html! {
        section.column id=(anchor) aria-labelledby=(heading) {
            h3 id=(heading) { (clean(&column.name)) " " span.kind { (kind_words(column.kind)) } }
            div.pair {
                div { (figure(summary, place, column)) }
                div {
                    (facts(summary, column))
                    @if !column.quantiles.is_empty() { (tables::quantiles(column)) }
                }
            }
        }
    }
}

fn figure(summary: &Summary, place: usize, column: &Column) -> Markup {
    let known = summary.rows.saturating_sub(column.nulls);
    let Some(chart) = chart_for(summary, column) else {
        return html! {
            p.note { (no_chart_words(column)) }
            @if !column.top.is_empty() && column.kind != Kind::Empty {
                details { summary { "Most frequent values" } (tables::top_values(column, known)) }
            }
        };
    };
    let scene = layout(&chart, CHART);
    let name = format!("chart-{}", place + 1);
    let options = SvgOptions { name, placement: Placement::Page, theme: Theme::Automatic };
    html! {
        figure {
            (PreEscaped(svg(&scene, &options)))
            figcaption { (clean(&chart.description)) }
        }
        @if let Some(histogram) = column.histogram.as_ref().filter(|_| column.kind != Kind::Text) {
            details { summary { "Data of this chart" } (tables::bins(column, histogram)) }
        }
        @if !column.top.is_empty() {
            details { summary { "Most frequent values" } (tables::top_values(column, known)) }
        }
    }
}

fn no_chart_words(column: &Column) -> &'static str {
    match column.kind {
        Kind::Empty => "Every cell of this column is empty.",
        Kind::Time => "Times are told in words.",
        _ if column.top.is_empty() => "There is nothing to draw.",
        _ => "No value stands out: even the most frequent one occurs once.",
    }
}

fn facts(summary: &Summary, column: &Column) -> Markup {
    let empty = match column.nulls {
        0 => "none".to_owned(),
        nulls => {
            format!("{} ({})", number::count(nulls), number::percent(nulls, summary.rows))
        }
    };
    html! {
        dl.facts {
            (fact("Empty cells", &empty))
            @if column.kind != Kind::Empty { (fact("Different values", &tables::estimate(column.distinct))) }
            @if column.invalid_utf8 > 0 { (fact("Not UTF-8", &counted(column.invalid_utf8, "cell"))) }
            @if let Some(other) = other_kinds(column) { (fact("Does not fit", &other)) }
            @if let Some(numbers) = &column.numbers { (number_facts(numbers)) }
            @if let Some(text) = &column.text {
                (fact(
                    "Length",
                    &format!(
                        "{} to {} characters",
                        number::count(text.shortest),
                        number::count(text.longest)
                    )
                ))
            }
            @if let Some(facts) = &column.time { (time_facts(facts)) }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (clean(value)) } } }
}

fn number_facts(numbers: &Numbers) -> Markup {
    let write = number::number;
    html! {
        (fact("Range", &format!("{} to {}", write(numbers.min), write(numbers.max))))
        (fact("Mean", &format!("{} (standard deviation {})", write(numbers.mean), write(numbers.std))))
        (fact("Sum", &write(numbers.sum)))
        (fact("Skewness", &write(numbers.skewness)))
        @if numbers.zeros > 0 { (fact("Zeros", &number::count(numbers.zeros))) }
        @if numbers.negatives > 0 { (fact("Negative", &number::count(numbers.negatives))) }
        (fact("Outliers", &number::count(numbers.outliers)))
    }
}

fn time_facts(facts: &TimeFacts) -> Markup {
    let disorder = match facts.out_of_order {
        0 => "every row is later than the one above or equal".to_owned(),
        1 => "1 row is earlier than the one above".to_owned(),
        count => format!("{} rows are earlier than the one above", number::count(count)),
    };
    html! {
        (fact("First", &facts.first))
        (fact("Last", &facts.last))
        (fact("Span", &time::duration(facts.span_seconds)))
        (fact("Largest gap", &time::duration(facts.largest_gap_seconds)))
        (fact("Order", &disorder))
    }
}

/// The cells that voted for another kind than the column's own; whole numbers are numbers, too.
fn other_kinds(column: &Column) -> Option<String> {
    if matches!(column.kind, Kind::Text | Kind::Empty) {
        return None;
    }
    let votes = column.votes;
    let numeric = matches!(column.kind, Kind::Integer | Kind::Float);
    let others = [
        ("text", votes.text, true),
        ("times", votes.time, column.kind != Kind::Time),
        ("yes or no", votes.boolean, column.kind != Kind::Boolean),
        ("numbers", votes.integer + votes.float, !numeric),
    ];
    let found: Vec<String> = others
        .into_iter()
        .filter(|(_, count, counts)| *counts && *count > 0)
        .map(|(name, count, _)| format!("{} ({name})", counted(count, "cell")))
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}
