//! The report of one dataset.

use maud::{Markup, PreEscaped, html};

use crate::charts::{
    Chart, Frame, Marks, Placement, SparklineMarks, SvgOptions, Theme, clean, layout, number, svg,
};
use crate::summary::{Column, SourceFacts, Summary};

use super::column;
use super::page::{PageLink, href, page};
use super::quality::{Quality, Verdict, counted, quality_of};
use super::tables;

/// What a report says beyond its summary: where to go from here, and a judgement made elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportContext {
    /// File name of the index page.
    pub index: Option<String>,
    pub previous: Option<PageLink>,
    pub next: Option<PageLink>,
    /// Without it the summary is judged by [`quality_of`].
    pub quality: Option<Quality>,
}

/// One self-contained page. The same summary and context give the same bytes.
pub fn report_html(summary: &Summary, context: &ReportContext) -> String {
    let quality = context.quality.clone().unwrap_or_else(|| quality_of(summary));
    let content = html! {
        header {
            h1 { (clean(&summary.source.name)) }
            p.lead { (lead(summary)) }
        }
        section aria-labelledby="quality" {
            h2 #quality { "Quality" }
            (judgement(summary, &quality))
        }
        section aria-labelledby="columns" {
            h2 #columns { "Columns" }
            @if summary.columns.is_empty() { p.note { "The file has no columns." } }
            @else { (overview(summary)) }
            @for (place, of) in summary.columns.iter().enumerate() {
                (column::section(summary, place, of))
            }
        }
        section aria-labelledby="file" {
            h2 #file { "File" }
            (file_facts(&summary.source))
        }
    };
    page(&format!("{} – report", summary.source.name), &navigation(context), &content)
}

fn navigation(context: &ReportContext) -> Markup {
    let link = |link: &PageLink| (href(&link.file), clean(&link.text));
    html! {
        nav.pages aria-label="Datasets" {
            @if let Some((file, text)) = context.previous.as_ref().map(link) {
                a rel="prev" href=(file) { "← " (text) }
            }
            @if let Some(index) = &context.index { a href=(href(index)) { "All datasets" } }
            @if let Some((file, text)) = context.next.as_ref().map(link) {
                a rel="next" href=(file) { (text) " →" }
            }
        }
    }
}

fn lead(summary: &Summary) -> String {
    format!(
        "{} in {}, {}",
        counted(summary.rows, "row"),
        counted(summary.columns.len() as u64, "column"),
        number::bytes(summary.source.bytes)
    )
}

fn judgement(summary: &Summary, quality: &Quality) -> Markup {
    html! {
        p.verdict { (badge(quality.verdict)) }
        @match quality.reasons.as_slice() {
            [] => p { "Nothing speaks against this dataset." },
            reasons => ul { @for reason in reasons { li { (clean(reason)) } } },
        }
        dl.facts {
            div { dt { "Metadata" } dd { (metadata(summary)) } }
            div { dt { "Rows" } dd { (readable_rows(summary)) } }
        }
        @if !summary.bad_rows.first.is_empty() { (tables::bad_rows(&summary.bad_rows)) }
    }
}

fn metadata(summary: &Summary) -> Markup {
    html! {
        @match &summary.metadata_check {
            None => "There was none to check the file against.",
            Some(check) if check.agrees => "The file is what it declares.",
            Some(check) => {
                "The file differs from it."
                @for disagreement in &check.disagreements { br; (clean(disagreement)) }
            },
        }
    }
}

fn readable_rows(summary: &Summary) -> String {
    match summary.bad_rows.count {
        0 => "Every row could be read.".to_owned(),
        bad => format!(
            "{} could not be read, {} could.",
            number::count(bad),
            number::count(summary.rows)
        ),
    }
}

pub(super) fn badge(verdict: Verdict) -> Markup {
    html! {
        span class={ "badge " (verdict.class()) } {
            span aria-hidden="true" { (verdict.sign()) } " " (verdict.words())
        }
    }
}

/// All columns in one table, each with a thumbnail of its chart and a link to its section.
fn overview(summary: &Summary) -> Markup {
    html! {
        div.scroll role="region" aria-label="Columns at a glance" tabindex="0" {
            table.wide {
                caption { "Columns at a glance" }
                thead { tr {
                    th scope="col" { "column" } th scope="col" { "kind" } th.n scope="col" { "empty" }
                    th.n scope="col" { "different" } th.n scope="col" { "lowest" } th.n scope="col" { "highest" }
                    th scope="col" { "shape" }
                } }
                tbody {
                    @for (place, of) in summary.columns.iter().enumerate() {
                        tr {
                            th scope="row" { a href={ "#" (column::anchor(place)) } { (clean(&of.name)) } }
                            td { (column::kind_words(of.kind)) }
                            td.n { (number::count(of.nulls)) }
                            td.n { (tables::estimate(of.distinct)) }
                            td.n { @if let Some(numbers) = &of.numbers { (number::number(numbers.min)) } }
                            td.n { @if let Some(numbers) = &of.numbers { (number::number(numbers.max)) } }
                            td.spark { (thumbnail(place, of)) }
                        }
                    }
                }
            }
        }
    }
}

fn thumbnail(place: usize, column: &Column) -> Markup {
    let counts: Vec<u64> = match &column.histogram {
        Some(histogram) => histogram.counts.clone(),
        None => column.top.iter().map(|value| value.count).collect(),
    };
    html! {
        @if counts.len() > 1 {
            (sparkline(&format!("shape-{}", place + 1), &column.name, &counts))
        }
    }
}

/// Bars as small as a word.
pub(super) fn sparkline(id: &str, name: &str, counts: &[u64]) -> Markup {
    let chart = Chart {
        title: format!("Shape of {name}"),
        subtitle: String::new(),
        description: peak_sentence(counts),
        marks: Marks::Sparkline(SparklineMarks::Bars(
            counts.iter().map(|count| *count as f64).collect(),
        )),
    };
    let scene = layout(&chart, Frame { width: 96.0, height: 24.0, heading: false });
    let name = id.to_owned();
    let options = SvgOptions { name, placement: Placement::Page, theme: Theme::Automatic };
    html! { (PreEscaped(svg(&scene, &options))) }
}

fn peak_sentence(counts: &[u64]) -> String {
    let peak = counts.iter().enumerate().max_by_key(|(place, count)| (**count, usize::MAX - place));
    match peak {
        Some((place, count)) => {
            let bars = counts.len();
            format!(
                "{bars} bars, the highest is number {} with {}.",
                place + 1,
                counted(*count, "row")
            )
        }
        None => "No rows.".to_owned(),
    }
}

fn file_facts(source: &SourceFacts) -> Markup {
    let delimiter = source.delimiter.as_deref().map(|delimiter| match delimiter {
        "," => "comma".to_owned(),
        ";" => "semicolon".to_owned(),
        "\t" => "tab".to_owned(),
        "|" => "vertical bar".to_owned(),
        other => clean(other),
    });
    html! {
        dl.facts {
            div { dt { "Name" } dd { (clean(&source.file)) } }
            div { dt { "Size" } dd { (number::bytes(source.bytes)) " (" (counted(source.bytes, "byte")) ")" } }
            @if let Some(digest) = &source.sha256 { div { dt { "SHA-256" } dd.digest { (clean(digest)) } } }
            div { dt { "Encoding" } dd { (clean(&source.encoding)) } }
            @if let Some(delimiter) = delimiter { div { dt { "Delimiter" } dd { (delimiter) } } }
        }
    }
}
