//! The two palettes. Text keeps a contrast of at least 4.5:1 and data of at least 3:1 on its background.

use super::scene::Paint;

/// Which palette a picture uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// In SVG the reader's own preference decides; a PNG cannot ask and is light.
    #[default]
    Automatic,
    Light,
    Dark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

impl Color {
    const fn new(rgb: u32) -> Self {
        Self { red: (rgb >> 16) as u8, green: (rgb >> 8) as u8, blue: rgb as u8 }
    }

    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

pub(super) fn light(paint: Paint) -> Color {
    Color::new(match paint {
        Paint::Background => 0x00ff_ffff,
        Paint::Ink => 0x0019_1e25,
        Paint::Muted => 0x0059_626e,
        Paint::Grid => 0x00e3_e7ec,
        Paint::Axis => 0x0083_8c97,
        Paint::Accent => 0x0025_6aa8,
        Paint::AccentSoft => 0x00dc_e9f5,
        Paint::Highlight => 0x00b0_3c17,
    })
}

pub(super) fn dark(paint: Paint) -> Color {
    Color::new(match paint {
        Paint::Background => 0x0015_1a20,
        Paint::Ink => 0x00ec_eff3,
        Paint::Muted => 0x00a5_aeb9,
        Paint::Grid => 0x002b_323b,
        Paint::Axis => 0x0070_7a86,
        Paint::Accent => 0x0066_aee8,
        Paint::AccentSoft => 0x001d_3449,
        Paint::Highlight => 0x00f5_a077,
    })
}

/// The name a paint goes by in style sheets.
pub(super) fn css_name(paint: Paint) -> &'static str {
    match paint {
        Paint::Background => "background",
        Paint::Ink => "ink",
        Paint::Muted => "muted",
        Paint::Grid => "grid",
        Paint::Axis => "axis",
        Paint::Accent => "accent",
        Paint::AccentSoft => "soft",
        Paint::Highlight => "highlight",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_and_data_stand_out_from_the_background_in_both_themes() {
        for palette in [light, dark] {
            let ground = palette(Paint::Background);
            for paint in [Paint::Ink, Paint::Muted, Paint::Highlight, Paint::Accent] {
                assert!(contrast(palette(paint), ground) >= 4.5, "{paint:?}");
            }
            assert!(contrast(palette(Paint::Axis), ground) >= 3.0);
        }
    }
}
