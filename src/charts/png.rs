//! Writes a scene as PNG with the embedded font, so that it needs neither browser nor system fonts.

use std::fmt;

use skrifa::PathSink;
use tiny_skia::{
    FillRule, Paint as Ink, Path, PathBuilder, Pixmap, Rect, Stroke as Pen, StrokeDash, Transform,
};

use super::font::{draw_letter, exact_width, letter_width};
use super::scene::{Anchor, Bounds, Label, Paint, Scene, Shape, Stroke};
use super::theme::{Theme, dark, light};

/// A picture larger than this many pixels is refused rather than eating the memory.
const LARGEST_PIXELS: f64 = 64e6;

#[derive(Debug)]
pub enum PngError {
    /// The scene times the scale is not a size a picture can have.
    Size {
        width: f64,
        height: f64,
    },
    Encode(png::EncodingError),
}

impl fmt::Display for PngError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { width, height } => {
                write!(formatter, "a picture cannot be {width} by {height} pixels")
            }
            Self::Encode(error) => write!(formatter, "the picture cannot be encoded: {error}"),
        }
    }
}

impl std::error::Error for PngError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Size { .. } => None,
            Self::Encode(error) => Some(error),
        }
    }
}

/// Draws the scene at `scale` pixels for each of its own; 2 is right for today's screens.
pub fn png(scene: &Scene, scale: f64, theme: Theme) -> Result<Vec<u8>, PngError> {
    let (width, height) = ((scene.width * scale).round(), (scene.height * scale).round());
    let refused = PngError::Size { width, height };
    // Written so that a size that is not a number is refused, too.
    if !(width >= 1.0 && height >= 1.0 && width * height <= LARGEST_PIXELS) {
        return Err(refused);
    }
    let Some(pixmap) = Pixmap::new(width as u32, height as u32) else { return Err(refused) };
    let transform = Transform::from_scale(scale as f32, scale as f32);
    let mut canvas = Canvas { pixmap, transform, theme };
    for shape in &scene.shapes {
        canvas.draw(shape);
    }
    encode(&canvas.pixmap).map_err(PngError::Encode)
}

struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    theme: Theme,
}

impl Canvas {
    fn ink(&self, paint: Paint) -> Ink<'static> {
        let color = if self.theme == Theme::Dark { dark(paint) } else { light(paint) };
        let mut ink = Ink::default();
        ink.set_color_rgba8(color.red, color.green, color.blue, 255);
        ink
    }

    fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { bounds, paint, .. } => self.rect(bounds, *paint),
            Shape::Line { from, to, stroke } => self.stroke(&[*from, *to], *stroke),
            Shape::Polyline { points, stroke } => self.stroke(points, *stroke),
            Shape::Area { points, paint } => {
                if let Some(path) = line_path(points, true) {
                    self.fill(&path, *paint);
                }
            }
            Shape::Dot { center, radius, paint } => {
                let circle =
                    PathBuilder::from_circle(center.0 as f32, center.1 as f32, *radius as f32);
                if let Some(path) = circle {
                    self.fill(&path, *paint);
                }
            }
            Shape::Text(label) => self.text(label),
        }
    }

    fn rect(&mut self, bounds: &Bounds, paint: Paint) {
        let Bounds { x, y, width, height } = *bounds;
        let rect = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32);
        if let Some(rect) = rect {
            let ink = self.ink(paint);
            self.pixmap.fill_rect(rect, &ink, self.transform, None);
        }
    }

    fn fill(&mut self, path: &Path, paint: Paint) {
        let ink = self.ink(paint);
        self.pixmap.fill_path(path, &ink, FillRule::Winding, self.transform, None);
    }

    fn stroke(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let Some(path) = line_path(points, false) else { return };
        let pen = Pen {
            width: stroke.width as f32,
            line_join: tiny_skia::LineJoin::Round,
            dash: if stroke.dashed { StrokeDash::new(vec![4.0, 3.0], 0.0) } else { None },
            ..Pen::default()
        };
        let ink = self.ink(stroke.paint);
        self.pixmap.stroke_path(&path, &ink, &pen, self.transform, None);
    }

    fn text(&mut self, label: &Label) {
        let width = exact_width(&label.content, label.size, label.weight);
        let start = match label.anchor {
            Anchor::Start => label.x,
            Anchor::Middle => label.x - width / 2.0,
            Anchor::End => label.x - width,
        };
        let mut outline = Outline {
            path: PathBuilder::new(),
            x: start as f32,
            y: label.y as f32,
            size: label.size as f32,
        };
        for letter in label.content.chars() {
            let ems = letter_width(letter, label.weight) as f32;
            if !draw_letter(letter, label.weight, &mut outline) && ems > 0.0 {
                outline.draw_box(ems);
            }
            outline.x += ems * outline.size;
        }
        if let Some(path) = outline.path.finish() {
            self.fill(&path, label.paint);
        }
    }
}

fn line_path(points: &[(f64, f64)], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (place, (x, y)) in points.iter().enumerate() {
        if place == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// Collects letters into one path, from ems with y upwards to pixels with y downwards.
struct Outline {
    path: PathBuilder,
    x: f32,
    y: f32,
    size: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.size, self.y - y * self.size)
    }

    /// Stands for a letter the font does not have: a hollow box.
    fn draw_box(&mut self, ems: f32) {
        let thickness = 0.06;
        let (left, right, top) = (0.08, ems - 0.08, 0.7);
        let outer = [(left, 0.0), (right, 0.0), (right, top), (left, top)];
        let (left, right, top) = (left + thickness, right - thickness, top - thickness);
        // The other direction of travel makes the inside a hole.
        let inner = [(left, thickness), (left, top), (right, top), (right, thickness)];
        for corners in [outer, inner] {
            for (place, (x, y)) in corners.into_iter().enumerate() {
                if place == 0 { self.move_to(x, y) } else { self.line_to(x, y) }
            }
            self.close();
        }
    }
}

impl PathSink for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let (cx0, cy0) = self.at(cx0, cy0);
        let (x, y) = self.at(x, y);
        self.path.quad_to(cx0, cy0, x, y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (cx0, cy0) = self.at(cx0, cy0);
        let (cx1, cy1) = self.at(cx1, cy1);
        let (x, y) = self.at(x, y);
        self.path.cubic_to(cx0, cy0, cx1, cy1, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Without an alpha channel: the background covers everything, and a quarter less is compressed.
fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let pixels: Vec<u8> = pixmap
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}
