//! The map as SVG: colours by classes, the state by sign, word and dashes as well, and every node a link with a
//! whole sentence for its name.

use crate::charts::{Weight, clean, escape, shorten};
use crate::core::text::append;
use crate::map::graph::{Kind, Node};
use crate::map::layout::{Area, Layout, layout};
use crate::map::picture::{Picture, Shown, ShownEdge, Side};
use crate::map::sample::Condition;
use crate::map::words;

const WIDTH: f64 = 228.0;
const INSET: f64 = 14.0;
const HEAD: f64 = 34.0;
const PART: f64 = 17.0;
const NUMBERS: f64 = 52.0;
/// Parts that are listed; of more, only how many there are.
const PARTS: usize = 4;
/// Room around the drawing, so that no line is cut.
const EDGE: f64 = 6.0;
/// A wider map is not made smaller without end, but scrolled.
const LARGE: f64 = 1500.0;
/// As small as a large map may become: its text can still be read.
const LEAST_SCALE: f64 = 0.78;
/// Sizes of a node's name: the second one is for names that do not fit otherwise.
const NAMES: [(f64, &str); 2] = [(14.0, "name"), (12.0, "name long")];

/// A drawn map, in pieces that change alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    layout: Layout,
}

impl Drawing {
    /// The places depend on the graph alone, so that nothing jumps while numbers change.
    pub fn of(picture: &Picture) -> Self {
        let sizes: Vec<(f64, f64)> = picture.nodes.iter().map(|it| size(&it.node)).collect();
        let layout = layout(&sizes, &picture.links());
        Self { width: layout.width + 2.0 * EDGE, height: layout.height + 2.0 * EDGE, layout }
    }

    /// The whole `<svg>`. `base` stands before `node/NAME` in links.
    pub fn svg(&self, picture: &Picture, base: &str) -> String {
        let (width, height) = (self.width, self.height);
        let (class, scale) = if width > LARGE { ("map large", LEAST_SCALE) } else { ("map", 1.0) };
        let mut out = format!(
            "<svg class=\"{class}\" role=\"group\" aria-label=\"Map of {}\" width=\"{}\" \
             height=\"{}\" viewBox=\"0 0 {width} {height}\">",
            escape(&picture.stack),
            (width * scale).round(),
            (height * scale).round(),
        );
        append(&mut out, format_args!("<g transform=\"translate({EDGE} {EDGE})\">"));
        for at in 0..picture.edges.len() {
            let inner = self.edge(picture, at);
            append(
                &mut out,
                format_args!("<g id=\"edge-{at}\" class=\"edge\" aria-hidden=\"true\">{inner}</g>"),
            );
        }
        for (at, node) in picture.nodes.iter().enumerate() {
            let id = format!("node-{at}");
            let inner = self.node(picture, at);
            if node.node.kind.is_outside() {
                append(&mut out, format_args!("<g id=\"{id}\">{inner}</g>"));
            } else {
                let link = escape(&format!("{base}node/{}", node.node.id));
                append(&mut out, format_args!("<a href=\"{link}\" id=\"{id}\">{inner}</a>"));
            }
        }
        out.push_str("</g></svg>");
        out
    }

    /// What stands inside a node's element.
    pub fn node(&self, picture: &Picture, at: usize) -> String {
        let (Some(node), Some(area)) = (picture.nodes.get(at), self.layout.areas.get(at)) else {
            return String::new();
        };
        let is_held = picture.verdict.node.as_deref() == Some(node.node.id.as_str());
        let mut out = String::with_capacity(1024);
        append(
            &mut out,
            format_args!(
                "<g class=\"node k-{} s-{}{}\"><title>{}</title>",
                node.node.kind.word(),
                node.reading.condition.word().replace(' ', "-"),
                if is_held { " held" } else { "" },
                escape(&clean(&words::sentence(node))),
            ),
        );
        append(
            &mut out,
            format_args!(
                "<rect class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\"/>",
                area.x, area.y, area.width, area.height
            ),
        );
        head(&mut out, node, area);
        parts(&mut out, &node.node, area);
        if has_numbers(node.node.kind) {
            numbers(&mut out, node, area);
        }
        out.push_str("</g>");
        out
    }

    /// What stands inside an edge's element.
    pub fn edge(&self, picture: &Picture, at: usize) -> String {
        let (Some(edge), Some(route)) = (picture.edges.get(at), self.layout.routes.get(at)) else {
            return String::new();
        };
        let class = edge_class(picture, edge);
        let thick = thickness(edge.per_second);
        let path = rounded(route);
        let mut out = format!(
            "<g class=\"{class}\"><path class=\"line\" d=\"{path}\" stroke-width=\"{thick:.1}\"/>"
        );
        if class == "flows" {
            append(
                &mut out,
                format_args!("<path class=\"move\" d=\"{path}\" stroke-width=\"{thick:.1}\"/>"),
            );
        }
        if let Some((tip, from)) = route.last().zip(route.iter().rev().nth(1)) {
            let back = if from.0 <= tip.0 { -1.0 } else { 1.0 };
            let size = 5.0 + thick;
            let (x, y, half) = (tip.0 + back * size, tip.1, size * 0.6);
            append(
                &mut out,
                format_args!(
                    "<path class=\"tip\" d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}z\"/>",
                    y - half,
                    tip.0,
                    y + half
                ),
            );
            let is_alone = picture.edges.iter().filter(|it| it.to == edge.to).count() == 1;
            let place = Place { tip: *tip, back, thick, is_alone };
            label(&mut out, edge, class, &place);
        }
        out.push_str("</g>");
        out
    }
}

fn size(node: &Node) -> (f64, f64) {
    let parts = node.parts.len().min(PARTS + 1) as f64 * PART;
    let numbers = if has_numbers(node.kind) { NUMBERS } else { 0.0 };
    (WIDTH, HEAD + parts + numbers + if parts + numbers > 0.0 { 10.0 } else { 16.0 })
}

fn has_numbers(kind: Kind) -> bool {
    kind.is_service() || matches!(kind, Kind::Cache | Kind::Store)
}

fn head(out: &mut String, node: &Shown, area: &Area) {
    let reading = &node.reading;
    let y = area.y + 22.0;
    let mut state = match reading.condition {
        // The usual needs no word; everything else has one.
        Condition::Running => words::sign(reading.condition).to_owned(),
        Condition::Outside => node.node.kind.word().to_owned(),
        other => format!("{} {}", words::sign(other), other.word()),
    };
    if reading.replicas > 1 {
        state = format!("{}× {state}", reading.replicas);
    }
    let room =
        WIDTH - 2.0 * INSET - crate::charts::text_width(&state, 11.5, Weight::Regular) - 10.0;
    let name = &node.node.name;
    let fits =
        |(size, _): &(f64, &str)| crate::charts::text_width(name, *size, Weight::SemiBold) <= room;
    let (size, class) = NAMES.into_iter().find(fits).unwrap_or(NAMES[1]);
    text(out, class, (area.x + INSET, y), &fit(name, room, size, Weight::SemiBold));
    text(out, "state end", (area.x + area.width - INSET, y), &state);
}

fn parts(out: &mut String, node: &Node, area: &Area) {
    let (x, mut y) = (area.x + INSET, area.y + HEAD + 10.0);
    let shown = if node.parts.len() > PARTS + 1 { PARTS } else { node.parts.len() };
    for part in node.parts.iter().take(shown) {
        let kind = fit(&part.kind, 96.0, 11.5, Weight::SemiBold);
        let used = crate::charts::text_width(&kind, 11.5, Weight::SemiBold) + 8.0;
        let room = WIDTH - 2.0 * INSET - used;
        text(out, "kind", (x, y), &kind);
        text(out, "part", (x + used, y), &fit(&part.detail, room, 11.5, Weight::Regular));
        y += PART;
    }
    if node.parts.len() > shown {
        text(out, "part", (x, y), &format!("and {} more", node.parts.len() - shown));
    }
}

fn numbers(out: &mut String, node: &Shown, area: &Area) {
    let bottom = area.y + area.height;
    let x = area.x + INSET;
    let headline = words::headline(node).unwrap_or_else(|| "–".to_owned());
    text(out, "big", (x, bottom - 32.0), &headline);
    let detail = match &node.reading.reason {
        Some(reason) => reason.clone(),
        None if node.reading.replicas > 0 => words::detail(node),
        None => String::new(),
    };
    let detail = fit(&detail, WIDTH - 2.0 * INSET, 11.5, Weight::Regular);
    text(out, "part", (x, bottom - 12.0), &detail);
    spark(
        out,
        &node.reading.minute,
        (area.x + area.width - INSET - 88.0, bottom - 48.0),
        (88.0, 20.0),
    );
}

/// The last minute as a small area.
fn spark(
    out: &mut String,
    values: &[Option<f32>],
    (x, y): (f64, f64),
    (width, height): (f64, f64),
) {
    let most = values.iter().flatten().copied().fold(0.0_f32, f32::max);
    if values.len() < 2 || most <= 0.0 {
        return;
    }
    let step = width / 59.0;
    let first = x + width - step * (values.len() - 1) as f64;
    let mut line = String::new();
    for (at, value) in values.iter().enumerate() {
        let share = f64::from(value.unwrap_or(0.0) / most);
        let (x, y) = (first + step * at as f64, y + height - share * height);
        append(&mut line, format_args!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" }));
    }
    let base = y + height;
    append(
        out,
        format_args!(
            "<path class=\"under\" d=\"{line}L{:.1} {base:.1}L{first:.1} {base:.1}z\"/>\
             <path class=\"spark\" d=\"{line}\"/>",
            x + width
        ),
    );
}

/// `flows`, `idle`, `waits` or `unknown`.
fn edge_class(picture: &Picture, edge: &ShownEdge) -> &'static str {
    let (from, to) = (picture.node(&edge.from), picture.node(&edge.to));
    let waits_on = |node: Option<&Shown>, side: Side| {
        node.is_some_and(|node| {
            node.reading.waits == Some(side) && node.reading.condition == Condition::Waiting
        })
    };
    let is_bad = to.is_some_and(|node| node.reading.condition.is_bad());
    match edge.per_second {
        _ if waits_on(from, Side::Sink) || waits_on(to, Side::Source) || is_bad => "waits",
        Some(rate) if rate > 0.0 => "flows",
        Some(_) => "idle",
        None => "unknown",
    }
}

/// Thicker by the power of ten.
fn thickness(rate: Option<f32>) -> f64 {
    rate.map_or(1.5, |rate| 1.5 + f64::from((1.0 + rate).log10()).min(6.0) * 0.9)
}

/// Where an edge ends.
struct Place {
    tip: (f64, f64),
    /// The direction that the edge comes from, 1 or -1.
    back: f64,
    thick: f64,
    /// No other edge ends here, so that there is room below it too.
    is_alone: bool,
}

fn label(out: &mut String, edge: &ShownEdge, class: &str, place: &Place) {
    let Place { tip, back, thick, is_alone } = *place;
    let anchor = if back < 0.0 { "rate end" } else { "rate" };
    let x = tip.0 + back * (10.0 + thick);
    match edge.per_second {
        _ if class == "waits" => text(out, anchor, (x, tip.1 - 7.0), "waits"),
        Some(rate) => {
            text(out, anchor, (x, tip.1 - 5.0 - thick / 2.0), &words::rate(rate));
            let bytes = edge.bytes_per_second.filter(|bytes| *bytes >= 1.0 && is_alone);
            if let Some(bytes) = bytes {
                let y = tip.1 + 13.0 + thick / 2.0;
                text(out, &format!("{anchor} less"), (x, y), &words::byte_rate(bytes));
            }
        }
        None => {}
    }
}

/// A line with round corners.
fn rounded(route: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in route.iter().enumerate() {
        let next = route.get(at + 1);
        match (at, next) {
            (0, _) => append(&mut path, format_args!("M{x:.1} {y:.1}")),
            (_, None) => append(&mut path, format_args!("L{x:.1} {y:.1}")),
            (_, Some(next)) => {
                let before = towards((*x, *y), route[at - 1]);
                let after = towards((*x, *y), *next);
                append(
                    &mut path,
                    format_args!(
                        "L{:.1} {:.1}Q{x:.1} {y:.1} {:.1} {:.1}",
                        before.0, before.1, after.0, after.1
                    ),
                );
            }
        }
    }
    path
}

/// A point at most eight units from `corner` on the way to `other`.
fn towards(corner: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (other.0 - corner.0, other.1 - corner.1);
    let far = dx.hypot(dy).max(0.1);
    let step = (far / 2.0).min(8.0) / far;
    (corner.0 + dx * step, corner.1 + dy * step)
}

fn text(out: &mut String, class: &str, (x, y): (f64, f64), text: &str) {
    let text = escape(&clean(text));
    if !text.is_empty() {
        append(
            out,
            format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"),
        );
    }
}

fn fit(text: &str, room: f64, size: f64, weight: Weight) -> String {
    shorten(text, room, size, weight)
}
