//! Writes a scene as SVG: themed by custom properties, named for screen readers, the same bytes every time.

use super::scene::{Anchor, Bounds, Label, Paint, Scene, Shape, Stroke, Weight};
use super::text::{clean, escape};
use super::theme::{Color, Theme, css_name, dark, light};

const STANDARD_SIZE: f64 = 12.0;
const TEXT_RULES: &str = "svg.hw{font:12px system-ui,-apple-system,Segoe UI,Roboto,\
    Helvetica Neue,Arial,sans-serif}.hw .b{font-weight:600}";

/// Where the SVG will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// A file of its own, with its style and background inside.
    #[default]
    File,
    /// Inside an HTML page that carries [`style_rules`] once for all its charts.
    Page,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SvgOptions {
    /// Prefix of the ids inside; different for every chart of one page.
    pub name: String,
    pub placement: Placement,
    pub theme: Theme,
}

/// The style all charts need: colours as custom properties, and one class for each use of a colour.
pub fn style_rules(theme: Theme) -> String {
    let light_rule = format!(".hw{{{}}}", properties(light));
    let dark_rule = format!(".hw{{{}}}", properties(dark));
    let mut rules = match theme {
        Theme::Light => light_rule,
        Theme::Dark => dark_rule,
        Theme::Automatic => {
            format!("{light_rule}@media screen and (prefers-color-scheme:dark){{{dark_rule}}}")
        }
    };
    rules.push_str(TEXT_RULES);
    for paint in Paint::ALL {
        let (name, class) = (css_name(paint), class(paint));
        rules.extend([".hw .f", class, "{fill:var(--hw-", name, ")}"]);
        if matches!(
            paint,
            Paint::Background | Paint::Grid | Paint::Axis | Paint::Accent | Paint::Highlight
        ) {
            rules.extend([".hw .s", class, "{fill:none;stroke:var(--hw-", name, ")}"]);
        }
    }
    rules
}

/// The style of a page whose reader may choose a theme: `data-theme` at the root wins over what the system prefers.
pub fn page_rules() -> String {
    let mut rules = style_rules(Theme::Automatic);
    for (name, palette) in [("light", light as fn(Paint) -> Color), ("dark", dark)] {
        rules.extend(["[data-theme=", name, "] .hw{", &properties(palette), "}"]);
    }
    rules
}

fn properties(palette: impl Fn(Paint) -> Color) -> String {
    let property = |paint: Paint| format!("--hw-{}:{};", css_name(paint), palette(paint).hex());
    Paint::ALL.into_iter().map(property).collect()
}

/// One letter a paint keeps the files small.
fn class(paint: Paint) -> &'static str {
    match paint {
        Paint::Background => "b",
        Paint::Ink => "i",
        Paint::Muted => "m",
        Paint::Grid => "g",
        Paint::Axis => "x",
        Paint::Accent => "a",
        Paint::AccentSoft => "s",
        Paint::Highlight => "h",
    }
}

/// Writes the scene. The result is well-formed XML whatever the texts contain.
pub fn svg(scene: &Scene, options: &SvgOptions) -> String {
    let file = options.placement == Placement::File;
    let name = identifier(&options.name);
    let (width, height) = (number(scene.width), number(scene.height));
    let mut out = Markup { text: String::with_capacity(4096) };
    out.open("svg");
    if file {
        out.attribute("xmlns", "http://www.w3.org/2000/svg");
    }
    out.attribute("class", "hw");
    out.attribute("role", "img");
    out.attribute("aria-labelledby", &format!("{name}-title {name}-desc"));
    out.attribute("width", &width);
    out.attribute("height", &height);
    out.attribute("viewBox", &format!("0 0 {width} {height}"));
    out.close_open();
    for (tag, text) in [("title", &scene.title), ("desc", &scene.description)] {
        out.open(tag);
        out.attribute("id", &format!("{name}-{tag}"));
        out.content(tag, text);
    }
    if file {
        out.open("style");
        out.content("style", &style_rules(options.theme));
    }
    for shape in scene.shapes.iter().skip(usize::from(!file)) {
        write_shape(shape, &mut out);
    }
    out.end("svg");
    if file {
        out.text.push('\n');
    }
    out.text
}

/// The text written so far, with the few ways there are to add to it.
struct Markup {
    text: String,
}

impl Markup {
    fn open(&mut self, tag: &str) {
        self.text.push('<');
        self.text.push_str(tag);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        self.text.push_str(&safe(value));
        self.text.push('"');
    }

    fn numbers(&mut self, pairs: &[(&str, f64)]) {
        for (name, value) in pairs {
            self.attribute(name, &number(*value));
        }
    }

    fn close_open(&mut self) {
        self.text.push('>');
    }

    fn close_empty(&mut self) {
        self.text.push_str("/>");
    }

    /// Closes the opening tag, then writes the text and the closing tag.
    fn content(&mut self, tag: &str, text: &str) {
        self.close_open();
        self.text.push_str(&safe(text));
        self.end(tag);
    }

    fn end(&mut self, tag: &str) {
        self.text.push_str("</");
        self.text.push_str(tag);
        self.text.push('>');
    }
}

fn write_shape(shape: &Shape, out: &mut Markup) {
    match shape {
        Shape::Rect { bounds, paint, hint } => write_rect(bounds, *paint, hint, out),
        Shape::Line { from, to, stroke } => write_path(&[*from, *to], *stroke, out),
        Shape::Polyline { points, stroke } => write_path(points, *stroke, out),
        Shape::Area { points, paint } => {
            out.open("path");
            out.attribute("class", &fill(*paint));
            out.attribute("d", &format!("{}Z", path(points)));
            out.close_empty();
        }
        Shape::Dot { center, radius, paint } => {
            out.open("circle");
            out.attribute("class", &fill(*paint));
            out.numbers(&[("cx", center.0), ("cy", center.1), ("r", *radius)]);
            out.close_empty();
        }
        Shape::Text(label) => write_text(label, out),
    }
}

fn write_rect(bounds: &Bounds, paint: Paint, hint: &str, out: &mut Markup) {
    out.open("rect");
    out.attribute("class", &fill(paint));
    let Bounds { x, y, width, height } = *bounds;
    out.numbers(&[("x", x), ("y", y), ("width", width), ("height", height)]);
    if hint.is_empty() {
        out.close_empty();
        return;
    }
    out.close_open();
    out.open("title");
    out.content("title", hint);
    out.end("rect");
}

fn write_path(points: &[(f64, f64)], stroke: Stroke, out: &mut Markup) {
    out.open("path");
    out.attribute("class", &format!("s{}", class(stroke.paint)));
    out.attribute("d", &path(points));
    if stroke.width != 1.0 {
        out.attribute("stroke-width", &number(stroke.width));
    }
    if points.len() > 2 {
        out.attribute("stroke-linejoin", "round");
    }
    if stroke.dashed {
        out.attribute("stroke-dasharray", "4 3");
    }
    out.close_empty();
}

fn write_text(label: &Label, out: &mut Markup) {
    if label.content.is_empty() {
        return;
    }
    let bold = if label.weight == Weight::SemiBold { " b" } else { "" };
    out.open("text");
    out.attribute("class", &format!("{}{bold}", fill(label.paint)));
    out.numbers(&[("x", label.x), ("y", label.y)]);
    match label.anchor {
        Anchor::Start => {}
        Anchor::Middle => out.attribute("text-anchor", "middle"),
        Anchor::End => out.attribute("text-anchor", "end"),
    }
    if label.size != STANDARD_SIZE {
        // An attribute, because a strict policy lets no style stand in the markup.
        out.attribute("font-size", &number(label.size));
    }
    out.content("text", &label.content);
}

fn fill(paint: Paint) -> String {
    format!("f{}", class(paint))
}

/// A path in steps of a tenth of a pixel from point to point, which is half as long as whole
/// coordinates. Each step starts where the rounded one before ended, so no error adds up.
fn path(points: &[(f64, f64)]) -> String {
    let tenths = |value: f64| (value * 10.0).round() as i64;
    let mut path = String::with_capacity(points.len() * 8);
    let mut at = (0, 0);
    for (place, (x, y)) in points.iter().enumerate() {
        let to = (tenths(*x), tenths(*y));
        match place {
            0 => path.push('M'),
            1 => path.push('l'),
            _ => {}
        }
        push_tenths(to.0 - at.0, place < 2, &mut path);
        push_tenths(to.1 - at.1, false, &mut path);
        at = to;
    }
    path
}

/// Writes a number of tenths; a space is needed only where no sign or letter parts it from the last.
fn push_tenths(tenths: i64, after_letter: bool, path: &mut String) {
    if tenths < 0 {
        path.push('-');
    } else if !after_letter {
        path.push(' ');
    }
    let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    if whole > 0 || rest == 0 {
        path.push_str(&whole.to_string());
    }
    if rest > 0 {
        path.push('.');
        path.push_str(&rest.to_string());
    }
}

fn safe(text: &str) -> String {
    escape(&clean(text))
}

/// Two decimals are finer than any screen, and shorter coordinates make smaller files.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // Adding zero turns a negative zero into a plain one.
    format!("{}", rounded + 0.0)
}

/// Makes any text usable as the start of an id.
fn identifier(name: &str) -> String {
    let kept = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let kept: String = kept.collect();
    if kept.starts_with(|first: char| first.is_ascii_alphabetic()) {
        kept
    } else {
        format!("chart{kept}")
    }
}
