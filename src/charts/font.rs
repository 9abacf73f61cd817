//! The one embedded font: how wide a text is and what its outlines look like.

use std::sync::OnceLock;

use skrifa::{DrawMemory, Font, GlyphId, PathSink, ScalerFont};

use super::scene::Weight;

/// Inter, cut down to Latin letters, digits, punctuation and common symbols; see `font/LICENSE.txt`.
static FONT: &[u8] = include_bytes!("font/inter_latin.ttf");

/// Readers see the SVG in their system's font, which may be wider than ours, in bold most of all.
fn system_font_allowance(weight: Weight) -> f64 {
    match weight {
        Weight::Regular => 1.1,
        Weight::SemiBold => 1.18,
    }
}

struct Face {
    scaler: ScalerFont,
    /// Advance widths of U+0020 to U+017F in ems, because nearly every text is made of these.
    common: Vec<f32>,
}

const FIRST_COMMON: u32 = 0x20;
const LAST_COMMON: u32 = 0x17f;

impl Face {
    fn load(weight: f32) -> Option<Self> {
        let font = Font::new(FONT, 0)?;
        let font = font.instance_builder().variations([("wght", weight)]).build();
        let mut face = Self { scaler: ScalerFont::unhinted(font, None), common: Vec::new() };
        face.common = (FIRST_COMMON..=LAST_COMMON)
            .map(|code| char::from_u32(code).map_or(0.0, |letter| face.advance(letter)))
            .collect();
        Some(face)
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        self.scaler.font().charmap().map_unicode(letter)
    }

    fn units_per_em(&self) -> f32 {
        f32::from(self.scaler.font().units_per_em())
    }

    fn advance(&self, letter: char) -> f32 {
        match self.glyph(letter) {
            Some(glyph) => {
                self.scaler.linear_glyph_metrics().h_advance(glyph) / self.units_per_em()
            }
            None => foreign_advance(letter),
        }
    }
}

/// Ems for a letter the font lacks: nothing for marks and joiners, a square for East Asian and emoji.
fn foreign_advance(letter: char) -> f32 {
    match letter as u32 {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0.0,
        0x1100..=0x11ff | 0x2e80..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xffef => 1.0,
        0x1_0000.. => 1.2,
        _ => 0.66,
    }
}

fn face(weight: Weight) -> Option<&'static Face> {
    static REGULAR: OnceLock<Option<Face>> = OnceLock::new();
    static SEMI_BOLD: OnceLock<Option<Face>> = OnceLock::new();
    match weight {
        Weight::Regular => REGULAR.get_or_init(|| Face::load(400.0)).as_ref(),
        Weight::SemiBold => SEMI_BOLD.get_or_init(|| Face::load(600.0)).as_ref(),
    }
}

/// Width of one letter in ems.
pub(super) fn letter_width(letter: char, weight: Weight) -> f64 {
    let Some(face) = face(weight) else { return 0.6 };
    let place = (letter as u32).checked_sub(FIRST_COMMON).map(|place| place as usize);
    let known = place.and_then(|place| face.common.get(place)).copied();
    f64::from(known.unwrap_or_else(|| face.advance(letter)))
}

/// Width of a text in pixels, with room for fonts wider than ours.
pub fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    exact_width(text, size, weight) * system_font_allowance(weight)
}

/// Width of a text in pixels as the embedded font draws it.
pub(super) fn exact_width(text: &str, size: f64, weight: Weight) -> f64 {
    text.chars().map(|letter| letter_width(letter, weight)).sum::<f64>() * size
}

/// Draws one letter at one em into the sink, in font units scaled to 1 and y upwards.
/// Gives `false` where the font has no such letter.
pub(super) fn draw_letter(letter: char, weight: Weight, sink: &mut dyn PathSink) -> bool {
    let Some(face) = face(weight) else { return false };
    let Some(glyph) = face.glyph(letter) else { return false };
    // A letter without an outline is a space.
    let Some(outline) = face.scaler.outline(glyph) else { return true };
    let mut scaled = Scaled { factor: 1.0 / face.units_per_em(), sink };
    outline.draw(DrawMemory::Scratch, &mut scaled).is_ok()
}

/// Turns font units into ems on the way to the real sink.
struct Scaled<'a> {
    factor: f32,
    sink: &'a mut dyn PathSink,
}

impl PathSink for Scaled<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.sink.move_to(x * self.factor, y * self.factor);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.sink.line_to(x * self.factor, y * self.factor);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let by = self.factor;
        self.sink.quad_to(cx0 * by, cy0 * by, x * by, y * by);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let by = self.factor;
        self.sink.curve_to(cx0 * by, cy0 * by, cx1 * by, cy1 * by, x * by, y * by);
    }

    fn close(&mut self) {
        self.sink.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_wider_than_narrow_ones_and_bold_is_wider_than_regular() {
        let width = |text, weight| text_width(text, 12.0, weight);
        assert!(width("mmm", Weight::Regular) > 2.0 * width("iii", Weight::Regular));
        assert!(width("Median", Weight::SemiBold) > width("Median", Weight::Regular));
    }

    #[test]
    fn letters_outside_the_font_still_have_a_width() {
        assert!(text_width("漢字", 12.0, Weight::Regular) > 20.0);
        assert!(text_width("🦀", 12.0, Weight::Regular) > 10.0);
    }
}
