//! The few shapes every chart is made of; the layout writes them, the SVG and PNG writers read them.

/// A finished picture in pixels, origin at the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub title: String,
    pub description: String,
    pub shapes: Vec<Shape>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// The hint is shown by browsers while the pointer rests on the rectangle; may be empty.
    Rect {
        bounds: Bounds,
        paint: Paint,
        hint: String,
    },
    Line {
        from: (f64, f64),
        to: (f64, f64),
        stroke: Stroke,
    },
    Polyline {
        points: Vec<(f64, f64)>,
        stroke: Stroke,
    },
    Area {
        points: Vec<(f64, f64)>,
        paint: Paint,
    },
    Dot {
        center: (f64, f64),
        radius: f64,
        paint: Paint,
    },
    Text(Label),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    pub paint: Paint,
    pub width: f64,
    pub dashed: bool,
}

impl Stroke {
    pub fn solid(paint: Paint, width: f64) -> Self {
        Self { paint, width, dashed: false }
    }

    pub fn dashed(paint: Paint, width: f64) -> Self {
        Self { paint, width, dashed: true }
    }
}

/// One line of text; `y` is its baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub x: f64,
    pub y: f64,
    pub anchor: Anchor,
    pub size: f64,
    pub weight: Weight,
    pub paint: Paint,
    pub content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    SemiBold,
}

/// A role rather than a colour, so that a theme decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Background,
    Ink,
    Muted,
    Grid,
    Axis,
    Accent,
    AccentSoft,
    Highlight,
}

impl Paint {
    pub const ALL: [Self; 8] = [
        Self::Background,
        Self::Ink,
        Self::Muted,
        Self::Grid,
        Self::Axis,
        Self::Accent,
        Self::AccentSoft,
        Self::Highlight,
    ];
}
