//! The content of a node's page: how it is, what flowed over time, what it saw last, and how it is configured.

use crate::charts::number::count;
use crate::charts::{
    Axis, AxisKind, Chart, Frame, LineMarks, Marks, Placement, Point, SvgOptions, Theme, decimate,
    layout, svg,
};
use crate::core::time::rfc3339;
use crate::map::graph::Kind;
use crate::map::home::time;
use crate::map::letters;
use crate::map::picture::Shown;
use crate::map::sample::Series;
use crate::map::words;
use maud::{Markup, PreEscaped, html};

/// Everything that a page shows.
#[derive(Debug)]
pub struct View<'a> {
    pub node: &'a Shown,
    /// A quarter of an hour, or a day.
    pub span: Span,
    /// The points of each series that this kind of node has.
    pub lines: Vec<(Series, Vec<Point>)>,
    pub records: Vec<Record>,
    pub errors: Vec<Trouble>,
    /// Of each of its replicas.
    pub letters: Vec<Letters>,
    pub configuration: &'a [(String, String)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Quarter,
    Day,
}

/// One that flowed by, masked and short.
#[derive(Debug, Clone)]
pub struct Record {
    /// Milliseconds since 1970.
    pub at: i64,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Trouble {
    pub reason: String,
    pub times: u64,
    pub first: i64,
    pub last: i64,
}

/// Dead letters, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Letters {
    /// The replica, or the flow that has but one.
    pub flow: String,
    pub shown: Vec<Letter>,
    /// How many there are, as far as they are kept.
    pub kept: u64,
    /// Requests that the flow has not carried out yet.
    pub waiting: usize,
    /// What became of the last ones, the newest first.
    pub answers: Vec<Answer>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// RFC 3339.
    pub time: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Letter {
    /// RFC 3339.
    pub time: String,
    pub reason: String,
    pub text: String,
    pub number: u64,
    /// Where it was rejected.
    pub place: String,
    /// How often it was replayed already.
    pub tries: u64,
    /// Why it cannot be replayed.
    pub refusal: Option<&'static str>,
}

/// Columns that a line keeps.
const COLUMNS: usize = 240;

/// Which lines a kind of node has.
pub fn series_of(kind: Kind) -> &'static [Series] {
    match kind {
        Kind::Flow => {
            &[Series::Given, Series::Waiting, Series::Oldest, Series::Latency, Series::Errors]
        }
        Kind::Server | Kind::View | Kind::Gate => {
            &[Series::Taken, Series::Latency, Series::Errors, Series::GivenBytes]
        }
        Kind::Cache => &[Series::Taken, Series::HitRatio, Series::HitLatency, Series::MissLatency],
        Kind::Store => &[Series::Taken, Series::Latency, Series::Errors],
        Kind::Resource | Kind::File | Kind::Address => &[],
    }
}

/// What the series is called, its unit, and by how much its values are multiplied.
fn named(series: Series, kind: Kind) -> (String, &'static str, f64) {
    let unit = words::unit(kind);
    match series {
        Series::Taken => (capital(unit), "a second", 1.0),
        Series::Given => ("Records stored".to_owned(), "a second", 1.0),
        Series::TakenBytes => ("Bytes in".to_owned(), "a second", 1.0),
        Series::GivenBytes => ("Bytes out".to_owned(), "a second", 1.0),
        Series::Errors => ("Errors".to_owned(), "a second", 1.0),
        Series::Waiting if kind == Kind::Flow => ("Records that wait".to_owned(), "records", 1.0),
        Series::Waiting => ("Open connections".to_owned(), "connections", 1.0),
        Series::Oldest => ("Age of the oldest that waits".to_owned(), "seconds", 1.0),
        Series::Reading => ("Time spent reading".to_owned(), "%", 100.0),
        Series::Stepping => ("Time spent in steps".to_owned(), "%", 100.0),
        Series::Writing => ("Time spent writing".to_owned(), "%", 100.0),
        Series::Latency if kind == Kind::Flow => ("Time of a delivery".to_owned(), "ms", 1e3),
        Series::Latency if kind == Kind::Store => ("Time of a read".to_owned(), "ms", 1e3),
        Series::Latency => ("Time of an answer".to_owned(), "ms", 1e3),
        Series::HitRatio => ("Reads that the cache answers".to_owned(), "%", 100.0),
        Series::HitLatency => ("Time of a hit".to_owned(), "µs", 1e6),
        Series::MissLatency => ("Time of a miss".to_owned(), "µs", 1e6),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The pieces that change while the page is open, by their ids.
pub fn parts(view: &View) -> Vec<(String, String)> {
    let mut parts = vec![("state".to_owned(), state(view).into_string())];
    parts.extend(view.lines.iter().enumerate().map(|(at, (series, points))| {
        (format!("line-{at}"), figure(view, at, *series, points).into_string())
    }));
    if view.node.node.kind == Kind::Gate {
        parts.push(("lanes".to_owned(), lanes(view).into_string()));
    }
    parts.push(("records".to_owned(), records(view).into_string()));
    parts.push(("errors".to_owned(), errors(view).into_string()));
    parts
}

pub fn content(view: &View) -> Markup {
    html! {
        div #state { (state(view)) }
        @if !view.lines.is_empty() {
            section.over-time aria-labelledby="over-time" {
                h2 #over-time { "Over time" }
                p.ways {
                    a href="?" aria-current=[(view.span == Span::Quarter).then_some("true")] { "15 minutes" }
                    a href="?span=day" aria-current=[(view.span == Span::Day).then_some("true")] { "24 hours" }
                }
                div.lines {
                    @for (at, (series, points)) in view.lines.iter().enumerate() {
                        figure id={ "line-" (at) } aria-label=(named(*series, view.node.node.kind).0) {
                            (figure(view, at, *series, points))
                        }
                    }
                }
            }
        }
        @if view.node.node.kind == Kind::Flow {
            section { h2 { "Last records" } div #records { (records(view)) } }
            section { h2 { "Last errors" } div #errors { (errors(view)) } }
            section #dead-letters {
                h2 { "Dead letters" }
                (letters::section(&view.letters))
            }
        }
        @if view.node.node.kind == Kind::Gate {
            section { h2 { "Replicas" } div #lanes { (lanes(view)) } }
        }
        section {
            h2 { "Configuration" }
            dl.facts {
                @for (name, value) in view.configuration {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

fn state(view: &View) -> Markup {
    let (node, reading) = (&view.node.node, &view.node.reading);
    let (now, totals) = (&reading.now, &reading.totals);
    html! {
        p.lead {
            span.state.bad[reading.condition.is_bad() || reading.reason.is_some()] {
                span aria-hidden="true" { (words::sign(reading.condition)) } " " (reading.condition.word())
            }
            " " (capital(node.kind.word()))
            @if let Some(many) = words::replicas(reading) { ", " (many) }
            @for address in &reading.addresses { " · " a href=(address) { (address) } }
        }
        @if let Some(reason) = &reading.reason { p.trouble { (reason) } }
        dl.figures {
            @if let Some(headline) = words::headline(view.node) {
                div { dt { (words::unit(node.kind)) } dd { (headline) } }
            }
            @if node.kind == Kind::Flow {
                div { dt { "stored in all" } dd { (count(totals.given)) } }
                div { dt { "wait" } dd { (count(now.waiting.unwrap_or_default() as u64)) } }
                div { dt { "oldest" } dd { (words::seconds(now.oldest_seconds.unwrap_or_default())) } }
                div { dt { "dead letters" } dd { (count(totals.dead_letters)) } }
                @if totals.refused > 0 { div { dt { "refused" } dd { (count(totals.refused)) } } }
            }
            @if node.kind.is_service() && node.kind != Kind::Flow {
                div { dt { "answered in all" } dd { (count(totals.taken)) } }
                @if let Some(slow) = now.latency_p99_seconds {
                    div { dt { "99 of 100 answers within" } dd { (words::seconds(slow)) } }
                }
            }
            @if let Some(hit) = now.hit_latency_seconds { div { dt { "a hit takes" } dd { (words::seconds(hit)) } } }
            @if let (Some(miss), true) = (now.miss_latency_seconds, node.kind == Kind::Cache) {
                div { dt { "a miss takes" } dd { (words::seconds(miss)) } }
                @if let Some(hit) = now.hit_latency_seconds.filter(|hit| *hit > 0.0 && miss > hit * 1.5) {
                    div { dt { "a hit is quicker" } dd { (format!("{:.0}×", miss / hit)) } }
                }
            }
            div { dt { "errors" } dd { (count(totals.errors)) } }
        }
        @if node.kind == Kind::Flow {
            p.note {
                "Of the time, the source takes " (share(now.reading)) ", the steps " (share(now.stepping))
                ", the sink " (share(now.writing)) "."
            }
        }
    }
}

/// A line for each replica behind a gate.
fn lanes(view: &View) -> Markup {
    let lanes = &view.node.reading.lanes;
    html! {
        @if lanes.is_empty() {
            p.note { "No replica is found yet." }
        } @else {
            div.scroll { table {
                thead { tr {
                    th { "Replica" } th { "State" } th.n { "Share" } td {} th.n { "Requests" }
                    th.n { "Under way" } th.n { "Failures" } th.n { "An answer takes" }
                } }
                tbody { @for lane in lanes {
                    tr {
                        th scope="row" { (lane.replica) }
                        td { (lane.state) }
                        td.n { (words::percent(lane.share)) }
                        td { meter min="0" max="1" value=(lane.share) aria-label="share" {} }
                        td.n { (count(lane.requests)) }
                        td.n { (count(u64::from(lane.in_flight))) }
                        td.n { (count(lane.failures)) }
                        td.n { (words::seconds(lane.seconds)) }
                    }
                } }
            } }
        }
    }
}

fn share(value: Option<f32>) -> String {
    value.map_or_else(|| "–".to_owned(), words::percent)
}

fn figure(view: &View, at: usize, series: Series, points: &[Point]) -> Markup {
    let (title, unit, factor) = named(series, view.node.node.kind);
    let scaled: Vec<Point> =
        points.iter().map(|point| Point { x: point.x, y: measured(point.y * factor) }).collect();
    let known: Vec<f64> = scaled.iter().map(|it| it.y).filter(|y| y.is_finite()).collect();
    if known.is_empty() {
        return html! { (heading(&title, unit)) p.note { "Nothing is known yet." } };
    }
    let highest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let last = known.last().copied().unwrap_or_default();
    let say = crate::charts::number::number;
    let description =
        format!("{title}: now {} {unit}, at most {} {unit}.", say(last), say(highest));
    let chart = Chart {
        title: title.clone(),
        subtitle: unit.to_owned(),
        description: description.clone(),
        marks: Marks::Line(LineMarks::one(
            Axis::new("", AxisKind::Time),
            Axis::new("", if unit == "%" { AxisKind::Percent } else { AxisKind::Number }),
            thinned(&scaled),
        )),
    };
    let options = SvgOptions {
        name: format!("chart-{at}"),
        placement: Placement::Page,
        theme: Theme::Automatic,
    };
    let scene = layout(&chart, Frame { width: 400.0, height: 160.0, heading: false });
    html! {
        (heading(&title, unit))
        (PreEscaped(svg(&scene, &options)))
        figcaption { (description) }
        details.data { summary { "As a table" } (table(&title, unit, &scaled)) }
    }
}

/// Three digits: what is measured within a second has no more.
fn measured(value: f64) -> f64 {
    let size = value.abs();
    if !(1e-9..1e3).contains(&size) {
        return if size >= 1e3 { value.round() } else { value };
    }
    let step = 10_f64.powi(2 - size.log10().floor() as i32);
    (value * step).round() / step
}

fn heading(title: &str, unit: &str) -> Markup {
    html! { h3 { (title) " " span.quiet { (unit) } } }
}

/// Gaps stay gaps: each stretch that is known is thinned alone.
fn thinned(points: &[Point]) -> Vec<Point> {
    let columns = |many: usize| (COLUMNS * many / points.len().max(1)).max(2);
    let stretches = points.chunk_by(|one, next| one.y.is_finite() == next.y.is_finite());
    let thin = |stretch: &[Point]| match stretch.first() {
        Some(first) if first.y.is_finite() => decimate(stretch, columns(stretch.len())),
        Some(first) => vec![*first],
        None => Vec::new(),
    };
    stretches.flat_map(thin).collect()
}

/// Fifteen rows say as much as anybody reads.
fn table(title: &str, unit: &str, points: &[Point]) -> Markup {
    let step = points.len().div_ceil(15).max(1);
    let rows = points.chunks(step).filter_map(|chunk| {
        let known: Vec<f64> = chunk.iter().map(|it| it.y).filter(|y| y.is_finite()).collect();
        let at = chunk.first()?.x;
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (!known.is_empty()).then_some((at, mean, most))
    });
    let say = crate::charts::number::number;
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (title) " as a table" } {
            table {
                caption.unseen { (title) }
                thead {
                    tr {
                        th scope="col" { "From" }
                        th.n scope="col" { "Mean, " (unit) }
                        th.n scope="col" { "Most" }
                    }
                }
                tbody {
                    @for (at, mean, most) in rows {
                        tr {
                            th scope="row" { (time(&rfc3339((at * 1000.0) as i64))) }
                            td.n { (say(mean)) }
                            td.n { (say(most)) }
                        }
                    }
                }
            }
        }
    }
}

fn records(view: &View) -> Markup {
    html! {
        @if view.records.is_empty() {
            p.note { "None yet." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Last records" {
                table.records {
                    caption.unseen { "Last records" }
                    thead { tr { th scope="col" { "Delivered" } th scope="col" { "Record" } } }
                    tbody {
                        @for record in view.records.iter().rev() {
                            tr {
                                th scope="row" { (time(&rfc3339(record.at))) }
                                td { code { (record.text) } }
                            }
                        }
                    }
                }
            }
            p.note { "Some of them, at most five a second; long values are cut, and secrets are masked." }
        }
    }
}

fn errors(view: &View) -> Markup {
    html! {
        @if view.errors.is_empty() {
            p.note { "None since it started." }
        } @else {
            ul.errors {
                @for trouble in view.errors.iter().rev() {
                    li {
                        (trouble.reason) " "
                        span.quiet {
                            @if trouble.times > 1 {
                                (count(trouble.times)) " times since " (time(&rfc3339(trouble.first))) ", the last at "
                            }
                            (time(&rfc3339(trouble.last)))
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::measured;

    #[test]
    fn a_measured_value_has_three_digits() {
        let said: Vec<String> = [0.99694, 26.543, 8.0, 1189.4, 0.0, -3.9841, f64::NAN]
            .into_iter()
            .map(|value| measured(value).to_string())
            .collect();
        assert_eq!(said, ["0.997", "26.5", "8", "1189", "0", "-3.98", "NaN"]);
    }
}
