//! A chart as plain data: what is to be shown, with nothing said about where it lands on the page.

/// A chart of any kind. The title names it, the description says in one sentence what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: String,
    /// A second, quieter line below the title; may be empty.
    pub subtitle: String,
    /// Read aloud in place of the picture, so it has to hold the picture's message.
    pub description: String,
    pub marks: Marks,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Marks {
    Histogram(HistogramMarks),
    Bars(BarMarks),
    Line(LineMarks),
    Sparkline(SparklineMarks),
}

/// What an axis measures. An empty label is not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Axis {
    pub label: String,
    pub kind: AxisKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AxisKind {
    #[default]
    Number,
    /// Whole numbers: no tick stands between two of them.
    Count,
    /// Seconds since 1970-01-01T00:00:00Z.
    Time,
    /// Hundredths of a whole: an axis of them goes from 0 to 100, however small the differences are.
    Percent,
}

impl Axis {
    pub fn new(label: &str, kind: AxisKind) -> Self {
        Self { label: label.to_owned(), kind }
    }
}

/// `counts[i]` values lie between `edges[i]` and `edges[i + 1]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramMarks {
    pub x: Axis,
    pub y: Axis,
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
    pub marker: Option<Marker>,
}

/// One value pointed out on the x axis, for example the median.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    pub value: f64,
    pub label: String,
}

/// Horizontal bars from zero, in the given order; a negative value is drawn as no bar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BarMarks {
    pub bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub label: String,
    pub value: f64,
    /// Written at the bar's end, for example `512 (51 %)`.
    pub note: String,
}

/// Lines through points in the order of x.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineMarks {
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Series>,
}

/// One line. A y that is not finite interrupts it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Written at its end; empty where there is only one.
    pub name: String,
    pub points: Vec<Point>,
}

impl LineMarks {
    /// A single line, which needs no name.
    pub fn one(x: Axis, y: Axis, points: Vec<Point>) -> Self {
        Self { x, y, lines: vec![Series { name: String::new(), points }] }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A picture the size of a word: no axis, no text.
#[derive(Debug, Clone, PartialEq)]
pub enum SparklineMarks {
    Line(Vec<f64>),
    Bars(Vec<f64>),
}
