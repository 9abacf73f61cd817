//! A panel as markup: a figure with a name, a sentence and a table behind it, readable without a script.

use crate::charts::{Frame, Placement, SvgOptions, Theme, clean, layout, number, svg};
use crate::core::chart::Chart;
use crate::core::panel::{Cell, Drawn, Form, Sheet};
use crate::views::page::{TABLES, TOPIC};
use crate::views::panels::Names;
use crate::web::Parts;
use maud::{Markup, PreEscaped, html};

/// A page shows the one that fits its width; a scaled chart would have text that is too small or too large. Each is a
/// topic of its own, so that an open page is sent only the one that is seen.
pub(super) const ROOMS: [(&str, f64, f64); 3] =
    [("broad", 960.0, 360.0), ("middle", 560.0, 300.0), ("narrow", 300.0, 260.0)];

/// Rows of a chart's table in the page; the CSV has them all.
const ROWS: usize = 50;

/// A panel with the places that are filled while the page is open.
pub(super) fn shell(names: &Names, filled: &Parts) -> Markup {
    let Names { id, name, form, .. } = names;
    let fill = |ending: &str| {
        let id = format!("{id}-{ending}");
        let markup = filled.iter().find(|(known, _)| *known == id).map(|(_, markup)| markup);
        PreEscaped(markup.cloned().unwrap_or_default())
    };
    let is_wide = *form != Form::Chart;
    html! {
        section class={ "panel" @if is_wide { " wide" } } id=(id) aria-labelledby={ (id) "-name" } {
            h2 id={ (id) "-name" } { (clean(name)) }
            @if *form == Form::Chart {
                figure aria-labelledby={ (id) "-name" } aria-describedby={ (id) "-told" } {
                    @for (room, ..) in ROOMS {
                        div class=(room) id={ (id) "-" (room) } data-topic={ (TOPIC) "/" (room) } {
                            (fill(room))
                        }
                    }
                    figcaption.told id={ (id) "-told" } { (fill("told")) }
                }
                details.data {
                    summary { "As a table" }
                    div.scroll id={ (id) "-table" } data-topic=(TABLES) role="region"
                        aria-label={ "Table of " (clean(name)) } tabindex="0" { (fill("table")) }
                }
            } @else {
                div.told id={ (id) "-told" } { (fill("told")) }
            }
            p.ways id={ (id) "-ways" } { (fill("ways")) }
        }
    }
}

/// What a panel says in words and figures, and where it is to be had in other forms.
pub(super) fn words(names: &Names, drawn: Option<&Drawn>) -> Parts {
    let Names { id, slug, name, form } = names;
    let told = drawn.map_or_else(String::new, |drawn| match form {
        Form::Chart => html! { (clean(&drawn.summary)) }.into_string(),
        Form::Figures => figures(&clean(name), drawn).into_string(),
        Form::Table => latest(&clean(name), drawn).into_string(),
    });
    let ways = drawn.map_or_else(String::new, |drawn| ways(slug, &clean(name), drawn));
    vec![(format!("{id}-told"), told), (format!("{id}-ways"), ways)]
}

fn figures(name: &str, drawn: &Drawn) -> Markup {
    html! {
        @if drawn.figures.is_empty() {
            p.note { (clean(&drawn.summary)) }
        } @else {
            dl.figures {
                @for (label, value) in &drawn.figures {
                    div {
                        dt class=[(*label == name).then_some("unseen")] { (label) }
                        dd { (value) }
                    }
                }
            }
        }
    }
}

fn latest(name: &str, drawn: &Drawn) -> Markup {
    html! {
        div.scroll role="region" aria-label=(name) tabindex="0" {
            (table(name, &drawn.sheet, drawn.sheet.rows.len()))
        }
        p.note { (clean(&drawn.summary)) }
    }
}

/// The picture of a chart for one width of the page; nothing for other panels.
pub(super) fn room(names: &Names, drawn: Option<&Drawn>, room: (&str, f64, f64)) -> Parts {
    if names.form != Form::Chart {
        return Parts::new();
    }
    let chart = drawn.and_then(|drawn| drawn.chart.as_ref());
    let picture = chart.map_or_else(String::new, |chart| picture(&names.id, chart, room));
    vec![(format!("{}-{}", names.id, room.0), picture)]
}

/// The table behind a chart.
pub(super) fn behind(names: &Names, drawn: Option<&Drawn>) -> Parts {
    if names.form != Form::Chart {
        return Parts::new();
    }
    let name = clean(&names.name);
    let markup = drawn.filter(|drawn| drawn.chart.is_some()).map(|drawn| {
        let rows = drawn.sheet.rows.len();
        html! {
            (table(&name, &drawn.sheet, ROWS))
            @if rows > ROWS { p.note { "The first " (ROWS) " of " (rows) " rows; the CSV has all." } }
        }
    });
    vec![(format!("{}-table", names.id), markup.map_or_else(String::new, PreEscaped::into_string))]
}

/// The panel in other forms.
fn ways(slug: &str, name: &str, drawn: &Drawn) -> String {
    let forms = [("svg", "SVG"), ("png", "PNG"), ("csv", "CSV"), ("json", "JSON")];
    let forms = forms.into_iter().skip(if drawn.chart.is_some() { 0 } else { 2 });
    let markup = html! {
        @if !drawn.sheet.rows.is_empty() {
            @for (ending, form) in forms {
                a href={ "panels/" (slug) "." (ending) } aria-label={ (name) " as " (form) } { (form) }
            }
        }
    };
    markup.into_string()
}

fn picture(id: &str, chart: &Chart, (room, width, height): (&str, f64, f64)) -> String {
    let scene = layout(chart, Frame { width, height, heading: false });
    let name = format!("{id}-{room}");
    svg(&scene, &SvgOptions { name, placement: Placement::Page, theme: Theme::Automatic })
}

fn table(name: &str, sheet: &Sheet, most: usize) -> Markup {
    let columns: Vec<Column> = (0..sheet.head.len()).map(|at| Column::of(sheet, at)).collect();
    html! {
        table {
            caption.unseen { (name) }
            thead { tr {
                @for (name, column) in sheet.head.iter().zip(&columns) {
                    th class=[column.class()] scope="col" { (clean(name)) }
                }
            } }
            tbody {
                @for row in sheet.rows.iter().take(most) {
                    tr {
                        @for (cell, column) in row.iter().zip(&columns) {
                            td class=[column.class()] { (column.shown(cell)) }
                        }
                    }
                }
            }
        }
    }
}

/// How the values of a column are written.
struct Column {
    is_number: bool,
    /// From the least to the largest: numbers are told apart.
    span: f64,
}

impl Column {
    fn of(sheet: &Sheet, at: usize) -> Self {
        let cells = || sheet.rows.iter().filter_map(|row| row.get(at));
        let numbers = || {
            cells().filter_map(|cell| if let Cell::Number(it) = cell { Some(*it) } else { None })
        };
        let least = numbers().fold(f64::INFINITY, f64::min);
        let largest = numbers().fold(f64::NEG_INFINITY, f64::max);
        let is_number = least <= largest && !cells().any(|cell| matches!(cell, Cell::Text(_)));
        Self { is_number, span: (largest - least).max(0.0) }
    }

    fn class(&self) -> Option<&'static str> {
        self.is_number.then_some("n")
    }

    fn shown(&self, cell: &Cell) -> String {
        match cell {
            Cell::Empty => "–".to_owned(),
            Cell::Number(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
                let minus = if *value < 0.0 { "−" } else { "" };
                format!("{minus}{}", number::count(value.abs() as u64))
            }
            Cell::Number(value) => number::number_within(*value, self.span),
            Cell::Text(text) => clean(text),
        }
    }
}

/// RFC 4180, with the numbers as they are.
pub(super) fn csv(sheet: &Sheet) -> String {
    let mut text = String::new();
    let head: Vec<Cell> = sheet.head.iter().map(|name| Cell::text(name)).collect();
    for row in std::iter::once(&head).chain(&sheet.rows) {
        let cells: Vec<String> = row.iter().map(written).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => number.to_string(),
        // A spreadsheet would run what begins like a formula.
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            quoted(&format!("'{text}"))
        }
        Cell::Text(text) => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with('\'') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_must_be_and_runs_nothing() {
        let text = |text: &str| Cell::text(text);
        let sheet = Sheet {
            head: vec!["a,b".to_owned(), "n".to_owned()],
            rows: vec![
                vec![text("say \"hi\"\n"), Cell::Number(0.1)],
                vec![text("=1+1"), Cell::Empty],
            ],
        };
        let expected = "\"a,b\",n\r\n\"say \"\"hi\"\"\n\",0.1\r\n\"'=1+1\",\r\n";
        assert_eq!(csv(&sheet), expected);
    }

    #[test]
    fn a_table_keeps_markup_as_text_and_aligns_numbers() {
        let sheet = Sheet {
            head: vec!["<i>".to_owned(), "n".to_owned()],
            rows: vec![vec![Cell::text("<script>"), Cell::Number(-1234.0)]],
        };
        let table = table("<b>", &sheet, 9).into_string();
        assert!(
            !table.contains("<script>") && !table.contains("<i>") && !table.contains("<b>"),
            "{table}"
        );
        assert!(table.contains("<td class=\"n\">−1,234</td>"), "{table}");
    }
}
