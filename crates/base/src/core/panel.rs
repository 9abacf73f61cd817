//! The contract of panels: the parts that a view's page is made of; and the figures that they tell of many numbers.

use crate::core::chart::{Chart, Point};

/// Shows something of all records, as a picture or figures, as a table and as data. It never sees a clock, a network
/// or another panel.
pub trait Panel: Send {
    /// What it is to be given; asked once.
    fn want(&self) -> Want;

    /// The heading above it, which stays.
    fn name(&self, records: &str) -> String;

    /// As what it is shown, whatever it is given.
    fn form(&self) -> Form;

    /// The same input gives the same bytes.
    fn draw(&self, frame: &Frame, given: &Given) -> Drawn;
}

/// What a panel shows of the records; what no panel wants is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Only how many records there are.
    Nothing,
    /// The numbers in a field of all records.
    Numbers(String),
    /// How often each value of a field occurs.
    Values(String),
    /// The latest so many records, with these fields; without fields, those of the newest one.
    Latest { fields: Vec<String>, most: usize },
    /// How a figure went since the view began, at most 15 minutes: of each field, or of no field the count of records.
    History { figure: Figure, fields: Vec<String> },
    /// A line for each of the fields `y`, and a point in it for each record, in the order of `x`: numbers or times.
    Points { x: String, y: Vec<String> },
}

/// As what a panel is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A picture with a sentence below it and a table behind it.
    Chart,
    /// A few numbers with their names, large.
    Figures,
    Table,
}

/// What a panel is told about the page around it.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// What the records are, in the plural: `users`.
    pub records: &'a str,
    /// How many there are.
    pub count: u64,
}

/// What a panel is given, in the form that it wants.
#[derive(Debug)]
pub enum Given<'a> {
    Nothing,
    /// Of the records that have a number there, in no order.
    Numbers(&'a [f64]),
    Values(&'a ValueCounts),
    Latest(&'a LatestRecords),
    /// One line for each field that was asked for.
    Points {
        lines: &'a [Vec<Point>],
        is_time: bool,
    },
}

/// How often the values of a field occur.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueCounts {
    /// Most frequent first, ties by value.
    pub counts: Vec<(String, u64)>,
    /// Records whose value is one of too many different ones to be counted.
    pub others: u64,
    /// Records without a value.
    pub empty: u64,
}

/// The records that came last, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatestRecords {
    pub fields: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// One value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Number(f64),
    Text(Box<str>),
}

/// A panel for one moment: plain data, which the view writes as markup, picture, CSV and JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// One sentence that holds what the picture shows, for those who do not see it.
    pub summary: String,
    pub chart: Option<Chart>,
    /// A few numbers with their names, shown large.
    pub figures: Vec<(String, String)>,
    pub sheet: Sheet,
    pub data: serde_json::Value,
}

/// The same as a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    pub head: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Drawn {
    /// A clear state instead of a picture.
    pub fn nothing(summary: String, data: serde_json::Value) -> Self {
        Self { summary, chart: None, figures: Vec::new(), sheet: Sheet::default(), data }
    }
}

impl Cell {
    pub fn count(count: u64) -> Self {
        Self::Number(count as f64)
    }

    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// What is told of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    Count,
    Average,
    Least,
    Largest,
    Sum,
    /// The number that came last.
    Last,
}

impl Figure {
    /// As the stack file writes them.
    pub const WORDS: [&str; 6] = ["count", "average", "least", "largest", "sum", "last"];

    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "count" => Self::Count,
            "average" => Self::Average,
            "least" => Self::Least,
            "largest" => Self::Largest,
            "sum" => Self::Sum,
            "last" => Self::Last,
            _ => return None,
        })
    }

    /// `Average age`, `Number of users`.
    pub fn name(self, field: Option<&str>, records: &str) -> String {
        let Some(field) = field else { return format!("Number of {records}") };
        match self {
            Self::Count => format!("Number of {records} with {field}"),
            Self::Average => format!("Average {field}"),
            Self::Least => format!("Least {field}"),
            Self::Largest => format!("Largest {field}"),
            Self::Sum => format!("Sum of {field}"),
            Self::Last => format!("Latest {field}"),
        }
    }

    /// Of numbers in any order; `None` where there is nothing to tell. The latest one is not known here.
    pub fn of(self, numbers: &[f64]) -> Option<f64> {
        if self == Self::Count {
            return Some(numbers.len() as f64);
        }
        let first = *numbers.first()?;
        let fold = |choose: fn(f64, f64) -> f64| numbers.iter().copied().fold(first, choose);
        match self {
            Self::Count | Self::Last => None,
            Self::Average => Some(sum(numbers) / numbers.len() as f64),
            Self::Least => Some(fold(f64::min)),
            Self::Largest => Some(fold(f64::max)),
            Self::Sum => Some(sum(numbers)),
        }
    }
}

/// Like Python's `sum`: what rounding loses is added up beside it (Neumaier), so that the order does not matter.
pub fn sum(numbers: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        lost +=
            if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
    }
    if lost.is_finite() { sum + lost } else { sum }
}
