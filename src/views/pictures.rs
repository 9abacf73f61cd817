//! `/panels/NAME.svg`, `.png`, `.csv` and `.json`, and the badge: a panel for curl, for documents and for other pages.

use crate::charts::Weight;
use crate::charts::number::count;
use crate::charts::{
    Chart, Frame, Marks, Placement, SvgOptions, Theme, escape, layout, png, svg, text_width,
};
use crate::core::chart::AxisKind;
use crate::core::panel::{Cell, Drawn};
use crate::core::text::append;
use crate::core::time::unix_ms;
use crate::core::unit;
use crate::formats::form::{decode_path, decode_query};
use crate::server::{Problem, Request, Response};
use crate::views::markup;
use crate::views::serve::{Serving, nothing};
use crate::web;
use serde_json::json;
use std::ops::RangeInclusive;

/// Sizes of a picture in pixels: from a thumbnail to a wall.
const WIDTHS: RangeInclusive<f64> = 120.0..=4000.0;
const HEIGHTS: RangeInclusive<f64> = 80.0..=3000.0;

/// How a picture is asked for.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    theme: Theme,
    width: f64,
    height: f64,
    /// Seconds since 1970.
    from: Option<f64>,
    to: Option<f64>,
}

pub(super) async fn panel(serving: &Serving, request: &Request) -> Result<Response, Problem> {
    let name = decode_path(&request.segment);
    let (slug, ending) = name.rsplit_once('.').ok_or_else(nothing)?;
    let asked = asked(request.query.as_deref().unwrap_or_default())?;
    let (index, names) = serving.place(slug).ok_or_else(nothing)?;
    let snapshot = serving.look().await;
    let Some(drawn) = snapshot.drawn.get(index) else {
        return Err(Problem::new(404, "There are no records, so there is nothing to show yet."));
    };
    let drawn = within(drawn.clone(), &asked)?;
    match ending {
        "csv" => Ok(web::fresh(request, "text/csv; charset=utf-8", markup::csv(&drawn.sheet))),
        "json" => Ok(web::fresh(request, "application/json", drawn.data.to_string())),
        "svg" => {
            let scene = layout(chart(&drawn)?, frame(&asked));
            let name = names.slug.clone();
            let options = SvgOptions { name, placement: Placement::File, theme: asked.theme };
            Ok(web::fresh(request, "image/svg+xml", svg(&scene, &options)))
        }
        "png" => {
            let scene = layout(chart(&drawn)?, frame(&asked));
            let theme = asked.theme;
            // Drawing takes a while, and other requests wait on this thread.
            let drawing = tokio::task::spawn_blocking(move || png(&scene, 2.0, theme)).await;
            let bytes =
                drawing.map_err(|_| Problem::new(500, "The picture could not be drawn."))?;
            let bytes = bytes.map_err(|error| Problem::new(400, error.to_string()))?;
            Ok(Response::new(200, "image/png", bytes).with_header("cache-control", "no-store"))
        }
        _ => Err(nothing()),
    }
}

fn chart(drawn: &Drawn) -> Result<&Chart, Problem> {
    let words = "This panel has no picture at present; ask for its .csv or .json.";
    drawn.chart.as_ref().ok_or_else(|| Problem::new(404, words))
}

fn frame(asked: &Asked) -> Frame {
    Frame { width: asked.width, height: asked.height, heading: true }
}

fn asked(query: &str) -> Result<Asked, Problem> {
    let mut asked =
        Asked { theme: Theme::Automatic, width: 960.0, height: 400.0, from: None, to: None };
    for (name, value) in decode_query(query) {
        match name.as_str() {
            "theme" => {
                asked.theme = match value.as_str() {
                    "light" => Theme::Light,
                    "dark" => Theme::Dark,
                    "auto" => Theme::Automatic,
                    _ => return Err(wrong("`theme` is light, dark or auto.")),
                }
            }
            "w" => asked.width = size(&value, &WIDTHS, "`w` is a width of 120 to 4000 pixels.")?,
            "h" => asked.height = size(&value, &HEIGHTS, "`h` is a height of 80 to 3000 pixels.")?,
            "from" => asked.from = Some(moment(&value)?),
            "to" => asked.to = Some(moment(&value)?),
            _ => {}
        }
    }
    Ok(asked)
}

fn wrong(words: &'static str) -> Problem {
    Problem::new(400, words)
}

fn size(text: &str, range: &RangeInclusive<f64>, words: &'static str) -> Result<f64, Problem> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| wrong(words))
}

const MOMENTS: &str = "\
    `from` and `to` are times like 2026-11-21T12:00:00Z, seconds since 1970, or so long ago: -15m.";

/// A time as RFC 3339, in seconds since 1970, or so long ago: `-15m`.
fn moment(text: &str) -> Result<f64, Problem> {
    if let Some(Ok(ago)) = text.strip_prefix('-').map(unit::duration) {
        return Ok(unix_ms() as f64 / 1000.0 - ago.as_secs_f64());
    }
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    let time = || Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond() as f64 / 1000.0);
    seconds.or_else(time).ok_or_else(|| wrong(MOMENTS))
}

/// Of a line over time only what lies between the two times.
fn within(mut drawn: Drawn, asked: &Asked) -> Result<Drawn, Problem> {
    if asked.from.is_none() && asked.to.is_none() {
        return Ok(drawn);
    }
    let (low, high) = (asked.from.unwrap_or(f64::MIN), asked.to.unwrap_or(f64::MAX));
    let Some(Chart { marks: Marks::Line(line), .. }) = &mut drawn.chart else {
        return Err(wrong("Only a line over time has a `from` and a `to`."));
    };
    if line.x.kind != AxisKind::Time {
        return Err(wrong("Only a line over time has a `from` and a `to`."));
    }
    for line in &mut line.lines {
        line.points.retain(|point| (low..=high).contains(&point.x));
        let known = line.points.iter().filter(|point| point.y.is_finite());
        let points = known.map(|point| json!([point.x, point.y])).collect();
        match drawn.data.get_mut("lines") {
            Some(lines) => lines[&line.name] = points,
            None => drawn.data["points"] = points,
        }
    }
    drawn.sheet.rows.retain(|row| match row.first() {
        Some(Cell::Text(time)) => moment(time).is_ok_and(|at| (low..=high).contains(&at)),
        _ => true,
    });
    Ok(drawn)
}

/// A small picture for a README: the first figure of a panel, or how many records there are.
pub(super) async fn badge(serving: &Serving, request: &Request) -> Result<Response, Problem> {
    let parameters = decode_query(request.query.as_deref().unwrap_or_default());
    let get = |wanted: &str| {
        parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let snapshot = serving.look().await;
    let records = snapshot.records.map_or_else(|| "?".to_owned(), |it| count(it as u64));
    let (mut label, value) = match get("panel") {
        None => (serving.words.records.clone(), records),
        Some(slug) => {
            let (index, _) = serving.place(slug).ok_or_else(nothing)?;
            let figure = snapshot.drawn.get(index).and_then(|drawn| drawn.figures.last());
            figure.cloned().ok_or_else(|| Problem::new(404, "This panel has no figure."))?
        }
    };
    if let Some(wanted) = get("label") {
        label = wanted.chars().take(60).collect();
    }
    Ok(web::fresh(request, "image/svg+xml", badge_svg(&label, &value)))
}

fn badge_svg(label: &str, value: &str) -> String {
    let width = |text: &str| (text_width(text, 11.0, Weight::Regular) + 14.0).ceil();
    let (left, right) = (width(label), width(value));
    let (all, value_at) = (left + right, left + right / 2.0);
    let (label, value) = (escape(label), escape(value));
    let mut text = String::new();
    append(
        &mut text,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}: {value}\" \
             width=\"{all}\" height=\"20\"><title>{label}: {value}</title>\
             <rect width=\"{all}\" height=\"20\" rx=\"3\" fill=\"#3b4450\"/>\
             <path d=\"M{left} 0h{}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z\" fill=\"#256aa8\"/>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" \
             font-size=\"11\"><text x=\"{}\" y=\"14\">{label}</text>\
             <text x=\"{value_at}\" y=\"14\">{value}</text></g></svg>\n",
            right - 3.0,
            left / 2.0
        ),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_theme_a_size_and_a_time_or_is_refused() {
        let asked_for = |query: &str| asked(query).map_err(|problem| problem.detail);
        let wanted = asked_for("theme=dark&w=300&h=200&from=1970-01-01T00:01:00Z&to=90").unwrap();
        assert_eq!((wanted.theme, wanted.width, wanted.height), (Theme::Dark, 300.0, 200.0));
        assert_eq!((wanted.from, wanted.to), (Some(60.0), Some(90.0)));
        let ago = unix_ms() as f64 / 1000.0 - asked_for("from=-5m").unwrap().from.unwrap();
        assert!((300.0..301.0).contains(&ago), "{ago}");
        for query in ["theme=blue", "w=1", "w=1e9", "h=NaN", "from=noon", "to=inf", "from=-5x"] {
            assert!(asked_for(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_badge_keeps_markup_as_text() {
        let badge = badge_svg("<b>users", "1,234");
        roxmltree::Document::parse(&badge).unwrap();
        assert!(badge.contains("&lt;b&gt;users: 1,234"), "{badge}");
    }
}
