//! From a column to finished files: the exact SVG, sound XML, and pictures with readable text in them.

use std::fs;
use std::path::Path;

use super::sample::{HOSTILE, column, summary, text_column, value_column};
use super::*;
use crate::summary::{Column, Kind};

fn scene_of(column: &Column) -> Scene {
    let chart = chart_for(&summary(Vec::new()), column).expect("the column has a chart");
    layout(&chart, Frame::default())
}

fn svg_of(column: &Column) -> String {
    svg(&scene_of(column), &SvgOptions { name: "value".to_owned(), ..SvgOptions::default() })
}

/// Compares with a file of `golden/`; with `HEADWATER_WRITE_GOLDEN` set it is written instead.
fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/charts/golden").join(name);
    if std::env::var_os("HEADWATER_WRITE_GOLDEN").is_some() {
        #[expect(clippy::disallowed_methods, reason = "golden files lie on the real disk")]
        fs::write(&path, found).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).expect("the golden file can be read");
    assert!(found == golden, "{name} differs; look at it and set HEADWATER_WRITE_GOLDEN");
}

fn pixels(bytes: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.line_size, pixels)
}

#[test]
fn the_svg_is_the_same_to_the_byte() {
    assert_golden("histogram.svg", &svg_of(&value_column()));
    let cities = [("Berlin", 40), ("Zürich", 35), ("", 5), ("漢字", 1)];
    assert_golden("bars.svg", &svg_of(&text_column("city", &cities)));
    let points = (0..40).map(|at| Point { x: f64::from(at) * 3600.0, y: f64::from(at % 9) });
    let y = Axis::new("rows", AxisKind::Number);
    let line = LineMarks::one(Axis::new("", AxisKind::Time), y, points.collect());
    let chart = Chart {
        title: "Rows".to_owned(),
        subtitle: String::new(),
        description: "Rows over time.".to_owned(),
        marks: Marks::Line(line),
    };
    assert_golden("line.svg", &svg(&layout(&chart, Frame::default()), &SvgOptions::default()));
}

#[test]
fn hostile_names_stay_text_in_well_formed_xml() {
    let hostile = text_column(HOSTILE, &[(HOSTILE, 3), ("\u{ffff}\u{b}", 2)]);
    for placement in [Placement::File, Placement::Page] {
        let options = SvgOptions { name: HOSTILE.to_owned(), placement, theme: Theme::Automatic };
        let text = svg(&scene_of(&hostile), &options);
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        assert!(document.descendants().all(|node| !node.has_tag_name("script")));
        assert!(text.contains("&lt;script&gt;"));
    }
}

#[test]
fn an_svg_is_named_and_described_and_its_ids_carry_the_prefix() {
    let text = svg_of(&value_column());
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let by_id = |id: &str| document.descendants().find(|node| node.attribute("id") == Some(id));
    let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
    assert_eq!(named, ["value-title", "value-desc"]);
    assert_eq!(by_id("value-title").and_then(|node| node.text()), Some("value"));
    let sentence = "value of 100 rows, 0.4 to 99.1, median 48; most lie between 40 and 60.";
    assert_eq!(by_id("value-desc").and_then(|node| node.text()), Some(sentence));
}

#[test]
fn a_chart_file_is_small_and_follows_the_readers_theme() {
    let text = svg_of(&value_column());
    assert!(text.len() < 8000, "{}", text.len());
    assert!(text.contains("prefers-color-scheme:dark"));
    let fixed = |theme| style_rules(theme).contains("prefers-color-scheme");
    assert!(!fixed(Theme::Light) && !fixed(Theme::Dark));
    assert_ne!(style_rules(Theme::Light), style_rules(Theme::Dark));
}

#[test]
fn a_png_decodes_and_has_text_where_the_title_stands() {
    let bytes = png(&scene_of(&value_column()), 2.0, Theme::Light).unwrap();
    let (line, pixels) = pixels(&bytes);
    assert_eq!((line / 3, pixels.len() / line), (1280, 720));
    let title = pixels.chunks(line).skip(32).take(30).flat_map(|row| &row[32 * 3..90 * 3]);
    assert!(title.filter(|channel| **channel < 100).count() > 200);
}

#[test]
fn both_themes_of_a_png_differ_and_each_is_the_same_every_time() {
    let scene = scene_of(&value_column());
    let light = png(&scene, 2.0, Theme::Light).unwrap();
    let dark = png(&scene, 2.0, Theme::Dark).unwrap();
    assert_ne!(light, dark);
    assert_eq!(light, png(&scene, 2.0, Theme::Automatic).unwrap());
    assert_eq!(dark, png(&scene, 2.0, Theme::Dark).unwrap());
    assert_eq!(pixels(&light).1.first(), Some(&255));
    assert!(pixels(&dark).1.first().is_some_and(|red| *red < 50));
}

#[test]
fn letters_outside_the_font_are_drawn_as_boxes() {
    let drawn = |name: &str| png(&scene_of(&text_column("x", &[(name, 1)])), 1.0, Theme::Light);
    let blank = drawn("\u{2009}\u{2009}").unwrap();
    assert_ne!(drawn("漢字").unwrap(), blank);
    assert!(drawn("🦀\u{301}\u{fe0f}\u{10ffff}").is_ok());
}

#[test]
fn a_png_of_an_impossible_size_is_refused() {
    let scene = scene_of(&value_column());
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e6] {
        assert!(matches!(png(&scene, scale, Theme::Light), Err(PngError::Size { .. })), "{scale}");
    }
}

#[test]
fn columns_with_nothing_to_show_have_no_chart() {
    let summary = summary(Vec::new());
    assert_eq!(chart_for(&summary, &column("empty", Kind::Empty)), None);
    assert_eq!(chart_for(&summary, &column("time", Kind::Time)), None);
    assert_eq!(chart_for(&summary, &column("text", Kind::Text)), None);
    let mut keys = text_column("key", &[("a", 1), ("b", 1)]);
    keys.distinct.value = 100;
    assert_eq!(chart_for(&summary, &keys), None);
}
